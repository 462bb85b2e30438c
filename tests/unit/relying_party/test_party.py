"""The relying party as policies use it."""

import pytest

from ostiary.errors import OperatorFault
from ostiary.plugin import Admit, Pending, Place, Reply
from ostiary.relying_party.session_resolution import NoSession
from ostiary.relying_party.settings import LogoutSettings
from tests.fakes.relying_parties import CALLBACK, ORIGIN, PartyPlugin
from tests.fakes.sign_in import SignInWorld, Visitor, run

PAGE = f"{ORIGIN}/anything/test"


def test_a_whole_sign_in() -> None:
    """Out, back, and in; the second time from memory, while the provider is down."""
    world = SignInWorld()

    async def conversation() -> None:
        plugin = PartyPlugin(world)
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        assert isinstance(await visitor.open(PAGE), Admit)
        calls = len(world.http.calls)
        world.take_down()
        assert isinstance(plugin.decide(visitor.request(PAGE), None, world.clock.now()), Admit)
        restarted = PartyPlugin(SignInWorld()).decide(visitor.request(PAGE), None, world.clock.now())
        assert isinstance(restarted, Pending)  # once: it does not know yet which sessions were revoked
        assert isinstance(await restarted.settle(), Admit)
        assert len(world.http.calls) == calls

    run(conversation)


def test_a_callback_waits_for_nothing_but_the_provider() -> None:
    """It is pending, without a body."""
    world = SignInWorld()
    plugin = PartyPlugin(world)
    verdict = plugin.party.finish_sign_in(Visitor(world, plugin).request(CALLBACK))

    assert isinstance(verdict, Pending)
    assert verdict.body_limit_bytes == 0


def test_the_scheme_of_the_redirect_uri_is_the_public_one() -> None:
    """With https in it, a request over http (a proxy ends TLS) still finds the `__Host-` cookies."""
    world = SignInWorld()
    place = Place(id="r1", hosts=("shop.example",), uris=("/*",))

    async def conversation() -> None:
        visitor = Visitor(world, PartyPlugin(world, place, redirect_uri="https://shop.example/cb"))
        await visitor.sign_in("https://shop.example/a")
        cookie = visitor.request("https://shop.example/a").cookie.decode()
        assert cookie.startswith("__Host-ostiary_session_")
        assert isinstance(await visitor.open("http://shop.example/a", cookie=cookie), Admit)

    run(conversation)


def test_each_scheme_has_its_own_session_where_nothing_fixes_it() -> None:
    """A session of http is none of https."""
    world = SignInWorld()

    async def conversation() -> None:
        plugin = PartyPlugin(world, redirect_uri="/anything/callback")
        visitor = Visitor(world, plugin)
        await visitor.sign_in(PAGE)
        cookie = visitor.request(PAGE).cookie.decode()
        found = plugin.party.find_session(visitor.request(PAGE.replace("http:", "https:"), cookie=cookie), 0.0)
        assert isinstance(found, NoSession)
        assert isinstance(await visitor.open(PAGE), Admit)

    run(conversation)


def test_a_redirect_uri_that_could_never_work_is_found_at_build() -> None:
    """The operator's fault."""
    with pytest.raises(OperatorFault):
        PartyPlugin(SignInWorld(), redirect_uri="ftp://x")


@pytest.mark.parametrize(
    ("redirect_uri", "public_url", "works"),
    [
        ("http://shop.example/cb", None, False),
        ("/cb", "http://shop.example", False),
        (None, "http://10.0.0.1", False),
        ("https://shop.example/cb", "http://shop.example", True),
        ("/cb", "https://shop.example", True),
        ("http://localhost:9080/cb", None, True),
        ("/cb", None, True),
    ],
)
def test_an_answer_by_form_needs_https(redirect_uri: str | None, public_url: str | None, *, works: bool) -> None:
    """Where the configuration says otherwise it is found at build, with what to write; `query` needs nothing."""
    PartyPlugin(SignInWorld(), None, public_url, redirect_uri=redirect_uri)
    if works:
        PartyPlugin(SignInWorld(), None, public_url, redirect_uri=redirect_uri, response_mode="form_post")
        return
    with pytest.raises(OperatorFault, match=r"response_mode: form_post needs https.*or response_mode: query"):
        PartyPlugin(SignInWorld(), None, public_url, redirect_uri=redirect_uri, response_mode="form_post")


def test_a_callback_by_form_waits_for_its_body() -> None:
    """16 KiB of it; what comes otherwise is refused without one."""
    world = SignInWorld()
    plugin = PartyPlugin(world, response_mode="form_post")
    visitor = Visitor(world, plugin)
    posted, opened = (plugin.party.finish_sign_in(visitor.request(CALLBACK, method)) for method in ("POST", "GET"))

    assert isinstance(posted, Pending)
    assert isinstance(opened, Pending)
    assert (posted.body_limit_bytes, opened.body_limit_bytes) == (16_384, 0)


def test_whoever_is_not_signed_in_is_sent_to_sign_in() -> None:
    """By the policy's wish."""
    world = SignInWorld()
    started = run(lambda: Visitor(world, PartyPlugin(world)).open(PAGE))

    assert isinstance(started, Reply)
    assert started.reason == "login_started"


BOTH = LogoutSettings(back_channel_path="/told", front_channel_path="/framed")


def test_what_the_provider_calls_is_claimed() -> None:
    """Typed, and with what to do where two routes of one client want the same."""
    party = PartyPlugin(SignInWorld(), logout=BOTH).party
    claims = {claim.path: claim for claim in party.claims}

    assert ["/told", "/framed"] == list(party.endpoints)
    assert [claims[path].purpose for path in party.endpoints] == ["back-channel logout", "front-channel logout"]
    assert all(claims[path].typed and "write it on one route" in claims[path].remedy for path in party.endpoints)
    assert PartyPlugin(SignInWorld()).party.endpoints == {}


@pytest.mark.parametrize(
    ("logout", "name"),
    [
        (LogoutSettings(back_channel_path="/anything/callback"), "backchannel_logout_path"),
        (LogoutSettings(front_channel_path="/anything/callback"), "frontchannel_logout_path"),
        (LogoutSettings(path="/anything/callback", is_path_typed=True), "logout_path"),
    ],
)
def test_where_sign_ins_return_to_is_no_place_for_anything_else(logout: LogoutSettings, name: str) -> None:
    """Found at build."""
    with pytest.raises(OperatorFault, match=f"{name} is /anything/callback, where sign-ins return to"):
        PartyPlugin(SignInWorld(), logout=logout)
