"""The refresh race: hundreds of requests at several gateways meet one session whose access token is over.

The provider rotates refresh tokens and takes a second use of one for theft: it ends the grant, and whoever comes next
is signed out. So every expiry has to cause one refresh, whichever gateways the requests met. The provider takes its
time, so that requests meet while a refresh is under way; a tenth of them still show the cookie of the round before, as
those do that were on their way. Several people take turns, so that nobody has to wait for a token to be over.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.load import Answered, Ask, Asker, open_asker, update_cookies
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.session_scene import STORAGES, SessionScene, start_session_scene
from tests.e2e.counterparts.stalls import Stalls

GATEWAYS = 3
AT_ONCE = 200
EXPIRIES = 50
PEOPLE = 25
TOKEN_LIFETIME_S = 6  # far longer than a round, also on a slow machine: nobody is due twice in one
REFRESH_MS = 150
LATE_EVERY = 10  # requests of which one shows the cookie of the round before


@dataclass
class Person:
    """One browser: the cookies that it shows, those that it showed before, and since when it has its token."""

    cookie: str
    old_cookie: str
    token: str
    since: float


@dataclass
class Tally:
    """What went on in all rounds."""

    wrong: list[tuple[int, int]]
    slowest_s: float = 0.0
    fewest_at_once: int = AT_ONCE
    busy_s: float = 0.0


async def race(scene: SessionScene) -> Tally:
    """Let every expiry be met by all requests at once; return what was not as it should be."""
    tally = Tally([])
    people = [_sign_in(scene) for _ in range(PEOPLE)]
    async with open_asker() as asker:
        with Stalls() as stalls:
            for number in range(EXPIRIES):
                person = people[number % PEOPLE]
                await asyncio.sleep(max(0.0, person.since + TOKEN_LIFETIME_S + 0.02 - time.monotonic()))
                began = time.monotonic()
                answers = await _meet(scene, asker, person, number)
                tally.busy_s += time.monotonic() - began
                tally.slowest_s = max(tally.slowest_s, *(answer.took_s for answer in answers))
                first_at = min(answer.sent_at + answer.took_s for answer in answers)
                at_once = sum(answer.sent_at < first_at for answer in answers)
                tally.fewest_at_once = min(tally.fewest_at_once, at_once)
                answers = await _insist(asker, answers, stalls)
                tally.wrong += [(number, answer.status) for answer in answers if not _is_renewed(answer, person)]
                assert len(scene.refreshes()) == number + 1
                _accept(person, answers)
    return tally


async def _meet(scene: SessionScene, asker: Asker, person: Person, number: int) -> list[Answered]:
    return await asker.ask_at_once(
        [
            Ask(
                scene.url(f"/app/{number}-{index}", index % GATEWAYS),
                person.old_cookie if index % LATE_EVERY == LATE_EVERY - 1 else person.cookie,
            )
            for index in range(AT_ONCE)
        ]
    )


async def _insist(asker: Asker, answers: list[Answered], stalls: Stalls) -> list[Answered]:
    """Ask again, as browsers do, where the answer was 503 because the machine stood still longer than a write may."""
    for _ in range(5):
        late = [
            answer
            for answer in answers
            if answer.status == 503 and stalls.disturbed(answer.sent_at, answer.sent_at + answer.took_s)
        ]
        answers = [answer for answer in answers if answer not in late]
        answers += await asker.ask_at_once([answer.ask for answer in late])
    return answers


def _sign_in(scene: SessionScene) -> Person:
    browser, page = scene.sign_in()
    assert page.status == 200
    cookie = scene.show_cookies(browser)
    return Person(cookie, cookie, page.json()["access_token"], time.monotonic())


def _is_renewed(answer: Answered, person: Person) -> bool:
    if answer.status != 200 or answer.body is None:
        return False
    return answer.body["sub"] == LOGIN and answer.body["access_token"] not in {None, person.token}


def _accept(person: Person, answers: list[Answered]) -> None:
    """Everybody was given the same token; the browser keeps the cookies that came last."""
    tokens = {answer.body["access_token"] for answer in answers if answer.body is not None}
    assert len(tokens) == 1
    person.token = tokens.pop()
    person.old_cookie = person.cookie
    for answer in answers:
        person.cookie = update_cookies(person.cookie, answer.set_cookies)
    assert person.cookie != person.old_cookie
    person.since = time.monotonic()


@pytest.mark.parametrize("storage", STORAGES)
def test_every_expiry_is_refreshed_once(storage: str, tmp_path: Path) -> None:
    """200 requests x 50 expiries at 3 gateways: 50 refreshes, everybody is served, nobody is signed out."""
    with start_session_scene(tmp_path, storage, gateways=GATEWAYS) as scene:
        scene.provider.set_lifetime(TOKEN_LIFETIME_S)
        scene.provider.set_fault("token", delay_ms=REFRESH_MS)
        began = time.monotonic()
        tally = uvloop.run(race(scene))
        took_s = time.monotonic() - began
        refreshes = scene.refreshes()
        show(
            "refresh race", storage=storage, gateways=GATEWAYS, requests=AT_ONCE * EXPIRIES, expiries=EXPIRIES,
            refreshes=len(refreshes), wrong=len(tally.wrong), slowest_s=tally.slowest_s, took_s=took_s,
            fewest_at_once=tally.fewest_at_once, per_second=AT_ONCE * EXPIRIES / tally.busy_s,
        )  # fmt: skip
        assert tally.wrong == []
        assert [asked["status"] for asked in refreshes] == [200] * EXPIRIES
        assert (len(scene.events("session_refreshed")), scene.events("refresh_refused")) == (EXPIRIES, [])
