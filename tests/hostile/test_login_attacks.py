"""Attacks on a login under way: no answer of a provider counts but in the browser that asked, once, in time.

reference: RFC 6749 §10.12, RFC 9207, RFC 9700 §2.1, §4.4, §4.5, §4.7.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from ostiary.identity.login_flow import FLOW_LIFETIME_S
from ostiary.plugin import Reply
from tests.fakes.issuer import ISSUER
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import TOKEN_ENDPOINT, SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test"


class Scene:
    """A gateway, a victim's browser and an attacker's."""

    def __init__(self) -> None:
        self.world = SignInWorld()
        self.plugin = PartyPlugin(self.world)
        self.victim = Visitor(self.world, self.plugin)
        self.attacker = Visitor(self.world, self.plugin)

    async def begin(self, visitor: Visitor, page: str = PAGE) -> str:
        """Start a login and sign in at the provider; return the address of the callback, not opened yet."""
        return self.world.authorize(location_of(await visitor.open(page)))

    async def deliver(self, visitor: Visitor, back: str) -> Reply:
        settled = await visitor.open(back)
        assert isinstance(settled, Reply)
        return settled

    def is_signed_in(self, visitor: Visitor) -> bool:
        return any(name.startswith("ostiary_session_") for name in visitor.cookie_names)


def change(back: str, **parameters: str | None) -> str:
    """Replace parameters of a callback's address; None removes one."""
    address, _, query = back.partition("?")
    changed = dict(parse_qsl(query)) | parameters
    return f"{address}?{urlencode({name: value for name, value in changed.items() if value is not None})}"


def parameter(back: str, name: str) -> str:
    """Return a parameter of a callback's address."""
    return dict(parse_qsl(urlsplit(back).query))[name]


def attack(play: Callable[[Scene], Any]) -> Scene:
    """Play an attack; afterwards the victim must not be signed in, and no code may have been redeemed."""
    scene = Scene()
    run(lambda: play(scene))
    assert not scene.is_signed_in(scene.victim)
    return scene


def test_the_attackers_answer_in_the_victims_browser() -> None:
    """Login CSRF: the victim would be signed in as the attacker."""

    async def play(scene: Scene) -> None:
        assert (await scene.deliver(scene.victim, await scene.begin(scene.attacker))).reason == "flow_cookies_blocked"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


def test_the_attackers_answer_beside_a_login_of_the_victim() -> None:
    """The victim has a flow cookie, but of another state."""

    async def play(scene: Scene) -> None:
        await scene.begin(scene.victim)
        assert (await scene.deliver(scene.victim, await scene.begin(scene.attacker))).reason == "flow_elsewhere"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


def test_the_victims_answer_in_the_attackers_browser() -> None:
    """A stolen callback address is worth nothing without the cookie."""

    async def play(scene: Scene) -> None:
        await scene.deliver(scene.attacker, await scene.begin(scene.victim))
        assert not scene.is_signed_in(scene.attacker)

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


def test_the_attackers_code_under_the_victims_state() -> None:
    """Code injection: the code was made for another challenge and another nonce."""

    async def play(scene: Scene) -> None:
        mine, theirs = await scene.begin(scene.attacker), await scene.begin(scene.victim)
        answer = await scene.deliver(scene.victim, change(theirs, code=parameter(mine, "code")))
        assert (answer.status, answer.reason) == (502, "token_refused")

    attack(play)


def test_the_same_without_pkce() -> None:
    """A provider that offers none: the nonce catches it."""

    async def play(scene: Scene) -> None:
        scene.world.publish(code_challenge_methods_supported=None)
        mine, theirs = await scene.begin(scene.attacker), await scene.begin(scene.victim)
        answer = await scene.deliver(scene.victim, change(theirs, code=parameter(mine, "code")))
        assert (answer.status, answer.reason) == (502, "token_nonce")

    attack(play)


def test_states_swapped_between_two_tabs() -> None:
    """Each login's answer fits its own state only."""

    async def play(scene: Scene) -> None:
        one, two = await scene.begin(scene.victim, f"{PAGE}/1"), await scene.begin(scene.victim, f"{PAGE}/2")
        first, second = parameter(one, "code"), parameter(two, "code")
        for back, code in ((one, second), (two, first)):
            assert (await scene.deliver(scene.victim, change(back, code=code))).reason == "token_refused"

    attack(play)


def test_two_tabs_sign_in_side_by_side() -> None:
    """No attack: in whatever order they come back, each leads to its own page."""

    async def play() -> None:
        scene = Scene()
        one, two = await scene.begin(scene.victim, f"{PAGE}/1"), await scene.begin(scene.victim, f"{PAGE}/2")
        assert location_of(await scene.deliver(scene.victim, two)) == "/anything/test/2"
        assert location_of(await scene.deliver(scene.victim, one)) == "/anything/test/1"
        assert scene.is_signed_in(scene.victim)

    run(play)


def test_an_answer_twice() -> None:
    """Replay: refused before any call, also when the flow's cookie was kept against our word."""

    async def play() -> None:
        scene = Scene()
        back = await scene.begin(scene.victim)
        cookie = scene.victim.request(back).cookie.decode()
        assert (await scene.deliver(scene.victim, back)).reason == "login_finished"
        calls = len(scene.world.http.calls)
        for kept in (None, cookie):
            settled = await scene.attacker.open(back, cookie=kept)
            assert isinstance(settled, Reply)
            assert settled.reason == "callback_replayed"
        assert len(scene.world.http.calls) == calls
        assert not scene.is_signed_in(scene.attacker)

    run(play)


