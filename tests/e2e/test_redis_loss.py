"""Redis is lost and comes back under steady traffic: nobody is signed out, nobody becomes a stranger, nobody waits.

With sessions in Redis, and with sessions in cookies and the shared state in Redis. Every answer is the person's own, or
503 within a second; a second after the return everything is as before.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.load import NAVIGATION, Answered, Ask, Asker, open_asker
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.redis_server import RedisServer
from tests.e2e.counterparts.session_scene import (
    OTHER_LOGIN,
    REVALIDATE_S,
    SessionScene,
    start_session_scene,
    wait_until,
)
from tests.e2e.counterparts.stalls import Stalls

STORAGES = ("cookie-redis", "redis")
EVERY_S = 0.015
STEADY_S = 2.5
LOST_S = 6.0
WITHIN_S = 1.0
NOISE_S = 0.5  # for a machine that others use too, besides its stalls

Act = Callable[[RedisServer], None]
# How it is lost, and how it comes back with what it had.
LOSSES: dict[str, tuple[Act, Act]] = {
    "killed": (RedisServer.kill, RedisServer.start),
    "frozen": (RedisServer.freeze, RedisServer.thaw),
}
KEEPS = ("--appendonly", "yes", "--appendfsync", "always")


class Course:
    """What happened when, and what was answered."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.lost_at = 0.0
        self.back_at = 0.0
        self.answers: list[Answered] = []
        self.stalls = Stalls()

    def between(self, begin: float, end: float) -> list[Answered]:
        """Return the answers to what was asked in that time, and met no stall of the machine: a time limit may have."""
        asked = [answer for answer in self.answers if begin <= answer.sent_at < end]
        return [answer for answer in asked if not self.stalls.disturbed(answer.sent_at, answer.sent_at + answer.took_s)]

    @property
    def slowest_s(self) -> float:
        """How long the slowest answer took while the machine ran."""
        return max(
            answer.took_s - self.stalls.within(answer.sent_at, answer.sent_at + answer.took_s)
            for answer in self.answers
        )


def ask_everything(scene: SessionScene) -> list[Ask]:
    """Two people's calls and navigations at both gateways; on `/open` strangers would get through."""
    asks = []
    for login in (LOGIN, OTHER_LOGIN):
        browser, page = scene.sign_in("/app/test", login=login)
        assert page.json()["sub"] == login
        cookie = scene.show_cookies(browser)
        for gateway in (0, 1):
            for path in ("/app/steady", "/open/steady"):
                asks.append(Ask(scene.url(path, gateway), cookie, login))
                asks.append(Ask(scene.url(path, gateway), cookie, login, NAVIGATION))
    return asks


async def lose_and_return(scene: SessionScene, asks: list[Ask], lose: Act, give_back: Act) -> Course:
    """Keep asking while Redis goes, stays away and comes back."""
    assert scene.redis is not None
    course = Course()
    with course.stalls:
        async with open_asker() as asker, asker.keep_asking(asks, EVERY_S):
            course.answers = asker.answers
            await asyncio.sleep(STEADY_S)
            course.lost_at = time.monotonic()
            await asyncio.to_thread(lose, scene.redis)
            await asyncio.sleep(LOST_S)
            await asyncio.to_thread(give_back, scene.redis)
            course.back_at = time.monotonic()
            await asyncio.sleep(WITHIN_S + STEADY_S)
    return course


def is_own(answer: Answered) -> bool:
    """Whether the upstream was told the right person: not nobody, and not somebody else."""
    return answer.status == 200 and answer.body["sub"] == answer.ask.sub and answer.body["access_token"] is not None


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("loss", LOSSES)
def test_whoever_is_signed_in_stays_signed_in(tmp_path: Path, storage: str, loss: str) -> None:
    """While it is away: from memory within `revalidate_s`, then 503 in time; never 302, 401, or a stranger.

    Killed and started again with its data, and frozen: a server that accepts and never answers.
    """
    (tmp_path / "redis").mkdir()
    with (
        RedisServer(tmp_path / "redis", *KEEPS) as redis,
        start_session_scene(tmp_path / "gateways", storage, redis=redis, redis_limit_ms=None) as scene,
    ):
        course = uvloop.run(lose_and_return(scene, ask_everything(scene), *LOSSES[loss]))
        tell(f"Redis {loss}", storage, course)

        assert [answer for answer in course.answers if not is_own(answer) and answer.status != 503] == []
        assert course.slowest_s < WITHIN_S + NOISE_S
        before = course.between(0.0, course.lost_at - WITHIN_S)
        remembered = course.lost_at + REVALIDATE_S + NOISE_S
        during = course.between(remembered, course.back_at - WITHIN_S - NOISE_S)
        after = course.between(course.back_at + WITHIN_S, course.back_at + 60)
        assert min(len(before), len(during), len(after)) > 10
        assert [{answer.status for answer in part} for part in (before, during, after)] == [{200}, {503}, {200}]
        assert {answer.status for answer in course.between(0.0, course.lost_at)} <= {200, 503}
        assert scene.refreshes() == []


