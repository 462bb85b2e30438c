"""What a person is told when a login cannot be finished: each cause by its name."""

from typing import Any

import pytest

from ostiary.identity.login_flow import FLOW_LIFETIME_S, build_state
from ostiary.plugin import Reply
from tests.fakes.http_client import answer_json
from tests.fakes.relying_parties import CALLBACK, ORIGIN, PartyPlugin
from tests.fakes.sign_in import TOKEN_ENDPOINT, SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test?x=1"


def open_callback(url: str, *, cookie: str | None = None, seconds: float = 0, **changes: Any) -> Reply:
    """Open an address by hand in a fresh browser."""
    world = SignInWorld()
    world.clock.advance(seconds)
    settled = run(lambda: Visitor(world, PartyPlugin(world, **changes)).open(url, cookie=cookie))
    assert isinstance(settled, Reply)
    assert world.log.codes == [settled.reason]
    return settled


STATE = build_state(bytes(32), SignInWorld().clock.now())


def test_an_address_that_was_opened_by_hand() -> None:
    """Nothing is on its way; the page leads to where a sign-in starts."""
    page = open_callback(CALLBACK)

    assert (page.status, page.reason) == (400, "callback_state_missing")
    assert b'href="/anything/"' in page.body


def test_cookies_are_blocked() -> None:
    """Not one came."""
    page = open_callback(f"{CALLBACK}?state={STATE}&code=c")

    assert page.reason == "flow_cookies_blocked"
    assert b"Allow cookies" in page.body


def test_it_was_started_elsewhere() -> None:
    """Cookies came, but none of this login."""
    page = open_callback(f"{CALLBACK}?state={STATE}&code=c", cookie="theme=dark")

    assert page.reason == "flow_elsewhere"
    assert b"another browser" in page.body


def test_it_took_too_long() -> None:
    """The browser dropped the cookie after its ten minutes, and the state tells the time."""
    page = open_callback(f"{CALLBACK}?state={STATE}&code=c", cookie="theme=dark", seconds=FLOW_LIFETIME_S)

    assert page.reason == "flow_stale"
    assert b"too long ago" in page.body


def test_it_came_back_to_another_host() -> None:
    """Both hosts are named."""
    page = open_callback(f"http://127.0.0.1:9080/anything/callback?state={STATE}&code=c", cookie="theme=dark")

    assert page.reason == "flow_other_host"
    assert b"127.0.0.1:9080" in page.body
    assert b"localhost" in page.body


def test_its_note_cannot_be_read_any_more() -> None:
    """The secret changed between start and callback."""
    world = SignInWorld()

    async def conversation() -> Reply:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        visitor.plugin = PartyPlugin(world, secrets=("another-secret-altogether",))
        settled = await visitor.open(back)
        assert isinstance(settled, Reply)
        assert visitor.cookie_names == []
        return settled

    assert run(conversation).reason == "flow_broken"


def test_it_was_finished_before() -> None:
    """The reload button, or the history."""
    world = SignInWorld()

    async def conversation() -> Reply:
        visitor = Visitor(world, PartyPlugin(world))
        back = world.authorize(location_of(await visitor.open(PAGE)))
        await visitor.open(back)
        settled = await visitor.open(back, cookie="")
        assert isinstance(settled, Reply)
        return settled

    page = run(conversation)
    assert (page.status, page.reason) == (400, "callback_replayed")
    assert b"reloaded" in page.body


@pytest.mark.parametrize("redirect_uri", [CALLBACK, None])
def test_a_page_leads_back_to_the_beginning(redirect_uri: str | None) -> None:
    """The page before a derived callback, or the route's own beginning: always on this origin."""
    path = "/anything/callback" if redirect_uri else "/anything/x/.apisix/redirect"
    page = open_callback(f"{ORIGIN}{path}?state={STATE}", redirect_uri=redirect_uri)

    assert (b'href="/anything/"' if redirect_uri else b'href="/anything/x"') in page.body


def finish(world: SignInWorld, **changes: Any) -> tuple[Reply, dict[str, Any]]:
    """Sign in; return the page, and the fields of the log line that has its reference."""

    async def conversation() -> Reply:
        visitor = Visitor(world, PartyPlugin(world, **changes))
        settled = await visitor.open(world.authorize(location_of(await visitor.open(PAGE))))
        assert isinstance(settled, Reply)
        return settled

    page = run(conversation)
    (event,) = [event for event in world.log.events if event.code == page.reason]
    assert str(event.fields["reference"]).encode() in page.body
    return page, event.fields


@pytest.mark.parametrize("answer", [answer_json({"error": "invalid_client"}, 401), answer_json({}, 401)])
def test_the_provider_does_not_accept_the_client(answer: Any) -> None:
    """The person did nothing wrong; the operator is told what to compare, never what was sent."""
    world = SignInWorld()
    world.http.answers[TOKEN_ENDPOINT] = answer
    page, fields = finish(world)

    assert (page.status, page.reason) == (502, "client_refused")
    assert b"your account" in page.body
    assert b"secret" not in page.body
    assert "client_secret" in str(fields["remedy"])


@pytest.mark.parametrize(("methods", "remedy"), [(["S256"], "S256"), (None, "use_pkce: true")])
def test_the_provider_does_not_accept_pkce(methods: list[str] | None, remedy: str) -> None:
    """Whether it was used decides what helps."""
    world = SignInWorld()
    world.publish(code_challenge_methods_supported=methods)
    world.callback_changes = {"code": None, "error": "invalid_request", "error_description": "code_challenge: no"}
    page, fields = finish(world)

    assert (page.status, page.reason) == (400, "pkce_refused")
    assert remedy in str(fields["remedy"])


@pytest.mark.parametrize(
    ("claims", "reason", "said"),
    [
        ({"iat": 500}, "token_issued_at", "500 s ahead"),
        ({"exp": -500}, "token_expired", "500 s behind"),
        ({"nbf": 500}, "token_not_yet_valid", "500 s ahead"),
    ],
)
def test_the_clocks_differ(claims: dict[str, int], reason: str, said: str) -> None:
    """The page says that it is about time, the log by how much."""
    world = SignInWorld()
    world.claim_changes = {name: int(world.clock.now()) + seconds for name, seconds in claims.items()}
    page, fields = finish(world)

    assert (page.status, page.reason) == (502, reason)
    assert b"clocks_differ" in page.body
    assert said in str(fields["remedy"])


def test_another_token_is_no_matter_of_clocks() -> None:
    """It is for another client."""
    world = SignInWorld()
    world.claim_changes = {"aud": "somebody-else"}
    page, fields = finish(world)

    assert page.reason == "token_audience"
    assert b"id_token_refused" in page.body
    assert "client_id" in str(fields["remedy"])


def test_too_much_to_remember() -> None:
    """The log names what to change, and has the sizes; the page says that it does."""
    world = SignInWorld()
    world.token_changes = {"access_token": "a" * 30_000}
    page, fields = finish(world)

    assert b"the log says how large each part is" in page.body
    for name in ("session_contents", "session.storage"):
        assert name in str(fields["remedy"])
    assert 30_000 == fields["access_token_bytes"]
