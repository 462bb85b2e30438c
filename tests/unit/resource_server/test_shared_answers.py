"""Introspection answers in the shared state."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest

from ostiary.http.proxies import Proxy, ProxySettings
from ostiary.resource_server.shared_answers import AnswerScope, KeptAnswer, SharedAnswers
from tests.fakes.bearers import BearerWorld
from tests.fakes.issuer import DISCOVERY, INTROSPECTION, ISSUER, NOW

SCOPE = AnswerScope(segment="", endpoint=INTROSPECTION, discovery=DISCOVERY, client_id="shop", issuers=(ISSUER,))
ANSWER = KeptAnswer(NOW, b'{"active":true,"sub":"ada"}')
TOKEN = b"opaque-token"


def open_answers(world: BearerWorld, **changes: Any) -> SharedAnswers:
    """Return the answers of a scope, as one worker sees them."""
    return SharedAnswers(msgspec.structs.replace(SCOPE, **changes), world.services)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario."""
    asyncio.run(scenario)


def test_what_one_worker_keeps_another_finds() -> None:
    """Until its time is over."""

    async def scenario() -> None:
        world = BearerWorld()
        await open_answers(world).keep(TOKEN, (), ANSWER, NOW + 60)

        assert ANSWER == await open_answers(world).find(TOKEN, ())
        world.clock.advance(60)
        assert await open_answers(world).find(TOKEN, ()) is None

    run(scenario())


@pytest.mark.parametrize(
    "changes",
    [
        {"segment": "other"}, {"endpoint": ""}, {"discovery": "https://other.example/d"}, {"client_id": "other"},
        {"issuers": ()}, {"issuers": (ISSUER, "https://other.example")},
        {"client_id": "", "segment": "shop"},
        {"path": (False, "", ProxySettings())},
        {"path": (True, "another authority", ProxySettings())},
        {"path": (True, "", ProxySettings(https=Proxy(url="http://proxy.example:3128")))},
    ],
)  # fmt: skip
def test_scopes_that_differ_in_anything_share_nothing(changes: dict[str, Any]) -> None:
    """The segment, above all: that is what it is for."""

    async def scenario() -> None:
        world = BearerWorld()
        await open_answers(world).keep(TOKEN, (), ANSWER, NOW + 60)

        assert await open_answers(world, **changes).find(TOKEN, ()) is None

    run(scenario())


def test_another_token_and_other_headers_find_nothing() -> None:
    """The answer may depend on each."""

    async def scenario() -> None:
        world = BearerWorld()
        answers = open_answers(world)
        await answers.keep(TOKEN, (("X-Tenant", "red"),), ANSWER, NOW + 60)

        assert ANSWER == await answers.find(TOKEN, (("X-Tenant", "red"),))
        assert await answers.find(TOKEN, (("X-Tenant", "blue"),)) is None
        assert await answers.find(TOKEN, ()) is None
        assert await answers.find(TOKEN + b"2", (("X-Tenant", "red"),)) is None

    run(scenario())


def test_only_who_has_the_token_can_open_what_is_kept() -> None:
    """Neither token nor answer is in the store, and what was moved or altered is as good as absent."""

    async def scenario() -> None:
        world = BearerWorld()
        answers = open_answers(world)
        await answers.keep(TOKEN, (), ANSWER, NOW + 60)
        store = world.stores.shared
        key = store.calls[-1][1]
        sealed = await store.memory.read(key)
        assert not {b"ada", TOKEN} & {part for part in (b"ada", TOKEN) if part in sealed or part in key.encode()}

        await answers.keep(b"another", (), ANSWER, NOW + 60)
        other = store.calls[-1][1]
        await store.memory.write(other, sealed, NOW + 60)
        assert await answers.find(b"another", ()) is None
        await store.memory.write(key, sealed[:-2] + b"AA", NOW + 60)
        assert await answers.find(TOKEN, ()) is None

    run(scenario())


def test_what_another_version_kept_is_not_understood_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was sealed by somebody who had the token, and is still nothing that can be read."""

    async def scenario() -> None:
        world = BearerWorld()
        answers = open_answers(world)
        odd: Any = ("when", 7)
        await answers.keep(TOKEN, (), odd, NOW + 60)

        assert await answers.find(TOKEN, ()) is None

    run(scenario())


def test_a_store_that_fails_is_told_once_a_minute_and_left_alone_for_a_second() -> None:
    """It is a copy: nobody is refused or admitted because of it."""

    async def scenario() -> None:
        world = BearerWorld()
        answers = open_answers(world)
        store = world.stores.shared
        store.is_down = True
        assert await answers.find(TOKEN, ()) is None
        await answers.keep(TOKEN, (), ANSWER, NOW + 60)
        assert await answers.find(TOKEN, ()) is None
        assert (1, 0, 1) == (store.count("read"), store.count("write"), len(world.log.events))
        world.clock.advance(1)
        await answers.keep(TOKEN, (), ANSWER, NOW + 60)
        assert (1, 1) == (store.count("write"), len(world.log.events))
        world.clock.advance(60)
        await answers.find(TOKEN, ())
        assert ["answers_not_shared"] * 2 == [event[1] for event in world.log.events]

        store.is_down = False
        world.clock.advance(1)
        await answers.keep(TOKEN, (), ANSWER, NOW + 90)
        assert ANSWER == await answers.find(TOKEN, ())

    run(scenario())


def test_a_repr_shows_no_claims() -> None:
    """Only the size."""
    assert "ada" not in repr(ANSWER)
