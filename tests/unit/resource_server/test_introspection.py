"""Bearer tokens judged by their provider."""

import asyncio
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugin import Admit, Pending, Reply
from ostiary.resource_server.verifier import BearerVerifier
from tests.fakes.bearers import BearerWorld
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import DISCOVERY, INTROSPECTION, ISSUER, NOW, access_claims, answer_discovery

CREDENTIALS = ClientCredentials(client_id="shop", client_secret="s3cret")


def make(world: BearerWorld, **settings: Any) -> BearerVerifier:
    """Build a verifier that introspects with the shop's credentials."""
    return world.verifier(**{"credentials": CREDENTIALS, "introspection_endpoint": INTROSPECTION, **settings})


async def judge(world: BearerWorld, verifier: BearerVerifier, token: str = "opaque") -> tuple[int, str]:
    """Return status (200 when admitted) and reason."""
    verdict = await world.settle(verifier, world.request(token))
    assert isinstance(verdict, Admit | Reply)
    return (200 if isinstance(verdict, Admit) else verdict.status), verdict.reason


def active(**changes: Any) -> dict[str, Any]:
    """Return an active answer."""
    return {"active": True, **access_claims(**changes)}


def test_an_active_token_is_admitted_and_remembered_until_its_expiry() -> None:
    """One call; then from memory, without a task; then asked again."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        verifier = make(world)
        assert (200, "bearer_introspected") == await judge(world, verifier)
        spawned = len(world.spawner.names)
        assert isinstance(verifier.decide(world.request("opaque"), NOW + 299), Admit)
        assert (1, spawned) == (world.http.count(INTROSPECTION), len(world.spawner.names))

        world.clock.advance(300)
        world.tokens["opaque"] = {"active": False}
        assert (401, "token_inactive") == await judge(world, verifier)
        assert 2 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


def test_an_interval_shortens_what_is_remembered() -> None:
    """It never lengthens it."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        verifier = make(world, introspection_interval_s=30.0)
        await judge(world, verifier)

        assert isinstance(verifier.decide(world.request("opaque"), NOW + 29), Admit)
        assert isinstance(verifier.decide(world.request("opaque"), NOW + 30), Pending)

        verifier = make(world, introspection_interval_s=3000.0)
        await judge(world, verifier)
        assert isinstance(verifier.decide(world.request("opaque"), NOW + 300), Pending)

    asyncio.run(scenario())


def test_an_answer_without_an_expiry_is_not_remembered() -> None:
    """Whatever the interval."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active(exp=None)
        verifier = make(world, introspection_interval_s=30.0)
        assert [(200, "bearer_introspected")] * 2 == [await judge(world, verifier) for _ in range(2)]
        assert 2 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


@pytest.mark.parametrize("exp", [300, None])
def test_a_hundred_requests_with_one_token_are_one_call(exp: int | None) -> None:
    """They share the answer, even one that is not remembered."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active(exp=exp and int(NOW) + exp)
        verifier = make(world)
        world.http.hold()
        waiting = [asyncio.create_task(judge(world, verifier)) for _ in range(100)]
        await asyncio.sleep(0.01)
        world.http.release()

        assert {(200, "bearer_introspected")} == set(await asyncio.gather(*waiting))
        assert 1 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


