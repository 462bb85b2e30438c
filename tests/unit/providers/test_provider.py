"""One identity provider as we know it."""

import asyncio
from typing import Any

import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.http.proxies import Proxy, ProxySettings, parse_exclusions
from ostiary.identity.metadata import Endpoints, override_endpoints
from ostiary.providers.provider import (
    FORCED_REFRESH_PAUSE_S,
    KEYS_FRESH_S,
    MAX_CALLS,
    MAX_UNKNOWN_KIDS,
    METADATA_FRESH_S,
    UNKNOWN_KID_S,
    Provider,
    ProviderSettings,
)
from ostiary.providers.remembered import ProviderPorts
from tests.fakes.clock import FakeClock
from tests.fakes.http_client import FakeHttpClient
from tests.fakes.issuer import DISCOVERY, ISSUER, JWKS_URI, answer_discovery, answer_keys, make_key, publish
from tests.fakes.log import FakeLog
from tests.fakes.loop_time import run_patiently
from tests.fakes.spawner import FakeSpawner

DOWN = ProviderFault("provider_refused", "nobody there")


class World:
    """A provider that answers well, and ours that knows nothing of it yet."""

    def __init__(self, **settings: Any) -> None:
        self.http = FakeHttpClient({DISCOVERY: answer_discovery(), JWKS_URI: answer_keys()})
        self.clock = FakeClock()
        self.log = FakeLog()
        self.spawner = FakeSpawner()
        ports = ProviderPorts(http=self.http, clock=self.clock, spawner=self.spawner, log=self.log)
        self.provider = Provider(ProviderSettings(discovery=DISCOVERY, **settings), ports)

    @property
    def now(self) -> float:
        """The time."""
        return self.clock.now()

    @property
    def fetches(self) -> tuple[int, int]:
        """How often discovery and keys were fetched."""
        return self.http.count(DISCOVERY), self.http.count(JWKS_URI)


def test_nothing_is_known_or_fetched_at_first() -> None:
    """Making a provider is no network I/O."""
    world = World()

    assert (None, None) == (world.provider.metadata(world.now), world.provider.keys(world.now))
    assert (0, 0) == world.fetches


def test_a_hundred_first_requests_fetch_each_document_once() -> None:
    """Whoever needs keys needs the metadata first."""

    async def scenario() -> None:
        world = World()
        world.http.hold()
        waiting = [asyncio.create_task(world.provider.load_keys(world.now)) for _ in range(50)]
        metadata = [asyncio.create_task(world.provider.load_metadata(world.now)) for _ in range(50)]
        await asyncio.sleep(0.01)
        assert (1, 0) == world.fetches
        world.http.release()
        keys = await asyncio.gather(*waiting)

        assert {ISSUER} == {answer.issuer for answer in await asyncio.gather(*metadata)}
        assert {id(world.provider.keys(world.now))} == {id(answer) for answer in keys}
        assert (1, 1) == world.fetches

    run_patiently(scenario())


def test_a_provider_that_goes_down_costs_nothing_that_is_known() -> None:
    """Metadata and keys in memory stay good; one line per failed refresh says so."""

    async def scenario() -> None:
        world = World()
        keys = await world.provider.load_keys(world.now)
        world.http.answers = {DISCOVERY: DOWN, JWKS_URI: DOWN}
        world.clock.advance(METADATA_FRESH_S)
        for _ in range(5):
            assert world.provider.keys(world.now) is keys
            assert world.provider.metadata(world.now) is not None
            await world.spawner.settle()

        assert (2, 2) == world.fetches
        assert ["provider_unavailable"] * 2 == world.log.codes
        assert keys is await world.provider.load_keys(world.now)

    asyncio.run(scenario())


def test_keys_are_refreshed_beside_the_requests() -> None:
    """Ten minutes after they came, so that a withdrawn key leaves soon."""

    async def scenario() -> None:
        world = World()
        old = await world.provider.load_keys(world.now)
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key(number=1), "key-2"))
        world.clock.advance(KEYS_FRESH_S)
        assert world.provider.keys(world.now) is old
        await world.spawner.settle()
        new = world.provider.keys(world.now)

        assert new is not None
        assert (False, True) == (new.has("key-1"), new.has("key-2"))

    asyncio.run(scenario())


