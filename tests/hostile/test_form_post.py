"""Attacks on the answer by form: it counts as a form of its own kind, once, whole, in the browser that asked.

reference: OAuth 2.0 Form Post Response Mode §2, §4; RFC 6749 §10.12; RFC 9700 §4.7; RFC 6265bis §5.6.7 (SameSite).
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from ostiary.plugin import Admit, Reply
from ostiary.relying_party.client_cookies import MAX_MOVES
from ostiary.relying_party.settings import CookieSettings
from ostiary.store_settings import SqliteSettings
from tests.fakes.relying_parties import CALLBACK, ORIGIN, PartyPlugin
from tests.fakes.sign_in import TOKEN_ENDPOINT, SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test"


class Scene:
    """A gateway that is answered by forms, a victim's browser and an attacker's."""

    def __init__(self, **changes: Any) -> None:
        self.world = SignInWorld()
        self.plugin = PartyPlugin(self.world, response_mode="form_post", **changes)
        self.victim = Visitor(self.world, self.plugin)
        self.attacker = Visitor(self.world, self.plugin)

    async def begin(self, visitor: Visitor) -> str:
        """Start a login and sign in at the provider; return the form that its page would post."""
        address, _, form = self.world.authorize(location_of(await visitor.open(PAGE))).partition("?")
        assert address == CALLBACK
        return form

    async def post(self, visitor: Visitor, form: str, query: str = "", **sent: Any) -> Reply:
        """Post it from the provider's site, in a browser."""
        settled = await visitor.post(CALLBACK + query, form, **sent)
        assert isinstance(settled, Reply)
        return settled


def attack(play: Callable[[Scene], Any]) -> None:
    """Play an attack; afterwards the victim must not be signed in, and no code may have been redeemed."""
    scene = Scene()
    run(lambda: play(scene))
    assert not any(name.startswith("ostiary_session_") for name in scene.victim.cookie_names)
    assert scene.world.http.count(TOKEN_ENDPOINT) == 0


@pytest.mark.parametrize("store", [None, SqliteSettings(path="sessions")], ids=["cookie", "store"])
def test_what_is_attacked_works(store: SqliteSettings | None) -> None:
    """A form of the provider signs in; the flow's cookie was SameSite=None and Secure, and goes."""
    scene = Scene(store=store)

    async def play() -> None:
        started = await scene.victim.open(PAGE)
        (written,) = (value for name, value in started.headers if name == "Set-Cookie")  # type: ignore[union-attr]
        assert "; Secure; HttpOnly; SameSite=None" in written
        assert "response_mode=form_post" in location_of(started)
        reply = await scene.post(scene.victim, scene.world.authorize(location_of(started)).partition("?")[2])
        assert (reply.status, reply.reason, location_of(reply)) == (303, "login_finished", "/anything/test")
        assert [name[:16] for name in scene.victim.cookie_names] == ["ostiary_session_"]
        assert isinstance(await scene.victim.open(PAGE), Admit)

    run(play)


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "id_token", "session_state", "c%6fde"])
def test_a_parameter_that_comes_twice(name: str) -> None:
    """Whoever reads the first and whoever reads the last would differ; so nobody reads."""

    async def play(scene: Scene) -> None:
        form = await scene.begin(scene.victim)
        reply = await scene.post(scene.victim, f"{form}&{name}=x&{name}=x")
        assert (reply.status, reply.reason) == (400, "callback_parameter_repeated")

    attack(play)


@pytest.mark.parametrize(
    "content_type",
    [
        "", "text/plain", "multipart/form-data; boundary=x", "application/json", "application/x-www-form-urlencodedx",
        "application/x-www-form-urlencoded; charset=utf-7", "text/plain; application/x-www-form-urlencoded",
    ],
)  # fmt: skip
def test_what_is_no_form(content_type: str) -> None:
    """Exactly the one type that browsers send for a form like this; two of them are no request at all."""

    async def play(scene: Scene) -> None:
        form = await scene.begin(scene.victim)
        reply = await scene.post(scene.victim, form, content_type=content_type)
        assert (reply.status, reply.reason) == (415, "callback_content_type")

    attack(play)


@pytest.mark.parametrize("filling", ["&x=" + "a" * 16_384, "".join(f"&p{number}=x" for number in range(20))])
def test_an_answer_of_many_or_long_parameters(filling: str) -> None:
    """The gateway reads no more than 16 KiB anyhow; here are the same limits once more, and that of twenty."""

    async def play(scene: Scene) -> None:
        reply = await scene.post(scene.victim, await scene.begin(scene.victim) + filling)
        assert (reply.status, reply.reason) == (400, "callback_too_large")

    attack(play)


@pytest.mark.parametrize(
    ("in_query", "reason"),
    [
        (("code",), "callback_code_missing"),
        (("state",), "callback_state_missing"),
        (("code", "state"), "callback_state_missing"),
    ],
)
def test_a_part_of_the_answer_in_the_query(in_query: tuple[str, ...], reason: str) -> None:
    """Nothing is read from the address: what stands there somebody may have put into a link."""

    async def play(scene: Scene) -> None:
        parameters = parse_qsl(await scene.begin(scene.victim))
        form = urlencode([pair for pair in parameters if pair[0] not in in_query])
        query = urlencode([pair for pair in parameters if pair[0] in in_query])
        assert (await scene.post(scene.victim, form, f"?{query}")).reason == reason

    attack(play)


