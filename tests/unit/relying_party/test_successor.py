"""A session's successor: what the provider is asked at a refresh, and what comes of its answer."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ostiary.errors import ProviderFault
from ostiary.identity.jose import TokenRefused
from ostiary.identity.session import Session
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.successor import SuccessorMaker
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import CLIENT_ID
from tests.fakes.relying_parties import make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import TOKEN_ENDPOINT, USERINFO_ENDPOINT, SignInWorld

RECORD = make_session(
    subject="user-1", refresh_token="a-refresh-token", id_token_claims={"sub": "user-1"}, userinfo={"sub": "user-1"}
)


def refresh(world: SignInWorld, record: Session = RECORD, **changes: Any) -> Session:
    """Refresh a session at a provider that knows its refresh token."""
    world.refresh_tokens["a-refresh-token"] = CLIENT_ID
    settings = make_settings(**changes)
    provider = world.providers.provider(ProviderSettings(discovery=settings.discovery))
    services = world.services()
    return asyncio.run(SuccessorMaker(settings, ProviderCalls(settings, provider, services), services).make(record))


def test_a_refresh_token_is_used_once_and_replaced() -> None:
    """RFC 6749 §6: naming no scope, with the client's own authentication."""
    world = SignInWorld()
    successor = refresh(world, scope="openid email")
    (call,) = (call for call in world.http.calls if call.url == TOKEN_ENDPOINT)

    assert dict(parse_qsl(call.body.decode())) == {"grant_type": "refresh_token", "refresh_token": "a-refresh-token"}
    assert dict(call.headers)["Authorization"].startswith("Basic ")
    assert (successor.replaces, successor.access_token) == (RECORD.id, "an-access-token-after-1")
    assert successor.refresh_token not in {None, RECORD.refresh_token}
    assert world.refreshes == 1


def test_a_lifetime_counts_from_when_the_answer_came() -> None:
    """Not from when userinfo and keys were there."""
    world = SignInWorld()

    def dawdle(request: object) -> Any:
        world.clock.advance(30)
        return answer_json(world.userinfo)

    world.http.answers[USERINFO_ENDPOINT] = dawdle
    answered_at = world.clock.now()
    successor = refresh(world)

    assert answered_at + 30 == world.clock.now()
    assert (successor.authenticated_at, successor.access_token_expires_at) == (answered_at, answered_at + 300)


def test_what_is_said_about_a_person_is_asked_again() -> None:
    """With the new token; where no userinfo is kept nobody asks, and without an answer the old one stays."""
    world = SignInWorld()
    world.userinfo = {"sub": "user-1", "name": "New"}
    assert refresh(world).userinfo == world.userinfo
    (call,) = (call for call in world.http.calls if call.url == USERINFO_ENDPOINT)
    assert dict(call.headers)["Authorization"] == "Bearer an-access-token-after-1"

    world.http.answers[USERINFO_ENDPOINT] = answer_json({}, 500)
    assert refresh(world).userinfo == RECORD.userinfo

    asked = world.http.count(USERINFO_ENDPOINT)
    assert refresh(world, make_session(subject="user-1", refresh_token="a-refresh-token")).userinfo is None
    assert asked == world.http.count(USERINFO_ENDPOINT)


def test_userinfo_of_somebody_else_is_no_successor() -> None:
    """The session ends: it is a refusal, not a fault that passes."""
    world = SignInWorld()
    world.userinfo = {"sub": "mallory"}

    with pytest.raises(TokenRefused, match="token_subject"):
        refresh(world)


def test_a_new_id_token_has_to_be_this_persons() -> None:
    """OpenID Connect Core §12.2."""
    world = SignInWorld()
    world.refreshed_claims = {"sub": "mallory"}

    with pytest.raises(TokenRefused, match="token_subject"):
        refresh(world)


def test_a_refresh_without_a_new_id_token_keeps_the_old_one() -> None:
    """Many providers send none."""
    world = SignInWorld()
    world.refresh_changes = {"id_token": None}
    successor = refresh(world)

    assert (successor.id_token, successor.id_token_claims) == (RECORD.id_token, RECORD.id_token_claims)


@pytest.mark.parametrize(
    ("refusal", "detail"), [("invalid_grant", "invalid_grant"), ("temporarily_unavailable", "temporarily_unavailable")]
)
def test_a_refusal_is_told_with_the_providers_code(refusal: str, detail: str) -> None:
    """So that whoever asked can tell what is final."""
    world = SignInWorld()
    world.refresh_refusal = refusal

    with pytest.raises(ProviderFault, match="token_refused") as fault:
        refresh(world)
    assert detail == fault.value.detail


def test_a_provider_that_is_not_there_is_a_fault_that_passes() -> None:
    """Nothing was used up."""
    world = SignInWorld()
    world.take_down()

    with pytest.raises(ProviderFault) as fault:
        refresh(world)
    assert fault.value.passing
    assert world.refreshes == 0
