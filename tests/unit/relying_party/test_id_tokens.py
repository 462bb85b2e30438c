"""ID tokens as a relying party meets them: at sign-in and at a refresh, with the operator's or the provider's keys."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from joserfc.jwk import Key

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.authorization import AuthorizedCallback, authorize, read_authorization_response
from ostiary.identity.id_token import VerifiedIdToken
from ostiary.identity.jose import TokenRefused
from ostiary.identity.keys import read_public_key
from ostiary.identity.login_flow import FLOW_VERSION, LoginFlow
from ostiary.identity.logout_token import VerifiedLogoutToken
from ostiary.identity.metadata import Metadata
from ostiary.identity.token_endpoint import TokenSet
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.id_tokens import IdTokens
from ostiary.relying_party.settings import IdTokenSettings
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import (
    CLIENT_ID,
    ISSUER,
    JWKS_URI,
    NOW,
    answer_keys,
    assemble,
    id_claims,
    logout_claims,
    make_key,
    public_pem,
    publish,
)
from tests.fakes.issuer import sign as sign_token
from tests.fakes.relying_parties import CALLBACK, make_settings
from tests.fakes.sessions import make_session
from tests.fakes.sign_in import USERINFO_ENDPOINT, SignInWorld

ALICE = make_session(subject="user-1")
OTHER = make_key(number=1)


class Client:
    """One client's ID tokens, and the provider that makes them."""

    def __init__(self, published: dict[str, Any] | None = None, **rules: Any) -> None:
        """Put the provider on the network; `rules` are those of `IdTokenSettings`."""
        self.world = SignInWorld()
        self.world.publish(**(published or {}))
        settings = make_settings(id_tokens=IdTokenSettings(**rules))
        self.provider = self.world.providers.provider(ProviderSettings(discovery=settings.discovery))
        self.id_tokens = IdTokens(settings, self.provider, self.world.services())

    async def metadata(self) -> Metadata:
        """Discover."""
        return await self.provider.load_metadata(NOW)

    async def log_in(self, raw: str | None) -> VerifiedIdToken:
        """Verify the ID token of a login with the nonce `nonce-1`."""
        metadata = await self.metadata()
        return await self.id_tokens.verify_login(make_tokens(raw), make_callback(metadata), metadata)

    async def refresh(self, raw: str | None) -> VerifiedIdToken | None:
        """Verify the ID token of a refresh of the session of `user-1`."""
        return await self.id_tokens.verify_refresh(make_tokens(raw), ALICE, await self.metadata())

    async def log_out(self, raw: str) -> VerifiedLogoutToken:
        """Verify a logout token."""
        return await self.id_tokens.verify_logout(raw, await self.metadata())


def make_tokens(raw: str | None) -> TokenSet:
    """Return an answer of the token endpoint."""
    return TokenSet(access_token="access", token_type="Bearer", id_token=raw)


def make_callback(metadata: Metadata) -> AuthorizedCallback:
    """Return a callback that passed its checks."""
    flow = LoginFlow(
        version=FLOW_VERSION, state="state-1", nonce="nonce-1", code_verifier=None, issuer=ISSUER, client_id=CLIENT_ID,
        redirect_uri=CALLBACK, return_to="/", created_at=NOW,
    )  # fmt: skip
    return authorize(read_authorization_response(b"code=code-1&state=state-1"), flow, metadata)


def sign(key: Key | None = None, kid: str | None = "key-1", **changes: Any) -> str:
    """Sign a good ID token with changes."""
    return sign_token(id_claims(**changes), key, kid=kid)


def refusal(work: Awaitable[object]) -> str:
    """Return the code of a refusal."""

    async def wait() -> None:
        await work

    with pytest.raises(TokenRefused) as refused:
        asyncio.run(wait())
    return refused.value.code


def test_a_login_needs_an_id_token() -> None:
    """OpenID Connect Core §3.1.3.3; a refresh does not."""
    client = Client()

    assert refusal(client.log_in(None)) == "id_token_missing"
    assert asyncio.run(client.refresh(None)) is None


def test_a_good_one_is_verified_in_both_places() -> None:
    """With the provider's published key, fetched once."""
    client = Client()

    async def visit() -> None:
        assert (await client.log_in(sign())).claims["sub"] == "user-1"
        refreshed = await client.refresh(sign(nonce=None))
        assert refreshed is not None
        assert refreshed.claims["sub"] == "user-1"

    asyncio.run(visit())
    assert client.world.http.count(JWKS_URI) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://other.example"}, "token_issuer"),
        ({"aud": "other"}, "token_audience"),
        ({"exp": int(NOW) - 500}, "token_expired"),
    ],
)
def test_the_same_checks_hold_in_both_places(changes: dict[str, Any], code: str) -> None:
    """What is refused at sign-in is refused at a refresh."""
    assert refusal(Client().log_in(sign(**changes))) == code
    assert refusal(Client().refresh(sign(**{"nonce": None, **changes}))) == code