def test_a_second_try_with_the_same_state_after_a_failure() -> None:
    """A state serves once, whether the login ended well or not."""

    async def play(scene: Scene) -> None:
        back = await scene.begin(scene.victim)
        cookie = scene.victim.request(back).cookie.decode()
        assert (await scene.deliver(scene.victim, change(back, code="wrong"))).reason == "token_refused"
        settled = await scene.victim.open(back, cookie=cookie)
        assert isinstance(settled, Reply)
        assert settled.reason == "callback_replayed"

    attack(play)


def test_an_answer_after_ten_minutes() -> None:
    """Stale: also when the cookie was kept longer than it was given for."""

    async def play(scene: Scene) -> None:
        back = await scene.begin(scene.victim)
        cookie = scene.victim.request(back).cookie.decode()
        scene.world.clock.advance(FLOW_LIFETIME_S)
        settled = await scene.victim.open(back, cookie=cookie)
        assert isinstance(settled, Reply)
        assert settled.reason == "flow_stale"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


@pytest.mark.parametrize("name", ["code", "state", "iss", "error"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_parameter_twice(name: str, *, is_first: bool) -> None:
    """Whichever of the two a reader would take, it is not asked."""

    async def play(scene: Scene) -> None:
        scene.world.callback_changes = {"iss": ISSUER}
        back = await scene.begin(scene.victim)
        address, _, query = back.partition("?")
        doubled = f"{name}=other&{query}" if is_first else f"{query}&{name}=other"
        doubled = doubled if name in query else f"{name}=other&{doubled}"
        reason = (await scene.deliver(scene.victim, f"{address}?{doubled}")).reason
        assert reason == "callback_parameter_repeated"
        assert scene.victim.cookie_names == []

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


@pytest.mark.parametrize("issuer", ["https://evil.example", ISSUER + "/", ISSUER.upper(), "", " " + ISSUER])
@pytest.mark.parametrize("is_announced", [True, False])
def test_another_issuers_answer(issuer: str, *, is_announced: bool) -> None:
    """Mix-up: the issuer is compared exactly, whether the metadata announced it or not."""

    async def play(scene: Scene) -> None:
        scene.world.publish(authorization_response_iss_parameter_supported=is_announced)
        scene.world.callback_changes = {"iss": issuer}
        answer = await scene.deliver(scene.victim, await scene.begin(scene.victim))
        assert answer.reason == "callback_issuer_differs"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


def test_an_answer_without_the_issuer_that_was_announced() -> None:
    """Mix-up by leaving it out."""

    async def play(scene: Scene) -> None:
        scene.world.publish(authorization_response_iss_parameter_supported=True)
        answer = await scene.deliver(scene.victim, await scene.begin(scene.victim))
        assert answer.reason == "callback_issuer_missing"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


def test_a_flow_cookie_under_another_states_name() -> None:
    """The seal knows its name: the attacker cannot plant a flow of their own under the victim's."""

    async def play(scene: Scene) -> None:
        mine, theirs = await scene.begin(scene.attacker), await scene.begin(scene.victim)
        my_value = scene.attacker.request(mine).cookie.decode().partition("=")[2]
        their_name = scene.victim.request(theirs).cookie.decode().partition("=")[0]
        settled = await scene.victim.open(theirs, cookie=f"{their_name}={my_value}")
        assert isinstance(settled, Reply)
        assert settled.reason == "flow_broken"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


def test_a_flow_cookie_tossed_beside_the_real_one() -> None:
    """Two of one name: neither counts."""

    async def play(scene: Scene) -> None:
        back = await scene.begin(scene.victim)
        cookie = scene.victim.request(back).cookie.decode()
        settled = await scene.victim.open(back, cookie=f"{cookie}; {cookie}")
        assert isinstance(settled, Reply)
        assert settled.reason == "flow_broken"

    assert attack(play).world.http.count(TOKEN_ENDPOINT) == 0


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"onmouseover=alert(1) x="', "\r\nSet-Cookie: a=1", "javascript:alert(1)"]
)
@pytest.mark.parametrize("name", ["error", "error_description", "error_uri", "state", "code", "iss"])
def test_markup_and_line_ends_in_an_answer(name: str, text: str) -> None:
    """Nothing of an answer becomes markup, a link or a header."""

    async def play(scene: Scene) -> None:
        back = await scene.begin(scene.victim)
        error = {"error": "access_denied"} if name.startswith("error_") else {}
        answer = await scene.deliver(scene.victim, change(back, **error, **{name: text}))
        assert b"<script>" not in answer.body
        assert b'"onmouseover' not in answer.body
        assert b"javascript:" not in answer.body.replace(b"It said: access_denied: javascript:", b"")
        assert not any("\r" in value or "\n" in value for _, value in answer.headers)

    attack(play)


def test_hundreds_of_logins_do_not_fill_the_browser() -> None:
    """A page that starts them cannot push everything else out of the jar; the last five could still be finished."""

    async def play() -> None:
        scene = Scene()
        backs = [await scene.begin(scene.victim, f"{PAGE}/{number}") for number in range(60)]
        assert len(scene.victim.cookie_names) == 5
        assert (await scene.deliver(scene.victim, backs[0])).reason == "flow_elsewhere"
        assert (await scene.deliver(scene.victim, backs[-1])).reason == "login_finished"

    run(play)
