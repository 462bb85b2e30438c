"""The verdict on a request with a bearer token."""

import asyncio
from typing import Any

import pytest

from ostiary.http.request import Request
from ostiary.plugin import Admit, Pending, Reply
from ostiary.resource_server import verifier as subject
from tests.fakes.bearers import BearerWorld
from tests.fakes.issuer import NOW, access_claims, sign
from tests.fakes.requests import make_request


def test_a_request_without_a_bearer_token_is_none_of_its_business() -> None:
    """No header, or another scheme: the caller goes on."""
    world = BearerWorld()
    verifier = world.verifier(use_jwks=True)

    assert verifier.decide(world.request(), NOW) is None
    assert verifier.decide(world.request(authorization="Basic c2hvcDpzM2NyZXQ="), NOW) is None
    assert (401, 'Bearer realm="apisix"') == (
        verifier.missing_token_reply.status,
        dict(verifier.missing_token_reply.headers)["WWW-Authenticate"],
    )


@pytest.mark.parametrize("value", ["foo", "Bearer", "Bearer  two-spaces", "Bearer a b", "Bearer a,b", "Basic"])
@pytest.mark.parametrize("mode", [{"use_jwks": True}, {"introspection_endpoint": "https://issuer.example/i"}])
def test_a_malformed_header_is_400(value: str, mode: dict[str, Any]) -> None:
    """In every mode, and before anybody is asked."""
    world = BearerWorld()
    verdict = world.verifier(**mode).decide(world.request(authorization=value), NOW)

    assert isinstance(verdict, Reply)
    assert (400, "authorization_malformed", []) == (verdict.status, verdict.reason, world.http.calls)


def test_a_token_elsewhere_is_no_token() -> None:
    """Neither a query nor a header of another name is read."""
    world = BearerWorld()
    request = make_request("GET", "/?access_token=abc", {"X-Access-Token": sign(access_claims())})

    assert world.verifier(use_jwks=True).decide(request, NOW) is None


def test_a_repeated_token_is_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The very same verdict, without any parsing, whatever the scheme's case."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True)
        token = sign(access_claims())
        first = await world.settle(verifier, world.request(token))
        other = await world.settle(verifier, world.request(authorization=f"bearer {token}"))
        assert isinstance(first, Admit)
        assert isinstance(other, Admit)

        def refuse(value: bytes) -> bytes:
            raise AssertionError(value)

        monkeypatch.setattr(subject, "parse_authorization", refuse)
        assert first is verifier.decide(world.request(token), NOW + 299)
        assert other is verifier.decide(world.request(authorization=f"bearer {token}"), NOW)

    asyncio.run(scenario())


def test_a_remembered_token_is_over_when_it_is_over() -> None:
    """Every hit looks at the time: with the tolerance gone, the token is refused."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True)
        request = world.request(sign(access_claims()))
        await world.settle(verifier, request)

        assert isinstance(verifier.decide(request, NOW + 300), Admit)
        late = verifier.decide(request, NOW + 420)
        assert isinstance(late, Reply)
        assert "token_expired" == late.reason

    asyncio.run(scenario())


def test_one_bit_of_difference_is_another_token() -> None:
    """Nothing is remembered for what merely looks like a good token."""

    async def scenario() -> None:
        world = BearerWorld()
        verifier = world.verifier(use_jwks=True)
        token = sign(access_claims())
        await world.settle(verifier, world.request(token))
        head, _, tail = token.rpartition(".")
        flipped = "B" if tail.startswith("A") else "A"
        for other in (f"{head}.{tail[:-4]}", f"{token}=", f"{head}.{flipped}{tail[1:]}", token.swapcase()):
            verdict = verifier.decide(world.request(other), NOW)
            assert isinstance(verdict, Reply)
            assert 401 == verdict.status

    asyncio.run(scenario())


def test_instances_do_not_share_what_they_remember() -> None:
    """Another route has other scopes, another realm, another header."""

    async def scenario() -> None:
        world = BearerWorld()
        request = world.request(sign(access_claims(scope="a")))
        lenient = world.verifier(use_jwks=True)
        strict = world.verifier(use_jwks=True, required_scopes=("b",))
        assert isinstance(await world.settle(lenient, request), Admit)
        for _ in range(2):
            refused = strict.decide(request, NOW)
            assert isinstance(refused, Reply)
            assert 403 == refused.status
        assert isinstance(lenient.decide(request, NOW), Admit)

    asyncio.run(scenario())


def test_public_key_and_jwks_win_over_introspection() -> None:
    """In that order, as the documents say."""

    async def decide(request: Request, **settings: Any) -> str:
        world = BearerWorld()
        verdict = await world.settle(world.verifier(**settings), request)
        assert isinstance(verdict, Admit | Reply)
        return verdict.reason

    request = BearerWorld.request(sign(access_claims()))
    both = {"use_jwks": True, "introspection_endpoint": "https://issuer.example/i"}
    assert "bearer_verified" == asyncio.run(decide(request, **both))
    assert "token_inactive" == asyncio.run(decide(request))


def test_a_pending_verdict_reads_no_body() -> None:
    """The host need not wait for one."""
    world = BearerWorld()
    verdict = world.verifier().decide(world.request("opaque"), NOW)

    assert isinstance(verdict, Pending)
    assert 0 == verdict.body_limit_bytes