def test_keys_that_nobody_confirms_any_more_are_not_used() -> None:
    """`keys_expire_s` is the last day of a key whose provider is gone; also when it is shorter than ten minutes."""

    async def scenario() -> None:
        world = World(keys_expire_s=60.0)
        await world.provider.load_keys(world.now)
        world.http.answers = {JWKS_URI: DOWN}
        world.clock.advance(59.9)
        assert world.provider.keys(world.now) is not None
        world.clock.advance(0.1)
        assert world.provider.keys(world.now) is None
        with pytest.raises(ProviderFault):
            await world.provider.load_keys(world.now)

    asyncio.run(scenario())


def test_a_new_key_id_fetches_the_keys_again_at_once() -> None:
    """The first time; a rotation is met by the first token that shows it."""

    async def scenario() -> None:
        world = World()
        await world.provider.load_keys(world.now)
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key(number=1), "key-2"))
        assert world.provider.may_refresh_keys("key-2", world.now)
        keys = await world.provider.load_keys(world.now, "key-2")

        assert keys.has("key-2")
        assert (1, 2) == world.fetches
        assert keys is await world.provider.load_keys(world.now, "key-2")
        assert (1, 2) == world.fetches

    asyncio.run(scenario())


def test_a_rotation_in_a_storm_is_one_fetch() -> None:
    """Who comes while it is in the air waits for it instead of being refused."""

    async def scenario() -> None:
        world = World()
        await world.provider.load_keys(world.now)
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key(number=1), "key-2"))
        world.http.hold()
        waiting = []
        for _ in range(100):
            assert world.provider.may_refresh_keys("key-2", world.now)
            waiting.append(asyncio.create_task(world.provider.load_keys(world.now, "key-2")))
            await asyncio.sleep(0)
        world.http.release()

        assert all(keys.has("key-2") for keys in await asyncio.gather(*waiting))
        assert (1, 2) == world.fetches

    asyncio.run(scenario())


def test_a_flood_of_unknown_key_ids_fetches_once_in_30_seconds() -> None:
    """Bogus tokens do not drive traffic to the provider."""

    async def scenario() -> None:
        world = World()
        await world.provider.load_keys(world.now)
        for second in range(90):
            for number in range(10):
                await world.provider.load_keys(world.now, f"bogus-{second}-{number}")
            world.clock.advance(1.0)

        assert (1, 1 + 90 // int(FORCED_REFRESH_PAUSE_S)) == world.fetches
        assert len(world.provider._unknown_kids) <= MAX_UNKNOWN_KIDS

    asyncio.run(scenario())


def test_a_key_id_that_is_unknown_to_the_provider_is_remembered_as_such() -> None:
    """For a minute it fetches nothing, even where a fetch would be due."""

    async def scenario() -> None:
        world = World()
        await world.provider.load_keys(world.now)
        await world.provider.load_keys(world.now, "bogus")
        world.clock.advance(FORCED_REFRESH_PAUSE_S)
        assert (False, True) == (
            world.provider.may_refresh_keys("bogus", world.now),
            world.provider.may_refresh_keys("another", world.now),
        )
        world.clock.advance(UNKNOWN_KID_S - FORCED_REFRESH_PAUSE_S)
        assert world.provider.may_refresh_keys("bogus", world.now)
        assert world.provider.may_refresh_keys(None, world.now)

    asyncio.run(scenario())


def test_a_token_without_a_key_id_may_refresh_the_keys_too() -> None:
    """With the same pause; nothing is remembered about it."""

    async def scenario() -> None:
        world = World()
        await world.provider.load_keys(world.now)
        await world.provider.refresh_keys(world.now, None)

        assert not world.provider.may_refresh_keys(None, world.now)
        assert ((1, 2), 0) == (world.fetches, len(world.provider._unknown_kids))

    asyncio.run(scenario())


def test_an_unknown_key_while_the_provider_is_down_is_its_fault_and_costs_no_key() -> None:
    """One bogus token during an outage logs nobody out."""

    async def scenario() -> None:
        world = World()
        keys = await world.provider.load_keys(world.now)
        world.http.answers[JWKS_URI] = OutboundResponse(status=200, body=b'{"keys":[]}')
        with pytest.raises(ProviderFault):
            await world.provider.load_keys(world.now, "bogus")

        assert keys is world.provider.keys(world.now)
        assert keys is await world.provider.load_keys(world.now, "bogus")
        assert (1, 2) == world.fetches

    asyncio.run(scenario())


def test_keys_that_are_left_out_are_told() -> None:
    """With their reason, once per fetch."""

    async def scenario() -> None:
        world = World()
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key()), {"kty": "oct", "k": "c2VjcmV0"})
        await world.provider.load_keys(world.now)

        assert ["provider_key_ignored"] == world.log.codes
        assert "c2VjcmV0" not in world.log.text

    asyncio.run(scenario())