def tell(what: str, storage: str, course: Course) -> None:
    """Print what docs/reliability.md says."""
    away = [answer for answer in course.answers if answer.status == 503]
    back = [answer for answer in course.answers if is_own(answer) and answer.sent_at + answer.took_s > course.back_at]
    first_back_at = min((answer.sent_at + answer.took_s for answer in back), default=course.back_at)
    last_refused_at = max((answer.sent_at for answer in away), default=course.back_at)
    show(
        what, storage=storage, answers=dict(Counter(answer.status for answer in course.answers)),
        median_503_s=statistics.median(answer.took_s for answer in away) if away else None,
        slowest_503_s=max((answer.took_s for answer in away), default=None),
        slowest_s=course.slowest_s,
        first_200_after_s=first_back_at - course.back_at,
        last_503_asked_after_s=last_refused_at - course.back_at,
    )  # fmt: skip


def test_an_empty_redis_means_a_new_sign_in(tmp_path: Path) -> None:
    """Sessions that lived there are gone: calls are 401, navigations sign in anew. Nobody meets anybody's session."""
    with start_session_scene(tmp_path, "redis", redis_limit_ms=None) as scene:
        asks = ask_everything(scene)
        course = uvloop.run(lose_and_return(scene, asks, RedisServer.kill, RedisServer.start))
        tell("Redis empty", "redis", course)
        assert course.slowest_s < WITHIN_S + NOISE_S
        assert [answer for answer in course.answers if answer.status == 200 and not is_own(answer) and
                "/open/" not in answer.ask.url] == []  # fmt: skip
        assert {answer.body["sub"] for answer in course.answers if answer.status == 200} <= {LOGIN, OTHER_LOGIN, None}
        assert all(is_own(answer) or answer.body["sub"] is None for answer in course.answers if answer.status == 200)
        after = course.between(course.back_at + WITHIN_S, course.back_at + 60)
        assert {(_describe(answer.ask), answer.status) for answer in after} == {
            ("call /app", 401), ("navigation /app", 302), ("call /open", 200), ("navigation /open", 200),
        }  # fmt: skip
        signed_in = {browser: scene.sign_in("/app/test", login=browser)[1] for browser in (LOGIN, OTHER_LOGIN)}
        assert {login: page.json()["sub"] for login, page in signed_in.items()} == {
            login: login for login in (LOGIN, OTHER_LOGIN)
        }
        assert {scene.call("/app/test", ask.cookie).status for ask in asks} == {401}


def test_an_empty_redis_ends_no_session_that_is_in_a_cookie(tmp_path: Path) -> None:
    """They go on; who signed out stays signed out wherever that is known already, and a refresh works as before."""
    with start_session_scene(tmp_path, "cookie-redis", redis_limit_ms=None) as scene:
        leaving, _ = scene.sign_in("/app/test", login=OTHER_LOGIN)
        left = scene.show_cookies(leaving)
        leaving.open(scene.url("/app/logout"))
        browser, page = scene.sign_in_briefly()
        assert [scene.call("/app/test", left, gateway).status for gateway in (0, 1)] == [401, 401]
        assert scene.redis is not None
        scene.redis.kill()
        assert scene.call("/app/test", scene.show_cookies(browser)).status == 503
        scene.redis.start()
        time.sleep(WITHIN_S)
        renewed = browser.open(scene.url("/app/renewed"))
        assert (renewed.status, renewed.json()["sub"]) == (200, LOGIN)
        assert renewed.json()["access_token"] != page.json()["access_token"]
        assert browser.open(scene.url("/app/renewed", 1)).json()["access_token"] == renewed.json()["access_token"]
        assert len(scene.refreshes()) == 1
        assert [scene.call("/app/test", left, gateway).status for gateway in (0, 1)] == [401, 401]


def test_a_refresh_whose_result_cannot_be_kept_signs_nobody_out(tmp_path: Path) -> None:
    """Redis goes while the provider is asked: the old refresh token is used up, and its successor must not be lost."""
    with start_session_scene(tmp_path, "redis", redis_limit_ms=None, attributes={"timeout": 10}) as scene:
        assert scene.redis is not None
        browser, page = scene.sign_in_briefly()
        old = scene.show_cookies(browser)
        scene.provider.set_fault("token", delay_ms=2000)  # so that Redis goes first, on a machine that stalls too

        async def renew() -> Answered:
            async with open_asker() as asker:
                return await _freeze_during(scene, asker, Ask(scene.url("/app/slow"), old))

        answer = uvloop.run(renew())
        assert answer.status == 503
        scene.redis.thaw()
        time.sleep(WITHIN_S)
        renewed = browser.open(scene.url("/app/renewed"))
        assert (renewed.status, renewed.json()["sub"]) == (200, LOGIN)
        assert renewed.json()["access_token"] != page.json()["access_token"]
        assert [asked["status"] for asked in scene.refreshes()] == [200]


async def _freeze_during(scene: SessionScene, asker: Asker, ask: Ask) -> Answered:
    """Freeze Redis as soon as the provider is asked, and return what the request was answered."""
    assert scene.redis is not None
    asking = asyncio.create_task(asker.ask(ask))
    await asyncio.to_thread(wait_until, lambda: scene.provider.counters()["token"] > 0)
    scene.redis.freeze()
    return await asking


def _describe(ask: Ask) -> str:
    kind = "call" if ask.headers is None else "navigation"
    return f"{kind} /{ask.url.split('/')[3]}"
