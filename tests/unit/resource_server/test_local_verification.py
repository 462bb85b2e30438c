"""Bearer tokens verified here."""

import asyncio
from typing import Any

import pytest
from joserfc.jwk import OctKey

from ostiary.errors import OperatorFault, ProviderFault
from ostiary.identity.algorithms import ASYMMETRIC, SYMMETRIC
from ostiary.plugin import Admit, Pending, Reply, Settled
from ostiary.resource_server.local_verification import MAX_REMEMBERED_S
from ostiary.resource_server.verifier import BearerVerifier
from tests.fakes.bearers import BearerWorld
from tests.fakes.issuer import (
    DISCOVERY,
    ISSUER,
    JWKS_URI,
    NOW,
    access_claims,
    answer_discovery,
    answer_keys,
    assemble,
    make_key,
    public_pem,
    publish,
    sign,
)

PEM = public_pem(make_key()).decode()


async def warm(world: BearerWorld, **settings: Any) -> BearerVerifier:
    """Build a verifier whose provider is in memory."""
    verifier = world.verifier(use_jwks=True, **settings)
    await world.provider.load_keys(world.clock.now())
    return verifier


def outcome(verdict: Settled | Pending | None) -> str:
    """Return a verdict's reason code."""
    assert isinstance(verdict, Admit | Reply)
    return verdict.reason


def test_the_first_token_waits_for_the_keys_and_the_next_for_nothing() -> None:
    """A hundred first requests are one discovery and one JWKS; with keys in memory a new token is judged inline."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True)
        requests = [world.request(sign(access_claims(jti=str(number)))) for number in range(100)]
        verdicts = await asyncio.gather(*(world.settle(verifier, request) for request in requests))
        assert ["bearer_verified"] * 100 == [outcome(verdict) for verdict in verdicts]
        assert (1, 1) == (world.http.count(DISCOVERY), world.http.count(JWKS_URI))

        spawned = len(world.spawner.names)
        fresh = verifier.decide(world.request(sign(access_claims(jti="new"))), NOW)
        assert "bearer_verified" == outcome(fresh)
        assert spawned == len(world.spawner.names)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("invalid-access-token", "token_malformed"),
        (assemble({"alg": "none"}, access_claims()), "token_algorithm"),
        (sign(access_claims(), make_key(number=1)), "token_signature"),
        (sign(access_claims(exp=int(NOW) - 200)), "token_expired"),
        (sign(access_claims(iss="https://evil.example")), "token_issuer"),
        (sign(access_claims(sub=7)), "token_claim"),
        (sign(access_claims(azp=7)), "token_claim"),
    ],
)
def test_a_bad_token_is_401_at_once(token: str, reason: str) -> None:
    """Whether the keys are in memory or come first."""

    async def scenario() -> None:
        world = BearerWorld()
        cold = await world.settle(world.verifier(use_jwks=True), world.request(token))
        verdict = (await warm(world)).decide(world.request(token), NOW)
        assert isinstance(cold, Reply)
        assert isinstance(verdict, Reply)
        assert (401, reason, 401, reason) == (verdict.status, verdict.reason, cold.status, cold.reason)

    asyncio.run(scenario())


def test_what_is_no_token_asks_no_provider() -> None:
    """Garbage is refused before anything is fetched."""
    world = BearerWorld()
    verdict = world.verifier(use_jwks=True).decide(world.request("invalid-access-token"), NOW)

    assert "token_malformed" == outcome(verdict)
    assert [] == world.http.calls


def test_a_rotated_key_is_met_by_the_first_token_that_shows_it() -> None:
    """Old and new tokens pass while both keys are published."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = await warm(world)
        rotated = make_key(number=1)
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key()), publish(rotated, "key-2"))
        verdicts = await asyncio.gather(
            *(world.settle(verifier, world.request(sign(access_claims(n=n), rotated, kid="key-2"))) for n in range(50))
        )

        assert {"bearer_verified"} == {outcome(verdict) for verdict in verdicts}
        assert 2 == world.http.count(JWKS_URI)
        assert "bearer_verified" == outcome(verifier.decide(world.request(sign(access_claims())), NOW))

    asyncio.run(scenario())


