"""`rd` and X-Auth-Request-Redirect of `oidc`: however a wish is spelt, a browser ends on a host that was allowed."""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.identity.redirect_target import find_origin, read_allowed_host, settle_target
from ostiary.plugin import Reply
from tests.fakes.oidc_plugins import ORIGIN, visit_oidc
from tests.fakes.requests import make_request
from tests.fakes.sign_in import END_SESSION_ENDPOINT, SignInWorld, location_of, run
from tests.hostile.test_open_redirect import FORMS, HOSTS, host_in_a_browser

ALLOWED = ["ok.example", ".sub.example:8443", "*.any.example:*"]
# Our own forms around hosts that are allowed; `X` stands for the attacker's.
AROUND = [
    "https://ok.example@X/", "https://ok.example:443@X", "https://ok.example\\@X", "https://X\\.ok.example",
    "https://ok.example.X", "https://X#.sub.example:8443", "https://X?.any.example", "https://xok.example",
    "https://any.example.X/", "https://X%2f.any.example:1", "https://ok.example%00.X", "https://ok.example%0d%0a.X",
    "https://[X].any.example", "https://a.any.example:1@X", "https://X/.any.example", "HTTPS://X", "https:ok.example.X",
    "https://ok.example:80 @X", "https://ok\u3002example/", "https://\uff4fk.example/", "data:text/html,x",
    "vbscript:x", "https:///X", "https://\tX", "\thttps://X", " https://X", "https://ok.example:8443/",
    "http://a.sub.example/", "https://sub.example:8443/", "https://foo.bar.com:444/", "https://foo.bar.com:@X/",
    "https://foo.bar.com/..//X", "https://foo.bar.com//X", "https://foo.bar.com\\X", "https://foo.bar.com?//X",
]  # fmt: skip
PIECES = [
    "https:", "http:", "/", "//", "\\", "@", ":", ".", "?", "#", "%2f", "%5c", "%09", "\t", "\r\n", " ", "[", "]",
    "ok.example", "a.sub.example", "evil.example", "foo.bar.com", ":8443", "443", "..", ";", "\u3002",
]  # fmt: skip
Spelling = Callable[[str], str]
SPELLINGS: dict[str, Spelling] = {
    "plain": lambda wish: wish,
    "encoded": partial(quote, safe=""),
    "twice": lambda wish: quote(quote(wish, safe=""), safe=""),
}


def is_allowed(host: str | None, port: int | None) -> bool:
    """Say whether the host of a redirect is the request's own, or one of those above."""
    name = host or ""
    if name in {"foo.bar.com", "ok.example"}:
        return port in {None, 443}
    return name.endswith(".any.example") or (name.endswith(".sub.example") and port == 8443)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", ["/oauth2/start", "/oauth2/sign_out"])
def test_no_wish_leads_elsewhere(path: str, spelling: str) -> None:
    """In the query and in the header; after a sign-in, which judges it again, and after a sign-out."""

    async def try_all() -> int:
        world = SignInWorld()
        world.publish(end_session_endpoint=END_SESSION_ENDPOINT)
        visitor = visit_oidc(world, whitelist_domains=ALLOWED)
        count = 0
        for wish in (form.replace("X", host) for form in FORMS + AROUND for host in HOSTS):
            spelt = SPELLINGS[spelling](wish)
            for target, headers in ((f"{path}?rd={spelt}", {}), (path, {"X-Auth-Request-Redirect": spelt})):
                try:
                    request = make_request("GET", target, {"Host": "foo.bar.com", **headers}, scheme="https")
                except (ClientFault, UnicodeEncodeError):
                    continue
                reply = await visitor.send(request, ORIGIN + path)
                if path == "/oauth2/start":
                    reply = await visitor.open(world.authorize(location_of(reply)))
                assert isinstance(reply, Reply)
                assert is_allowed(*host_in_a_browser(ORIGIN, location_of(reply))), (wish, location_of(reply))
                count += 1
        return count

    assert run(try_all) > 500


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join))
@settings(max_examples=500)
def test_no_wish_made_of_pieces_leads_elsewhere(wish: str) -> None:
    """Whatever is settled is read by a browser as what was allowed."""
    hosts = [read_allowed_host(host) for host in ALLOWED]
    for here in (find_origin(f"{ORIGIN}/"), None):
        target = settle_target(wish, here, hosts)
        assert target is None or is_allowed(*host_in_a_browser(ORIGIN, target)), (wish, target)


def test_the_allowed_ones_are_reached() -> None:
    """The tests above would see what leads nowhere at all."""
    hosts = [read_allowed_host(host) for host in ALLOWED]
    wishes = ["https://ok.example/x", "https://a.sub.example:8443/", "http://b.any.example:1/", "/x?y=//z"]

    assert wishes == [settle_target(wish, None, hosts) for wish in wishes]
