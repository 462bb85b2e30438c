"""The primary of Redis is killed under load, under sentinels and in a cluster; the gateways find the one after it.

Many people call at a steady pace at two gateways, and others sign in one after the other, before, during and after.
What is counted: answers that are somebody else's (none, ever), sign-ins that were answered and are lost (none with
`wait_replicas: 1`), and how long the servers and then the gateways took (docs/reliability.md).
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.load import Answered, Ask, open_asker
from tests.e2e.counterparts.oidc_provider import PASSWORD
from tests.e2e.counterparts.redis_server import RedisServer
from tests.e2e.counterparts.redis_topologies import ClusterSetup, SentinelSetup
from tests.e2e.counterparts.session_scene import SessionScene, start_session_scene
from tests.e2e.counterparts.stalls import Stalls
from tests.fakes.browser import Browser

PEOPLE = [f"person-{number}" for number in range(12)]
NEWCOMERS = [f"newcomer-{number}" for number in range(4)]
EVERY_S = 0.01
STEADY_S = 1.5
WITHIN_S = 1.0
NOISE_S = 0.5  # for a machine that others use too, besides its stalls

Setup = SentinelSetup | ClusterSetup
SETUPS: dict[str, Callable[[Path], AbstractContextManager[Setup]]] = {
    "sentinel": SentinelSetup,
    "cluster": ClusterSetup,
}


class Waiting:
    """A Redis whose configuration says how many replicas are waited for."""

    def __init__(self, setup: Setup, wait_replicas: int) -> None:
        """Take what runs."""
        self.fields: dict[str, Any] = {**setup.fields, "wait_replicas": wait_replicas}


class Newcomers:
    """People who sign in over and over, each with a browser of their own. `acknowledged` are those who were let in."""

    def __init__(self, scene: SessionScene) -> None:
        """Begin at once, in a thread for each of two."""
        self.acknowledged: list[tuple[str, str]] = []
        self.strangers: list[str] = []
        self.refused = 0
        self._scene = scene
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=(NEWCOMERS[number::2],)) for number in range(2)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let those who are at it finish."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, logins: list[str]) -> None:
        number = 0
        while not self._end.is_set():
            self._sign_in(logins[number % len(logins)])
            number += 1

    def _sign_in(self, login: str) -> None:
        browser = Browser()
        page = browser.open(self._scene.url("/app/new"))
        if page.url.startswith(self._scene.provider.issuer):
            page = browser.submit(page, {"login": login, "password": PASSWORD})
        if page.status != 200:
            assert page.status == 503, (page.status, page.url, page.text[:300])
            self.refused += 1
            time.sleep(0.05)
            return
        if page.json()["sub"] != login:
            self.strangers.append(page.text)
        self.acknowledged.append((login, self._scene.show_cookies(browser)))


async def fail_over(setup: Setup, replicas: int, asks: list[Ask]) -> tuple[list[Answered], float, float]:
    """Keep asking while a primary is killed and replaced; return the answers, when it was killed, and for how long."""
    async with open_asker() as asker, asker.keep_asking(asks, EVERY_S):
        await asyncio.sleep(STEADY_S)
        await asyncio.to_thread(setup.wait_for_replicas)
        killed_at = time.monotonic()
        took_s = await asyncio.to_thread(setup.kill_primary, replicas)
        await asyncio.sleep(WITHIN_S + NOISE_S + STEADY_S)
    return asker.answers, killed_at, took_s


def is_own(answer: Answered) -> bool:
    """Whether the upstream was told the right person."""
    return answer.status == 200 and answer.body["sub"] == answer.ask.sub


@pytest.mark.parametrize("wait_replicas", [0, 1])
@pytest.mark.parametrize("kind", SETUPS)
def test_a_primary_that_is_killed_is_replaced(tmp_path: Path, kind: str, wait_replicas: int) -> None:
    """Within the servers' own time and a second; nobody meets another person's session, nor waits for long."""
    with (
        SETUPS[kind](tmp_path / "redis") as setup,
        start_session_scene(
            tmp_path / "gateways",
            "redis",
            redis=Waiting(setup, wait_replicas),
            redis_limit_ms=None,
            logins=[*PEOPLE, *NEWCOMERS],
        ) as scene,
    ):
        asks = []
        for login in PEOPLE:
            browser, page = scene.sign_in("/app/test", login=login)
            assert page.json()["sub"] == login
            asks += [Ask(scene.url("/app/steady", gateway), scene.show_cookies(browser), login) for gateway in (0, 1)]
        newcomers = Newcomers(scene)
        with Stalls() as stalls:
            try:
                answers, killed_at, took_s = uvloop.run(fail_over(setup, wait_replicas, asks))
            finally:
                newcomers.stop()

        others = [answer for answer in answers if not is_own(answer)]
        assert [answer for answer in others if answer.status not in {503, 401}] == []
        assert newcomers.strangers == []
        refused = [answer for answer in others if answer.status == 503]
        back_at = max([answer.sent_at + answer.took_s for answer in refused], default=killed_at)
        back_s = back_at - killed_at - stalls.within(killed_at + took_s, back_at)
        slowest_s = max(
            answer.took_s - stalls.within(answer.sent_at, answer.sent_at + answer.took_s) for answer in answers
        )
        found = [(login, scene.call("/app/check", cookie, gateway=1)) for login, cookie in newcomers.acknowledged]
        lost = [response for _, response in found if response.status == 401]
        show(
            f"fail-over {kind} wait_replicas={wait_replicas}", servers_s=took_s, gateways_s=back_s,
            answers=len(answers),
            refused=len(refused), signed_out=len(others) - len(refused), slowest_s=slowest_s, sign_ins=len(found),
            sign_ins_refused=newcomers.refused, sign_ins_lost=len(lost),
        )  # fmt: skip
        assert refused != []  # it was felt
        assert back_s <= took_s + WITHIN_S + NOISE_S
        assert slowest_s < WITHIN_S + NOISE_S
        assert len(found) > 0
        assert {(login, 200) for login, _ in found} >= {
            (response.json()["sub"], 200) for login, response in found if response.status == 200
        }
        assert [response.status for _, response in found if response.status not in {200, 401}] == []
        assert [login for login, response in found if response.status == 200 and response.json()["sub"] != login] == []
        if wait_replicas:
            assert (lost, [answer for answer in others if answer.status == 401]) == ([], [])
        again = scene.sign_in("/app/test", login=PEOPLE[0])[1]
        assert (again.status, again.json()["sub"]) == (200, PEOPLE[0])


@pytest.mark.parametrize("kind", SETUPS)
def test_a_sign_in_that_no_replica_has_is_not_acknowledged(tmp_path: Path, kind: str) -> None:
    """With `wait_replicas: 1` and frozen replicas it is 503; whoever is signed in goes on, and later all is well."""
    with (
        SETUPS[kind](tmp_path / "redis") as setup,
        start_session_scene(
            tmp_path / "gateways", "redis", redis=Waiting(setup, 1), redis_limit_ms=None, logins=PEOPLE
        ) as scene,
    ):
        browser, _ = scene.sign_in("/app/test", login=PEOPLE[0])
        replicas: list[RedisServer] = setup.replicas
        for replica in replicas:
            replica.freeze()
        stranger, page = scene.sign_in("/app/test", login=PEOPLE[1])
        assert page.status == 503
        assert scene.call("/app/test", scene.show_cookies(stranger)).status == 401
        assert scene.call("/app/test", scene.show_cookies(browser)).json()["sub"] == PEOPLE[0]
        for replica in replicas:
            replica.thaw()
        setup.wait_for_replicas()
        assert scene.sign_in("/app/test", login=PEOPLE[1])[1].json()["sub"] == PEOPLE[1]