def test_a_provider_without_keys_says_so() -> None:
    """That does not pass by itself."""

    async def scenario() -> None:
        world = World()
        world.http.answers[DISCOVERY] = answer_discovery(jwks_uri=None)
        with pytest.raises(ProviderFault) as caught:
            await world.provider.load_keys(world.now)
        assert ("provider_keys_missing", False) == (caught.value.code, caught.value.passing)

    asyncio.run(scenario())


def test_an_issuer_that_changes_is_not_believed() -> None:
    """What is known stays; what the operator vouched for is fine."""

    async def scenario() -> None:
        world = World()
        known = await world.provider.load_metadata(world.now)
        world.http.answers[DISCOVERY] = answer_discovery(issuer="https://evil.example")
        world.clock.advance(METADATA_FRESH_S)
        world.provider.metadata(world.now)
        await world.spawner.settle()
        assert known is world.provider.metadata(world.now)
        assert "issuer_mismatch" == world.log.events[0].fields["fault"]

        vouching = World(issuers=("https://evil.example",))
        vouching.http.answers[DISCOVERY] = answer_discovery(issuer="https://evil.example")
        assert "https://evil.example" == (await vouching.provider.load_metadata(world.now)).issuer

    asyncio.run(scenario())


def test_calls_have_the_settings_limits_whatever_the_request_says() -> None:
    """Time and TLS are the operator's, sizes the request's own."""

    async def scenario() -> None:
        world = World(timeout_s=7.0, tls_verify=False)
        world.http.answers["https://issuer.example/token"] = OutboundResponse(status=200)
        await world.provider.call(
            OutboundRequest(method="POST", url="https://issuer.example/token", timeout_s=99.0, max_body_bytes=5)
        )
        (call,) = world.http.calls

        assert (False, 5, b"") == (call.tls_verify, call.max_body_bytes, call.body)
        assert 6.0 < call.timeout_s <= 7.0

    asyncio.run(scenario())


def test_at_most_eight_calls_are_in_the_air() -> None:
    """The others wait for their turn; a slow provider takes no more of us than that."""

    async def scenario() -> None:
        world = World()
        url = "https://issuer.example/token"
        world.http.answers[url] = OutboundResponse(status=200)
        world.http.hold()
        calls = [asyncio.create_task(world.provider.call(OutboundRequest(method="POST", url=url))) for _ in range(30)]
        await asyncio.sleep(0.01)
        assert MAX_CALLS == world.http.in_the_air
        world.http.release()
        await asyncio.gather(*calls)

        assert (MAX_CALLS, 30) == (world.http.most_in_the_air, world.http.count(url))

    run_patiently(scenario())


def test_who_gets_no_turn_in_time_is_told_that_the_provider_is_busy() -> None:
    """And a call that fails gives its turn back."""

    async def scenario() -> None:
        world = World(timeout_s=0.02)
        url = "https://issuer.example/token"
        world.http.hold()
        calls = [
            asyncio.create_task(world.provider.call(OutboundRequest(method="POST", url=url))) for _ in range(MAX_CALLS)
        ]
        await asyncio.sleep(0)
        with pytest.raises(ProviderFault) as caught:
            await world.provider.call(OutboundRequest(method="POST", url=url))
        assert ("provider_busy", True) == (caught.value.code, caught.value.passing)
        world.http.release()
        faults = await asyncio.gather(*calls, return_exceptions=True)
        assert {"provider_refused"} == {fault.code for fault in faults if isinstance(fault, ProviderFault)}

        world.http.answers[url] = OutboundResponse(status=204)
        assert 204 == (await world.provider.call(OutboundRequest(method="POST", url=url))).status

    run_patiently(scenario())


