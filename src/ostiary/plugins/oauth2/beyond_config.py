"""What `oauth2` offers beyond the document, all of it off by default.

The fields of these models are part of `config`'s. Texts here are the manual: they end up in it as they are.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.patterns import check_distinct
from ostiary.config.scalars import Switch
from ostiary.config.section import Section, refuse
from ostiary.errors import OperatorFault
from ostiary.identity.keys import read_public_key
from ostiary.identity.signing_keys import read_signing_key
from ostiary.plugins.oauth2.values import ClientSecret


def _check_signing_key(pem: SecretStr) -> SecretStr:
    try:
        read_signing_key(pem.get_secret_value())
    except ValueError as error:
        remedy = "write a PEM private key by reference, such as $ENV://TOKEN_KEY: RSA from 2048 bits, EC or EdDSA"
        raise refuse(f"the key {error}", remedy) from None
    return pem


def _check_public_key(pem: str) -> str:
    try:
        read_public_key(pem)
    except OperatorFault as fault:
        remedy = "write a PEM public key or certificate (it begins with -----BEGIN PUBLIC KEY-----)"
        raise refuse(fault.detail.removeprefix("public_key: ").removeprefix("public_key "), remedy) from None
    return pem


PROOFS = ("client_secret", "client_secret_hash", "public_keys")
SecretHash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
ClientPem = Annotated[str, AfterValidator(_check_public_key)]
ScopeName = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
SigningPem = Annotated[SecretStr, AfterValidator(_check_signing_key)]


def find_unsigned(consumers: object) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield a problem where a consumer has no secret to sign its tokens with, and the rule has no keys either."""
    for index, consumer in enumerate(consumers if isinstance(consumers, list | tuple) else ()):
        if isinstance(consumer, Mapping) and consumer.get("client_secret") is None:
            if any(consumer.get(name) is not None for name in PROOFS):
                problem = f"consumer {index} has no client_secret that could sign its tokens"
                yield "consumers", refuse(problem, "write `signing_keys`, with a private key of the server")
            return


class BeyondConsumerConfig(Section):
    """What a consumer may have besides the documented fields."""

    client_secret_hash: SecretHash | None = Field(
        default=None,
        description="In the place of `client_secret`: `sha256:` and the hexadecimal SHA-256 of the secret, which then "
        "stands nowhere. For random secrets of 32 characters or more, and with `signing_keys` only.",
    )
    public_keys: tuple[ClientPem, ...] = Field(
        default=(),
        max_length=8,
        description="PEM public keys with which it proves itself by signed assertions (`private_key_jwt`, RFC 7523), "
        "besides or in the place of a secret. Without a secret it takes `signing_keys`.",
    )
    previous_client_secret: ClientSecret | None = Field(
        default=None,
        description="The secret before, while clients change over: it is taken for new tokens, and the tokens that it "
        "signed are good until they expire. Take it out when nobody comes with it any more.",
    )
    scopes: Annotated[tuple[ScopeName, ...], AfterValidator(check_distinct)] = Field(
        default=(),
        max_length=256,
        description="The scopes that it may be granted. Who asks for none gets all of them; who asks for another one "
        "is answered `invalid_scope`. Default: none, and whoever asks for a scope is refused. Tokens that claim "
        "one which is not here are refused, also when it was taken out later.",
    )

    may_introspect: Switch = Field(
        default=False,
        description="Let it ask at `introspect` what any token says. Tokens of others are others' business.",
    )


class BeyondConfig(Section):
    """What a rule may say besides the documented fields."""

    signing_keys: tuple[SigningPem, ...] = Field(
        default=(),
        max_length=8,
        description="PEM private keys that sign tokens in the place of the consumers' secrets (RS256, ES256, ES384, "
        "ES512 or EdDSA, by the kind of key), so that nobody else can make one. The first signs, all of them verify "
        "and are published, as a JWK Set at `jwks` beside the token endpoint: put a new key first to change over. "
        "With an `issuer` that is an https URL, /.well-known/oauth-authorization-server describes the server.",
    )
    introspection: Switch = Field(
        default=False,
        description="Answer at `introspect` beside the token endpoint (RFC 7662, by POST): consumers with "
        "`may_introspect` hear whether a token counts, and what it says.",
    )
    revocation: Switch = Field(
        default=False,
        description="Answer at `revoke` beside the token endpoint (RFC 7009, by POST): a consumer takes back a token "
        "of its own. It counts nowhere any more within a second, on every gateway that shares `state`; while that does "
        "not answer, nobody passes.",
    )