def test_a_login_has_its_nonce() -> None:
    """A wrong one is always refused, a missing one where the operator says so."""
    assert refusal(Client().log_in(sign(nonce="other"))) == "token_nonce"
    assert asyncio.run(Client().log_in(sign(nonce=None))).claims
    assert refusal(Client(require_nonce=True).log_in(sign(nonce=None))) == "token_nonce"


def test_a_login_is_what_was_asked_for() -> None:
    """`acr_values` and `max_age`; a refresh asks for nothing of the kind, and the person is not there."""
    strict: dict[str, Any] = {"acr_values": frozenset({"gold", "silver"}), "max_age_s": 60.0}
    fresh: dict[str, Any] = {"auth_time": int(NOW) - 60}
    old: dict[str, Any] = {"auth_time": int(NOW) - 181}

    assert asyncio.run(Client(**strict).log_in(sign(acr="silver", **fresh))).claims
    assert refusal(Client(**strict).log_in(sign(**fresh))) == "token_acr"
    assert refusal(Client(**strict).log_in(sign(acr="bronze", **fresh))) == "token_acr"
    assert refusal(Client(**strict).log_in(sign(acr="gold"))) == "token_auth_time"
    assert refusal(Client(**strict).log_in(sign(acr="gold", **old))) == "token_auth_time"
    assert asyncio.run(Client(**strict).refresh(sign(nonce=None, **old))) is not None


def test_a_refresh_has_its_person() -> None:
    """OpenID Connect Core §12.2: the subject of the session, and no other; a login knows none yet."""
    assert refusal(Client().refresh(sign(sub="user-2", nonce=None))) == "token_subject"
    assert asyncio.run(Client().log_in(sign(sub="user-2"))).claims


def test_clocks_may_differ_by_the_slack() -> None:
    """`iat_slack`."""
    raw = sign(iat=int(NOW) + 100)

    assert asyncio.run(Client(slack_s=120.0).log_in(raw)).claims
    assert refusal(Client(slack_s=60.0).log_in(raw)) == "token_issued_at"


def test_an_unsigned_one_is_a_matter_of_configuration() -> None:
    """`accept_none_alg`: it came from the token endpoint over TLS."""
    raw = sign_token(id_claims(), header={"alg": "none", "kid": None}).rpartition(".")[0] + "."

    refusal(Client().log_in(raw))
    assert asyncio.run(Client(accept_unsigned=True).log_in(raw)).claims


def test_the_operators_key_goes_before_the_providers() -> None:
    """`public_key`: the provider's are not even asked for, whatever a token names."""
    key = read_public_key(public_pem(OTHER).decode())
    client = Client(key=key)

    assert asyncio.run(client.log_in(sign(OTHER))).claims
    refusal(client.log_in(sign()))
    refusal(client.log_in(sign(make_key(number=2), kid="key-9")))
    assert client.world.http.count(JWKS_URI) == 0


def test_a_key_that_is_new_is_looked_for_once() -> None:
    """The provider rotated: one more look, and no more for a while."""
    client = Client()

    async def visit() -> None:
        await client.log_in(sign())
        client.world.http.answers[JWKS_URI] = answer_keys(publish(OTHER, "key-2"))
        assert (await client.log_in(sign(OTHER, kid="key-2"))).claims
        with pytest.raises(TokenRefused):
            await client.log_in(sign(make_key(number=2), kid="key-3"))
        with pytest.raises(TokenRefused):
            await client.log_in(sign(make_key(number=2), kid="key-3"))

    asyncio.run(visit())
    assert client.world.http.count(JWKS_URI) <= 3


def test_keys_that_cannot_be_had_are_the_providers_fault() -> None:
    """Nobody is let in, and nobody is told that the token was wrong."""
    client = Client()
    del client.world.http.answers[JWKS_URI]

    with pytest.raises(ProviderFault) as fault:
        asyncio.run(client.log_in(sign()))
    assert fault.value.passing


