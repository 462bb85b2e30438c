"""Who the gateway is at the provider: the client's id, secret and key, and how it authenticates itself.

RFC 6749 §2.3.1, RFC 7523 and OpenID Connect Core §9. Texts here are the manual: they end up in it as they are.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse
from ostiary.identity.algorithms import MODELS, SYMMETRIC
from ostiary.identity.signing_keys import SigningKey, make_secret_key, read_signing_key
from ostiary.plugins.openid_connect.values import Algorithm, Seconds

Method = Literal["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
METHOD_NAMES = ("token_endpoint_auth_method", "introspection_endpoint_auth_method")

_KEY_REMEDY = (
    "write a PEM private key (RSA, EC or EdDSA), such as $ENV://CLIENT_KEY; in one line, with \\n for line breaks"
)
_SECRET_REMEDY = "take a longer secret at the provider, or authenticate by another method"


def _check_private_key(pem: SecretStr) -> SecretStr:
    try:
        read_signing_key(pem.get_secret_value())
    except ValueError as error:
        raise refuse(f"the key {error}", _KEY_REMEDY) from None
    return pem


PrivateKey = Annotated[SecretStr, AfterValidator(_check_private_key)]


class ClientConfig(Section):
    """The client at the provider."""

    client_id: str = Field(min_length=1, max_length=512, description="The client's id at the provider.")
    client_secret: SecretStr | None = Field(
        default=None,
        description="The client's secret. Needed wherever the client says who it is by it: for the code flow without "
        "PKCE, and for introspection, unless the method is private_key_jwt.",
    )
    token_endpoint_auth_method: Method = Field(
        default="client_secret_basic",
        description="How the gateway authenticates itself at the token endpoint and the revocation endpoint. Where the "
        "provider does not offer it, the first method that it does offer and that client_secret and "
        "client_rsa_private_key make possible; where none is possible, the configured one is tried.",
    )
    introspection_endpoint_auth_method: Method = Field(
        default="client_secret_basic",
        description="How the gateway authenticates itself at the introspection endpoint, with the same fallback.",
    )
    client_rsa_private_key: PrivateKey | None = Field(
        default=None,
        description="The client's private key in PEM form, which signs for private_key_jwt. Despite the name: RSA of "
        "2048 bits or more, EC on P-256, P-384 or P-521, Ed25519 or Ed448, without a passphrase. The provider knows "
        "the public half.",
    )
    client_rsa_private_key_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="The key's id (`kid`) at the provider, named in the header of each assertion. Without one the "
        "provider tries every key that it has of this client.",
    )
    client_jwt_assertion_expires_in: Seconds = Field(
        default=60,
        description="How long an assertion of private_key_jwt or client_secret_jwt is valid, in seconds. A new one is "
        "made for every call.",
    )
    client_jwt_assertion_alg: Algorithm | None = Field(
        default=None,
        description="What assertions are signed with, such as RS512 or HS512; it has to fit the key, or the secret's "
        "length. Default: RS256, ES256, ES384, ES512 or EdDSA, whichever is the key's, and HS256 with the secret.",
    )
    client_jwt_assertion_audience: str | None = Field(
        default=None,
        min_length=1,
        max_length=2048,
        description="The `aud` of assertions. Default: the URL of the endpoint that is called, which most providers "
        "accept and which makes an assertion worthless anywhere else; write the issuer where the provider wants that.",
    )


def find_client_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what is wrong between the fields about client authentication, each with the field it is told at."""
    yield from _find_missing_key(written)
    yield from _find_short_secret(written)
    yield from _find_unfit_algorithm(written)


def uses_method(written: Mapping[str, Any], method: str) -> bool:
    """Say whether either endpoint is configured to be called with this method."""
    return any(written.get(name) == method for name in METHOD_NAMES)


def _find_missing_key(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    naming = [name for name in METHOD_NAMES if written.get(name) == "private_key_jwt"]
    if naming and written.get("client_rsa_private_key") is None:
        problem = f"client_rsa_private_key is required for {naming[0]}: private_key_jwt, but missing"
        yield "client_rsa_private_key", refuse(problem, _KEY_REMEDY)


def _find_short_secret(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """RFC 7518 §3.2: what signs is as long as the hash."""
    secret = written.get("client_secret")
    if not isinstance(secret, str) or not secret or not uses_method(written, "client_secret_jwt"):
        return
    try:
        make_secret_key(secret)
    except ValueError as error:
        yield "client_secret", refuse(f"client_secret_jwt signs with the secret, which {error}", _SECRET_REMEDY)


def _find_unfit_algorithm(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """An algorithm that nothing here could sign with would be found out at the first login only."""
    name = "client_jwt_assertion_alg"
    algorithm = written.get(name)
    if not isinstance(algorithm, str) or algorithm not in MODELS:
        return
    source, method = "client_rsa_private_key", "private_key_jwt"
    if algorithm in SYMMETRIC:
        source, method = "client_secret", "client_secret_jwt"
    if written.get(source) is None:
        yield name, refuse(f"{algorithm} signs with {source}, which is missing", f"add {source}, or leave this out")
        return
    other = {"client_secret_jwt": "private_key_jwt", "private_key_jwt": "client_secret_jwt"}[method]
    if uses_method(written, other) and not uses_method(written, method):
        yield name, refuse(f"{algorithm} is for {method}, and {other} is configured", "leave it out")
    key = _read_key(source, written[source])
    if key is not None and algorithm not in key.algorithms:
        fitting = ", ".join(sorted(key.algorithms))
        yield (
            name,
            refuse(f"{algorithm} does not fit {source} ({key.kind})", f"write one of {fitting}, or leave it out"),
        )


def _read_key(source: str, value: object) -> SigningKey | None:
    """Return the key, or None for one that cannot be read: its own field says so."""
    if not isinstance(value, str):
        return None
    try:
        return make_secret_key(value) if source == "client_secret" else read_signing_key(value)
    except ValueError:
        return None
