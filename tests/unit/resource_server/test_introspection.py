"""Bearer tokens judged by their provider."""

import asyncio
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.identity.claim_schema import compile_claim_schema
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugin import Admit, Pending, Reply
from ostiary.resource_server.audience import AudienceRule
from ostiary.resource_server.shared_answers import AnswerScope, KeptAnswer, SharedAnswers
from ostiary.resource_server.verifier import BearerVerifier
from tests.fakes.bearers import BearerWorld
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import DISCOVERY, INTROSPECTION, ISSUER, NOW, access_claims, answer_discovery
from tests.fakes.loop_time import run_patiently
from tests.fakes.requests import make_request

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

    run_patiently(scenario())


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


async def spread(world: BearerWorld) -> None:
    """Wait until what was answered is in the shared state."""
    await world.spawner.settle()


def test_what_one_instance_was_told_another_need_not_ask() -> None:
    """Workers and nodes share answers, inactive ones too; the verdict is each one's own."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active(scope="a")
        assert (200, "bearer_introspected") == await judge(world, make(world))
        assert (401, "token_inactive") == await judge(world, make(world), "garbage")
        await spread(world)

        assert (200, "bearer_introspected") == await judge(world, make(world))
        assert (403, "scope_missing") == await judge(world, make(world, required_scopes=("b",)))
        assert (401, "token_inactive") == await judge(world, make(world), "garbage")
        assert 2 == world.http.count(INTROSPECTION)
        strict = make(world, audience=AudienceRule(client_id="nobody"))
        assert (403, "audience_mismatch") == await judge(world, strict)
        picky = make(world, claim_schema=compile_claim_schema({"required": ["email"]}))
        assert (401, "claims_refused") == await judge(world, picky)
        assert 2 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "changes",
    [
        {"cache_segment": "other"},
        {"issuers": (ISSUER,)},
        {"introspection_endpoint": None},
        {"credentials": ClientCredentials(client_id="other", client_secret="s3cret")},
    ],
)
def test_instances_that_ask_another_question_share_no_answer(changes: dict[str, Any]) -> None:
    """Segment, issuers, endpoint and client are part of the question."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        await judge(world, make(world))
        await spread(world)
        await judge(world, make(world, **changes))
        assert 2 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


def test_a_shared_answer_lasts_as_long_as_the_finders_own_rule_says() -> None:
    """One with a shorter interval asks earlier; an inactive one is over ten seconds after it was asked for."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        await judge(world, make(world))
        await judge(world, make(world), "garbage")
        await spread(world)
        world.clock.advance(9)
        later = make(world, introspection_interval_s=9.0)
        assert (200, "bearer_introspected") == await judge(world, later)
        assert 3 == world.http.count(INTROSPECTION)
        impatient = make(world, introspection_interval_s=12.0)
        await judge(world, impatient)
        await judge(world, impatient, "garbage")
        assert isinstance(impatient.decide(world.request("opaque"), NOW + 12), Admit)
        assert 3 == world.http.count(INTROSPECTION)
        assert isinstance(impatient.decide(world.request("garbage"), NOW + 10), Pending)

    asyncio.run(scenario())


def test_a_shared_answer_that_cannot_be_read_is_asked_for_again() -> None:
    """What is kept can neither admit nor refuse by itself."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        await judge(world, make(world))
        await spread(world)
        scope = AnswerScope(segment="", endpoint=INTROSPECTION, discovery=DISCOVERY, client_id="shop", issuers=())
        answers = SharedAnswers(scope, world.services)
        assert await answers.find(b"opaque", ()) is not None
        await answers.keep(b"opaque", (), KeptAnswer(NOW, b"<html>"), NOW + 60)
        assert (200, "bearer_introspected") == await judge(world, make(world))
        assert 2 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