def test_userinfo_is_the_persons_own() -> None:
    """OpenID Connect Core §5.3.4: of somebody else it is a fault, and without any the login goes on."""
    client = Client()

    async def fetch(subject: str) -> Any:
        return await client.id_tokens.fetch_userinfo("access", subject, await client.metadata(), "req-1")

    assert asyncio.run(fetch("user-1")) == client.world.userinfo
    with pytest.raises(ProviderFault, match="userinfo_subject_mismatch"):
        asyncio.run(fetch("user-2"))
    client.world.http.answers[USERINFO_ENDPOINT] = answer_json({}, 500)
    assert asyncio.run(fetch("user-1")) is None
    assert client.world.log.codes == ["userinfo_missing"]


def test_a_provider_without_userinfo_is_not_asked() -> None:
    """Its metadata name no endpoint."""
    client = Client({"userinfo_endpoint": None})

    async def fetch() -> Any:
        return await client.id_tokens.fetch_userinfo("access", "user-1", await client.metadata(), "req-1")

    assert asyncio.run(fetch()) is None
    assert client.world.http.count(USERINFO_ENDPOINT) == 0
    assert client.world.log.codes == []


def test_signed_userinfo_is_verified_with_the_same_keys() -> None:
    """A key that is new is looked for here too; another's signature gives no userinfo."""
    client = Client()
    claims = {"iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "name": "Signed"}

    def answer(key: Key, kid: str) -> OutboundResponse:
        body = sign_token(claims, key, kid=kid).encode()
        return OutboundResponse(status=200, headers=(("content-type", "application/jwt"),), body=body)

    async def fetch() -> Any:
        return await client.id_tokens.fetch_userinfo("access", "user-1", await client.metadata(), "req-1")

    client.world.http.answers[USERINFO_ENDPOINT] = answer(make_key(), "key-1")
    assert asyncio.run(fetch())["name"] == "Signed"
    client.world.http.answers[USERINFO_ENDPOINT] = answer(OTHER, "key-2")
    client.world.http.answers[JWKS_URI] = answer_keys(publish(OTHER, "key-2"))
    assert asyncio.run(fetch())["name"] == "Signed"
    client.world.http.answers[USERINFO_ENDPOINT] = answer(make_key(number=2), "key-2")
    assert asyncio.run(fetch()) is None
    assert client.world.log.codes == ["userinfo_missing"]


def test_without_published_keys_only_the_clients_secret_verifies() -> None:
    """A provider without `jwks_uri` has no key for RS256: the fault names the attribute that helps."""
    client = Client({"jwks_uri": None})

    with pytest.raises(ProviderFault, match="write it as jwks_uri"):
        asyncio.run(client.log_in(sign()))
    assert client.world.http.count(JWKS_URI) == 0


def test_a_logout_token_is_verified_as_an_id_token_is() -> None:
    """With the same keys, slack and algorithms; what is accepted unsigned from the token endpoint is not here."""
    client = Client(slack_s=10.0, accept_unsigned=True)
    late, unsigned = logout_claims(exp=int(NOW) - 9), assemble({"alg": "none"}, logout_claims(), b"")
    token = asyncio.run(client.log_out(sign_token(late)))

    assert (token.session_id, token.subject, token.issued_at) == ("session-1", "user-1", NOW)
    assert refusal(client.log_out(sign_token(logout_claims(exp=int(NOW) - 10)))) == "token_expired"
    assert refusal(client.log_out(sign_token(logout_claims(aud="other")))) == "token_audience"
    assert refusal(client.log_out(sign_token(logout_claims(), alg="PS256"))) in {"token_algorithm", "token_signature"}
    assert refusal(client.log_out(unsigned)) == "token_malformed"


def test_the_key_of_a_logout_token_is_looked_for_once() -> None:
    """And one that the operator wrote goes before the provider's."""
    client = Client()
    asyncio.run(client.log_out(sign_token(logout_claims())))
    client.world.http.answers[JWKS_URI] = answer_keys(publish(make_key()), publish(OTHER, "key-2"))

    assert asyncio.run(client.log_out(sign_token(logout_claims(), OTHER, kid="key-2"))).id == "logout-1"
    assert refusal(client.log_out(sign_token(logout_claims(), OTHER, kid="key-3"))) == "token_key_unknown"
    assert client.world.http.count(JWKS_URI) == 2
    pinned = Client(key=read_public_key(public_pem(OTHER).decode()))
    assert asyncio.run(pinned.log_out(sign_token(logout_claims(), OTHER))).id == "logout-1"
    assert refusal(pinned.log_out(sign_token(logout_claims()))) == "token_signature"