def test_a_flood_of_unknown_keys_is_refused_without_a_call_each() -> None:
    """One fetch, then 401 at once."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = await warm(world)
        for number in range(50):
            token = sign(access_claims(), make_key(number=1), kid=f"bogus-{number}")
            assert "token_key_unknown" == outcome(await world.settle(verifier, world.request(token)))

        assert 2 == world.http.count(JWKS_URI)

    asyncio.run(scenario())


def test_a_key_that_is_still_unknown_after_a_first_fetch_is_refused() -> None:
    """The keys that just came are not fetched again."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True)
        verdict = await world.settle(verifier, world.request(sign(access_claims(), kid="key-2")))

        assert ("token_key_unknown", 1) == (outcome(verdict), world.http.count(JWKS_URI))

    asyncio.run(scenario())


def test_a_provider_that_is_down_is_a_fault_and_not_a_bad_token() -> None:
    """The host answers 503: a client would throw a good token away. What is in memory goes on working."""

    async def scenario() -> None:
        world = BearerWorld()
        world.http.answers.clear()
        verifier = world.verifier(use_jwks=True)
        for _ in range(2):
            with pytest.raises(ProviderFault) as caught:
                await world.settle(verifier, world.request(sign(access_claims())))
            assert caught.value.passing

        world = BearerWorld()
        verifier = await warm(world)
        world.http.answers.clear()
        world.clock.advance(3600)
        token = sign(access_claims(world.clock.now()))
        assert "bearer_verified" == outcome(await world.settle(verifier, world.request(token)))
        with pytest.raises(ProviderFault):
            await world.settle(verifier, world.request(sign(access_claims(world.clock.now()), kid="key-2")))

    asyncio.run(scenario())


def test_a_withdrawn_key_stops_working_for_remembered_tokens_too() -> None:
    """Within the time that a verdict is remembered."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = await warm(world)
        request = world.request(sign(access_claims(exp=int(NOW) + 86_400)))
        first = verifier.decide(request, NOW)
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key(number=1), "key-2"))
        await world.provider.refresh_keys(NOW, "key-2")
        assert first is verifier.decide(request, NOW + MAX_REMEMBERED_S - 1)
        world.clock.advance(MAX_REMEMBERED_S)
        assert "token_key_unknown" == outcome(await world.settle(verifier, request))

    asyncio.run(scenario())


def test_a_key_that_is_seen_to_be_gone_takes_its_remembered_tokens_along_at_once() -> None:
    """Found end to end: a token of the new key has the keys fetched, and what the old one signed is proven again.

    Where the old key is still there, nothing is forgotten.
    """

    async def scenario() -> None:
        for keeps_old, reason in ((False, "token_key_unknown"), (True, "bearer_verified")):
            world = BearerWorld()
            verifier = await warm(world)
            shown = world.request(sign(access_claims()))
            assert "bearer_verified" == outcome(await world.settle(verifier, shown))
            rotated = make_key(number=1)
            kept = (publish(make_key()),) if keeps_old else ()
            world.http.answers[JWKS_URI] = answer_keys(publish(rotated, "key-2"), *kept)
            fresh = world.request(sign(access_claims(), rotated, kid="key-2"))
            assert "bearer_verified" == outcome(await world.settle(verifier, fresh))
            assert reason == outcome(await world.settle(verifier, shown))

    asyncio.run(scenario())


def test_an_issuer_that_moves_is_followed() -> None:
    """Metadata that was loaded anew counts from the next token on."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = await warm(world)
        assert "token_issuer" == outcome(verifier.decide(world.request(sign(access_claims(iss=f"{ISSUER}/"))), NOW))
        world.http.answers[DISCOVERY] = answer_discovery(issuer=f"{ISSUER}/")
        await world.provider._metadata.refresh()
        accepted = verifier.decide(world.request(sign(access_claims(iss=f"{ISSUER}/"))), NOW)
        assert "bearer_verified" == outcome(accepted)

    asyncio.run(scenario())