def test_a_query_beside_the_form_is_not_read() -> None:
    """It neither counts nor repeats: the form is the answer."""
    scene = Scene()

    async def play() -> Reply:
        return await scene.post(scene.victim, await scene.begin(scene.victim), "?code=x&state=y&error=access_denied")

    assert run(play).reason == "login_finished"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_the_answer_in_the_address(method: str) -> None:
    """405, and the login under way is not touched: a link in a mail could otherwise end it."""

    async def play(scene: Scene) -> None:
        form = await scene.begin(scene.victim)
        reply = await scene.victim.open(f"{CALLBACK}?{form}", method)
        assert isinstance(reply, Reply)
        assert (reply.status, reply.reason, dict(reply.headers)["Allow"]) == (405, "callback_method", "POST")
        assert [name for name in scene.victim.cookie_names if name.startswith("ostiary_login_")]

    attack(play)


def test_the_attackers_answer_in_the_victims_browser() -> None:
    """Login CSRF, with a form that posts itself: the victim would be signed in as the attacker."""

    async def play(scene: Scene) -> None:
        stolen = await scene.begin(scene.attacker)
        assert (await scene.post(scene.victim, stolen)).reason == "flow_cookies_blocked"
        await scene.begin(scene.victim)
        assert (await scene.post(scene.victim, stolen)).reason == "flow_elsewhere"

    attack(play)


def test_the_victims_answer_in_the_attackers_browser() -> None:
    """A code that leaked is worth nothing without the browser that asked for it."""

    async def play(scene: Scene) -> None:
        stolen = await scene.begin(scene.victim)
        assert (await scene.post(scene.attacker, stolen)).reason == "flow_cookies_blocked"

    attack(play)


def test_a_form_that_is_posted_twice() -> None:
    """The state serves once."""
    scene = Scene()

    async def play() -> list[str]:
        form = await scene.begin(scene.victim)
        return [(await scene.post(scene.victim, form)).reason for _ in range(2)]

    assert run(play) == ["login_finished", "callback_replayed"]
    assert scene.world.http.count(TOKEN_ENDPOINT) == 1


def test_errors_come_by_form_too() -> None:
    """The same page as in the query, and the flow's cookie goes."""
    scene = Scene()
    scene.world.callback_changes = {"code": None, "error": "access_denied"}

    async def play() -> Reply:
        return await scene.post(scene.victim, await scene.begin(scene.victim))

    reply = run(play)
    assert (reply.status, reply.reason) == (403, "provider_access_denied")
    assert scene.victim.cookie_names == []


def test_chunks_of_a_session_that_the_form_did_not_bring_are_deleted() -> None:
    """Lax cookies stay behind, so the callback does not see them: one left over would break every new session."""
    scene = Scene()
    scene.world.token_changes = {"access_token": "a" * 9_000}

    async def play() -> None:
        earlier, later = await scene.begin(scene.victim), await scene.begin(scene.victim)
        await scene.post(scene.victim, earlier)
        assert len([name for name in scene.victim.cookie_names if name.startswith("ostiary_session_")]) > 1
        scene.world.token_changes = {}
        assert (await scene.post(scene.victim, later)).reason == "login_finished"
        assert len([name for name in scene.victim.cookie_names if name.startswith("ostiary_session_")]) == 1
        assert isinstance(await scene.victim.open(PAGE), Admit)

    run(play)


@pytest.mark.parametrize(("same_site", "is_revoked"), [("Lax", False), ("None", True)])
def test_a_session_before_it_is_replaced(same_site: Any, *, is_revoked: bool) -> None:
    """In this browser it is gone either way; a copy of its cookie is refused only where the form brought it."""
    scene = Scene(cookie=CookieSettings(same_site=same_site, secure=True))

    async def play() -> None:
        earlier, later = await scene.begin(scene.victim), await scene.begin(scene.victim)
        await scene.post(scene.victim, earlier)
        copy = scene.victim.request(PAGE).cookie.decode()
        await scene.post(scene.victim, later)
        scene.world.clock.advance(2)
        assert scene.victim.request(PAGE).cookie.decode() != copy
        assert isinstance(await scene.victim.open(PAGE), Admit)
        assert isinstance(await scene.attacker.open(PAGE, cookie=copy), Admit) != is_revoked

    run(play)


def test_a_browser_that_keeps_no_session_is_told_so() -> None:
    """The note of the arrival is read with the navigation after the form: nobody is sent round and round."""
    scene = Scene(cookie=CookieSettings(path="/elsewhere"))

    async def play() -> None:
        assert (await scene.post(scene.victim, await scene.begin(scene.victim))).reason == "login_finished"
        lost = await scene.victim.open(PAGE)
        assert isinstance(lost, Reply)
        assert (lost.status, lost.reason) == (400, "session_cookie_lost")

    run(play)


def test_moves_to_the_other_host_are_counted() -> None:
    """As where answers come in the query."""
    scene = Scene()

    async def play() -> list[str]:
        settled = [await scene.victim.open("http://127.0.0.1:9080/anything/test") for _ in range(MAX_MOVES + 1)]
        return [reply.reason for reply in settled if isinstance(reply, Reply)]

    assert run(play) == ["login_moved"] * MAX_MOVES + ["login_other_host"]
