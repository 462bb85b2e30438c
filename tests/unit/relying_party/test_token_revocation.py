"""Telling the provider that tokens are no longer needed."""

import asyncio

import pytest

from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.token_client import TokenClient
from ostiary.relying_party.token_revocation import revoke_tokens
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import DISCOVERY
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import REVOCATION_ENDPOINT, SignInWorld

BOTH = {"refresh_token": "refresh", "access_token": "access"}


async def revoke(world: SignInWorld, **tokens: str | None) -> None:
    """Revoke the tokens of a session that has these."""
    world.publish(revocation_endpoint=REVOCATION_ENDPOINT)
    provider = world.providers.provider(ProviderSettings(discovery=DISCOVERY))
    client = TokenClient(make_settings().credentials, provider, world.services())
    metadata = await provider.load_metadata(world.clock.now())
    await revoke_tokens(make_session(**tokens), metadata, client, world.log)


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        (BOTH, [("refresh_token", "refresh"), ("access_token", "access")]),
        ({"refresh_token": None, "access_token": "access"}, [("access_token", "access")]),
        ({"refresh_token": None, "access_token": None}, []),
    ],
)
def test_what_a_session_has_is_revoked_the_refresh_token_first(
    tokens: dict[str, str | None], told: list[tuple[str, str]]
) -> None:
    """RFC 7009 §2.1."""
    world = SignInWorld()
    asyncio.run(revoke(world, **tokens))

    assert told == world.revoked


def test_a_failure_is_logged_and_stops_nothing() -> None:
    """One token may fail and the other go, and no token is in the log."""
    world = SignInWorld()
    asyncio.run(revoke(world))
    world.http.answers[REVOCATION_ENDPOINT] = answer_json({"error": "unsupported_token_type"}, 400)

    async def scene() -> None:
        provider = world.providers.provider(ProviderSettings(discovery=DISCOVERY))
        client = TokenClient(make_settings().credentials, provider, world.services())
        await revoke_tokens(make_session(**BOTH), await provider.load_metadata(world.clock.now()), client, world.log)

    asyncio.run(scene())
    assert world.log.codes == ["revocation_failed", "revocation_failed"]
    assert "refresh'" not in world.log.text