def test_a_store_that_is_down_neither_admits_nor_refuses() -> None:
    """The provider is the truth, and it is asked."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        world.stores.shared.is_down = True
        assert (200, "bearer_introspected") == await judge(world, make(world))
        assert (401, "token_inactive") == await judge(world, make(world), "garbage")
        await spread(world)
        assert (200, "bearer_introspected") == await judge(world, make(world))
        assert 3 == world.http.count(INTROSPECTION)

    asyncio.run(scenario())


@pytest.mark.parametrize("answer", [OutboundResponse(status=500), OutboundResponse(status=200, body=b"<html>")])
def test_an_error_is_not_shared(answer: OutboundResponse) -> None:
    """Nor is an answer without an expiry."""

    async def scenario() -> None:
        world = BearerWorld()
        world.http.answers[INTROSPECTION] = answer
        with pytest.raises(ProviderFault):
            await judge(world, make(world))
        world.http.answers[INTROSPECTION] = answer_json(active(exp=None))
        await judge(world, make(world))
        await asyncio.sleep(0)
        assert 0 == world.stores.shared.count("write")

    asyncio.run(scenario())


def test_with_nothing_remembered_every_request_asks_for_itself() -> None:
    """No verdict, no shared answer, and nobody else's answer that is in the air."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active()
        await judge(world, make(world))
        await spread(world)
        calls = len(world.stores.shared.calls)
        verifier = make(world, remembers=False)
        assert {(200, "bearer_introspected")} == {await judge(world, verifier) for _ in range(2)}
        assert {(401, "token_inactive")} == {await judge(world, verifier, "garbage") for _ in range(2)}
        await asyncio.gather(judge(world, verifier), judge(world, verifier))
        assert (7, calls) == (world.http.count(INTROSPECTION), len(world.stores.shared.calls))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("claims", "lasts_s"),
    [
        ({"ttl": 20}, 20),
        ({"ttl": int(NOW) + 40}, 40),
        ({"ttl": 3000}, 300),
        ({"ttl": 3000, "exp": None}, 3000),
        ({"ttl": "20"}, 0),
        ({}, 0),
    ],
)
def test_another_expiry_claim_is_a_duration_or_a_time(claims: dict[str, Any], lasts_s: int) -> None:
    """A token's own `exp` ends it in any case; what is no number is remembered as nothing."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["opaque"] = active(**claims)
        verifier = make(world, introspection_expiry_claim="ttl")
        assert (200, "bearer_introspected") == await judge(world, verifier)
        if lasts_s:
            assert isinstance(verifier.decide(world.request("opaque"), NOW + lasts_s - 1), Admit)
        assert isinstance(verifier.decide(world.request("opaque"), NOW + lasts_s), Pending)

    asyncio.run(scenario())


def test_an_answer_says_whose_token_it_is_where_issuers_are_named() -> None:
    """An answer without `iss` proves nothing then."""

    async def scenario() -> None:
        world = BearerWorld()
        world.tokens["without"] = active(iss=None)
        world.tokens["other"] = active(iss="https://other.example")
        verifier = make(world, issuers=("https://other.example",))
        assert (401, "token_issuer") == await judge(world, verifier, "without")
        assert (200, "bearer_introspected") == await judge(world, verifier, "other")

    asyncio.run(scenario())


def test_headers_go_along_and_each_value_has_its_own_answer() -> None:
    """The provider may answer differently, so nothing is remembered across them."""

    async def scenario() -> None:
        world = BearerWorld()
        asked: list[str | None] = []

        def answer(request: OutboundRequest) -> OutboundResponse:
            asked.append(dict(request.headers).get("X-Tenant"))
            return answer_json(active() if asked[-1] == "red" else {"active": False})

        world.http.answers[INTROSPECTION] = answer
        verifier = make(world, addon_headers=("X-Tenant",))

        async def ask(tenant: str | None) -> int:
            headers = {"Authorization": "Bearer opaque"} | ({} if tenant is None else {"X-Tenant": tenant})
            verdict = verifier.decide(make_request(headers=headers), NOW)
            settled = await verdict.settle() if isinstance(verdict, Pending) else verdict
            return settled.status if isinstance(settled, Reply) else 200

        assert [200, 401, 401, 200, 401] == [await ask(tenant) for tenant in ("red", "blue", None, "red", "blue")]
        assert ["red", "blue", None] == asked

    asyncio.run(scenario())


def test_an_assertion_is_made_for_each_call() -> None:
    """RFC 7523 §3: each with an identifier of its own."""

    async def scenario() -> None:
        world = BearerWorld()
        secret = "a-secret-of-the-shop-with-32-bytes"
        credentials = ClientCredentials(client_id="shop", client_secret=secret, method="client_secret_jwt")
        verifier = make(world, credentials=credentials)
        await judge(world, verifier, "one")
        await judge(world, verifier, "two")
        sent = [dict(parse_qsl(call.body.decode()))["client_assertion"] for call in world.http.calls]
        assert 2 == len(set(sent))

    asyncio.run(scenario())


def test_the_metadatas_methods_are_for_the_metadatas_endpoint() -> None:
    """A configured endpoint is called as configured."""

    async def scenario() -> None:
        world = BearerWorld()
        world.http.answers[DISCOVERY] = answer_discovery(
            introspection_endpoint_auth_methods_supported=["client_secret_post"]
        )
        verifier = make(world, introspection_endpoint=None)
        await judge(world, verifier)
        await judge(world, verifier, "another")
        assert ["client_authentication_replaced"] == world.log.codes
        await judge(world, make(world), "other")
        calls = [call for call in world.http.calls if call.url == INTROSPECTION]
        assert [False, False, True] == ["Authorization" in dict(call.headers) for call in calls]

    asyncio.run(scenario())