def test_the_operators_endpoints_stand_in_place_of_the_providers() -> None:
    """Whoever asks for metadata gets them merged; the rest, the issuer above all, is the provider's own."""
    endpoints = Endpoints(token_endpoint="https://internal.example/token", jwks_uri="https://internal.example/keys")

    async def scenario() -> None:
        world = World(endpoints=endpoints)
        own = world.provider
        metadata = await own.load_metadata(world.now)
        plain = await World().provider.load_metadata(world.now)

        assert override_endpoints(plain, endpoints) == metadata == own.metadata(world.now)
        assert (ISSUER, plain.authorization_endpoint) == (metadata.issuer, metadata.authorization_endpoint)
        world.http.answers["https://internal.example/keys"] = answer_keys()
        assert len(await own.load_keys(world.now)) == 1
        assert (1, 0) == world.fetches

    asyncio.run(scenario())


def test_keys_are_found_where_the_operator_says_though_the_metadata_names_none() -> None:
    """And without that the fault says what to write."""

    async def scenario() -> None:
        for endpoints, found in ((Endpoints(jwks_uri=JWKS_URI), True), (Endpoints(), False)):
            world = World(endpoints=endpoints)
            world.http.answers[DISCOVERY] = answer_discovery(jwks_uri=None)
            if found:
                assert len(await world.provider.load_keys(world.now)) == 1
                continue
            with pytest.raises(ProviderFault, match="write it as jwks_uri") as missing:
                await world.provider.load_keys(world.now)
            assert ("provider_keys_missing", False) == (missing.value.code, missing.value.passing)

    asyncio.run(scenario())


def test_calls_carry_the_trust_and_the_proxy_of_the_settings() -> None:
    """By the scheme and host of each call, whatever the request said."""
    proxy = Proxy("http://proxy.example:3128", "Basic YTpi")
    proxies = ProxySettings(https=proxy, excluded=parse_exclusions("direct.example"))

    async def scenario() -> None:
        world = World(proxies=proxies, trusted_certificates="PEM", tls_verify=False)
        for url in (DISCOVERY, "https://direct.example/", "http://plain.example/"):
            world.http.answers[url] = OutboundResponse(status=204)
            await world.provider.call(OutboundRequest(method="GET", url=url, proxy=Proxy("http://other.example")))

        assert [proxy, None, None] == [call.proxy for call in world.http.calls]
        assert {("PEM", False)} == {(call.trusted_certificates, call.tls_verify) for call in world.http.calls}

    asyncio.run(scenario())


def test_calls_go_to_the_addresses_of_the_service() -> None:
    """In the name of the URL."""
    world = World(addresses=(("127.0.0.1", 9090),))
    asyncio.run(world.provider.load_metadata(world.now))

    assert [(("127.0.0.1", 9090),)] == [request.addresses for request in world.http.calls]


def test_a_provider_that_is_not_asked_is_what_the_operator_wrote() -> None:
    """No call is made; what is no URL is told."""
    endpoints = Endpoints(token_endpoint=f"{ISSUER}/token")
    world = World(discovers=False, issuers=(ISSUER,), endpoints=endpoints)
    metadata = asyncio.run(world.provider.load_metadata(world.now))

    assert (ISSUER, f"{ISSUER}/token", None) == (metadata.issuer, metadata.token_endpoint, metadata.jwks_uri)
    assert [] == world.http.calls
    wrong = World(discovers=False, issuers=("nonsense",))
    with pytest.raises(ProviderFault, match="metadata_answer_invalid"):
        asyncio.run(wrong.provider.load_metadata(wrong.now))
