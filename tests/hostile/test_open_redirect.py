"""Open redirect after sign-in: whatever is asked for, the browser ends where it began (RFC 9700 §4.11)."""

import re
from functools import partial
from urllib.parse import urljoin, urlsplit

import pytest

from ostiary.errors import ClientFault
from ostiary.plugin import Reply
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.requests import make_request
from tests.fakes.sign_in import PAGE_HEADERS, SignInWorld, Visitor, location_of, run

# Our own forms; `X` stands for the attacker's host.
FORMS = [
    "//X", "///X", "////X", "/\\X", "/\\/X", "\\/X", "\\\\X", "//X/%2f..", "//X@localhost", "//localhost@X",
    "/%2fX", "/%2f%2fX", "/%5cX", "/%5c%5cX", "/%252fX", "/%252f%252fX", "/%255cX", "/%09/X", "/%0a/X", "/%0d/X",
    "/%0d%0aLocation:%20//X", "/%20//X", "/%00//X", "/.//X", "/./\\X", "/..//X", "/x/..//X", "/x/%2e%2e//X",
    "/%2e%2f/X", "/.%2f/X", "/..;//X", "/;//X", "/%3b//X", "/?//X", "/?next=//X", "/?https://X", "/?\\\\X", "/#//X",
    "/?#//X", "http://X", "https://X/", "http:X", "https:/X", "javascript:alert(1)", "/%e3%80%82/X", "/%ef%bc%8fX",
    "/%c0%afX", "/%e2%80%a8//X", "/x//X", "/x/%2f/X", "/%uff0fX", "/\tX", "/ /X", "@X", ":80@X", ".X", "/~//X",
    "/x?\t//X", "/x?%0d%0aLocation://X", "/anything/%2e%2e%2f%2e%2e%2f/X", "/anything/;@X", "/anything/https://X",
]  # fmt: skip
HEADERS = [
    "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri",
    "X-Auth-Request-Redirect", "Referer", "Origin",
]  # fmt: skip
HOSTS = ["evil.example", "evil.example:80", "localhost.evil.example", "[::ffff:1.2.3.4]", "2130706433.example"]


def host_in_a_browser(base: str, location: str) -> tuple[str | None, int | None]:
    r"""Return where a browser goes (WHATWG URL, in short): white space is dropped, `\\` read as `/`."""
    cleaned = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(0x21)))))
    path, mark, query = cleaned.partition("?")
    path = path.replace("\\", "/")
    if path.startswith("//"):
        path = "//" + path.lstrip("/")
    parts = urlsplit(urljoin(base, path + mark + query))
    return parts.hostname, parts.port


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("redirect_uri", ["http://localhost:9080/anything/callback", None])
def test_no_target_leads_elsewhere(form: str, redirect_uri: str | None) -> None:
    """As the first request of a whole sign-in, and through the move between hosts."""
    for host in HOSTS:
        run(partial(_sign_in_from, form.replace("X", host), redirect_uri))


async def _sign_in_from(target: str, redirect_uri: str | None) -> None:
    """Ask for a target on two hosts, sign in, and look at every redirect on the way."""
    world = SignInWorld()
    visitor = Visitor(world, PartyPlugin(world, redirect_uri=redirect_uri))
    for origin in ("http://127.0.0.1:9080", ORIGIN):
        here = (urlsplit(origin).hostname, 9080)
        try:
            request = make_request("GET", target, {"Host": urlsplit(origin).netloc, **PAGE_HEADERS})
        except ClientFault:
            return
        started = await visitor.send(request, origin)
        assert isinstance(started, Reply)
        if started.reason == "login_moved":
            assert host_in_a_browser(origin, location_of(started)) == ("localhost", 9080)
        elif started.reason == "login_started":
            back = world.authorize(location_of(started))
            assert host_in_a_browser(origin, back) == here
            assert host_in_a_browser(back, location_of(await visitor.open(back))) == here
        else:
            assert started.status >= 400


@pytest.mark.parametrize("name", ["rd", "redirect", "return_to", "next", "state", "redirect_uri", "target_link_uri"])
def test_no_parameter_says_where_to_go(name: str) -> None:
    """The place comes from the path that was asked for, never from what a link says."""

    async def play() -> None:
        world = SignInWorld()
        visitor = Visitor(world, PartyPlugin(world))
        finished = await visitor.sign_in(f"{ORIGIN}/anything/test?{name}=https://evil.example/")
        assert location_of(finished) == f"/anything/test?{name}=https://evil.example/"

    run(play)


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_says_where_to_go(header: str) -> None:
    """Neither where the provider sends people back to, nor where they end."""

    async def play() -> None:
        world = SignInWorld()
        visitor = Visitor(world, PartyPlugin(world, redirect_uri=None))
        headers = {**PAGE_HEADERS, header: "https://evil.example/x" if header != "X-Forwarded-Host" else "evil.example"}
        started = await visitor.open(f"{ORIGIN}/anything/test", headers=headers)
        assert "evil" not in location_of(started)
        finished = await visitor.open(world.authorize(location_of(started)), headers=headers)
        assert location_of(finished) == "/anything/test"

    run(play)


def test_the_oracle_knows_what_browsers_do() -> None:
    """It would see an open redirect."""
    for location in (
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https://evil.example",
    ):
        assert host_in_a_browser(ORIGIN, location)[0] == "evil.example"