def test_who_comes_just_after_the_answer_needs_no_call() -> None:
    """The verdict was pending when it was decided, and is in memory when it is settled."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        verifier = make(world)
        late = verifier.decide(world.request("opaque"), NOW)
        assert isinstance(late, Pending)
        await judge(world, verifier)

        assert isinstance(await late.settle(), Admit)
        assert 1 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


def test_an_inactive_token_is_remembered_for_ten_seconds() -> None:
    """A client that repeats it costs nothing; a token that became active is seen soon."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = make(world)
        assert [(401, "token_inactive")] * 3 == [await judge(world, verifier) for _ in range(3)]
        assert 1 == world.http.count(INTROSPECTION)
        world.tokens["opaque"] = active()
        world.clock.advance(10)
        assert (200, "bearer_introspected") == await judge(world, verifier)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": int(NOW) - 120}, "token_expired"),
        ({"exp": "soon"}, "token_claim"),
        ({"nbf": int(NOW) + 121}, "token_not_yet_valid"),
        ({"iss": "https://evil.example"}, "token_issuer"),
        ({"sub": 7}, "token_claim"),
        ({"azp": 7}, "token_claim"),
    ],
)
def test_an_active_answer_with_wrong_claims_is_refused(changes: dict[str, Any], reason: str) -> None:
    """And that is remembered like an inactive one."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active(**changes)
        verifier = make(world)
        assert [(401, reason)] * 2 == [await judge(world, verifier) for _ in range(2)]
        assert 1 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


def test_a_missing_scope_is_403_from_memory_too() -> None:
    """It is this instance's scopes that count."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active(scope="a")
        verifier = make(world, required_scopes=("a", "b"))
        assert [(403, "scope_missing")] * 3 == [await judge(world, verifier) for _ in range(3)]
        assert 1 == world.http.count(INTROSPECTION)
        assert (200, "bearer_introspected") == await judge(world, make(world, required_scopes=("a",)))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ProviderFault("provider_timeout", "no answer"),
        OutboundResponse(status=500),
        OutboundResponse(status=401),
        OutboundResponse(status=302),
        OutboundResponse(status=200, body=b"<html>"),
    ],
)
def test_an_endpoint_that_fails_is_a_fault_and_remembered_as_nothing(answer: Any) -> None:
    """The next request asks again: never 401, never 200."""

    async def scenario() -> None:
        world = BearerWorld()
        if answer is None:
            del world.http.answers[INTROSPECTION]
        else:
            world.http.answers[INTROSPECTION] = answer
        verifier = make(world)
        for _ in range(2):
            with pytest.raises(ProviderFault):
                await judge(world, verifier)
        assert 2 == world.http.count(INTROSPECTION)
        world.http.answers[INTROSPECTION] = answer_json(active())
        assert (200, "bearer_introspected") == await judge(world, verifier)

    asyncio.run(scenario())


def test_the_endpoint_comes_from_the_metadata_where_none_is_configured() -> None:
    """A provider without one is a fault that names the remedy."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        assert (200, "bearer_introspected") == await judge(world, make(world, introspection_endpoint=None))

        world = BearerWorld()
        world.http.answers[DISCOVERY] = answer_discovery(introspection_endpoint=None)
        with pytest.raises(ProviderFault) as caught:
            await judge(world, make(world, introspection_endpoint=None))
        assert ("introspection_endpoint_missing", False) == (caught.value.code, caught.value.passing)
        assert "use_jwks" in caught.value.detail

    asyncio.run(scenario())


def test_discovery_is_asked_only_for_an_issuer_to_compare_with() -> None:
    """A configured endpoint whose answers name no issuer needs no discovery; one that names an unknown is 503."""

    async def scenario() -> None:
        world = BearerWorld()
        del world.http.answers[DISCOVERY]
        world.tokens["without"] = active(iss=None)
        world.tokens["with"] = active()
        verifier = make(world)
        verdict = await world.settle(verifier, world.request("without"))
        assert isinstance(verdict, Admit)
        assert verdict.principal is not None
        assert (ISSUER, 0) == (verdict.principal.issuer, world.http.count(DISCOVERY))
        with pytest.raises(ProviderFault):
            await judge(world, verifier, "with")
        assert (200, "bearer_introspected") == await judge(world, make(world, issuers=(ISSUER,)), "with")

    asyncio.run(scenario())


def test_the_upstream_is_told_the_answer() -> None:
    """X-Userinfo is the introspection answer, `active` included."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        verdict = await world.settle(make(world), world.request("opaque"))
        assert isinstance(verdict, Admit)
        assert verdict.edits is not None
        assert b64encode(msgspec.json.encode(active())) in verdict.edits.block

    asyncio.run(scenario())


def test_a_token_that_is_too_large_is_not_sent_anywhere() -> None:
    """16 KiB are the limit, for opaque tokens too."""
    world = BearerWorld()
    verdict = make(world).decide(world.request("x" * 16_385), NOW)

    assert isinstance(verdict, Reply)
    assert (401, "token_too_large", []) == (verdict.status, verdict.reason, world.http.calls)