def test_a_public_key_needs_no_keys_of_the_provider() -> None:
    """Only its issuer; and nothing at all where the issuers are configured."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(public_key=PEM)
        assert "bearer_verified" == outcome(await world.settle(verifier, world.request(sign(access_claims()))))
        assert (1, 0) == (world.http.count(DISCOVERY), world.http.count(JWKS_URI))

        alone = BearerWorld()
        verifier = alone.verifier(public_key=PEM, issuers=(ISSUER,))
        assert "bearer_verified" == outcome(verifier.decide(alone.request(sign(access_claims(), kid="any")), NOW))
        forged = sign(access_claims(), make_key(number=1), kid=None)
        assert "token_signature" == outcome(verifier.decide(alone.request(forged), NOW))
        assert [] == alone.http.calls

    asyncio.run(scenario())


def test_a_public_key_wins_over_the_published_ones() -> None:
    """`use_jwks` beside it changes nothing."""

    async def scenario() -> None:
        world = BearerWorld()
        world.http.answers[JWKS_URI] = answer_keys(publish(make_key(number=1)))
        verifier = world.verifier(public_key=PEM, use_jwks=True)
        assert "bearer_verified" == outcome(await world.settle(verifier, world.request(sign(access_claims()))))

    asyncio.run(scenario())


def test_configured_issuers_replace_the_providers() -> None:
    """The keys still come from it."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True, issuers=("https://other.example",))
        other = world.request(sign(access_claims(iss="https://other.example")))
        assert "bearer_verified" == outcome(await world.settle(verifier, other))
        assert "token_issuer" == outcome(verifier.decide(world.request(sign(access_claims())), NOW))

    asyncio.run(scenario())


def test_a_key_that_cannot_be_read_is_the_operators_fault() -> None:
    """When the configuration is built."""
    with pytest.raises(OperatorFault, match="public_key_invalid"):
        BearerWorld().verifier(public_key="not a key")


def test_the_algorithm_and_the_tolerance_are_those_of_the_settings() -> None:
    """`token_signing_alg_values_expected` and `iat_slack`."""

    async def scenario() -> None:
        world = BearerWorld()
        strict = await warm(world, algorithm="ES256", slack_s=10.0)
        assert "token_algorithm" == outcome(strict.decide(world.request(sign(access_claims())), NOW))
        exact = await warm(world, slack_s=10.0)
        late = world.request(sign(access_claims(exp=int(NOW) - 11)))
        assert "token_expired" == outcome(exact.decide(late, NOW))

    asyncio.run(scenario())


SIGNERS: dict[str, tuple[str, str | int]] = {
    **dict.fromkeys(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], ("RSA", 2048)),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"), "ES256K": ("EC", "secp256k1"),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"), "Ed448": ("OKP", "Ed448"),
}  # fmt: skip


@pytest.mark.parametrize("algorithm", sorted(ASYMMETRIC))
def test_every_registered_asymmetric_algorithm_admits(algorithm: str) -> None:
    """By published keys, by the operator's PEM, and where it is the one that is expected."""

    async def scenario() -> None:
        world = BearerWorld()
        key = make_key(*SIGNERS[algorithm])
        world.http.answers[JWKS_URI] = answer_keys(publish(key))
        request = world.request(sign(access_claims(), key, alg=algorithm))
        assert "bearer_verified" == outcome((await warm(world, algorithm=algorithm)).decide(request, NOW))
        pinned = world.verifier(public_key=public_pem(key).decode(), issuers=(ISSUER,))
        assert "bearer_verified" == outcome(pinned.decide(request, NOW))

    asyncio.run(scenario())


@pytest.mark.parametrize("algorithm", sorted(SYMMETRIC))
@pytest.mark.parametrize("secret", [b"s" * 64, PEM.encode(), PEM.strip().encode()])
def test_an_hmac_on_a_bearer_token_is_always_refused(algorithm: str, secret: bytes) -> None:
    """With the client's secret, with the public key as its secret, and also where somebody expects it."""

    async def scenario() -> None:
        world = BearerWorld()
        request = world.request(sign(access_claims(), OctKey(secret, None), alg=algorithm))
        for settings in ({}, {"algorithm": algorithm}, {"public_key": PEM}):
            assert "token_algorithm" == outcome((await warm(world, **settings)).decide(request, NOW))

    asyncio.run(scenario())


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
def test_a_bearer_token_without_a_signature_is_always_refused(algorithm: str) -> None:
    """No setting opens this door: `accept_none_alg` is not among those of bearer tokens."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = await warm(world)
        for signature in (b"", b"x"):
            request = world.request(assemble({"alg": algorithm}, access_claims(), signature))
            assert outcome(verifier.decide(request, NOW)) in {"token_malformed", "token_algorithm"}

    asyncio.run(scenario())


def test_with_nothing_remembered_every_request_is_judged() -> None:
    """A key that its issuer withdraws stops working at once."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = await warm(world, remembers=False)
        request = world.request(sign(access_claims()))
        first, second = verifier.decide(request, NOW), verifier.decide(request, NOW)
        assert ("bearer_verified", "bearer_verified") == (outcome(first), outcome(second))
        assert first is not second

    asyncio.run(scenario())
