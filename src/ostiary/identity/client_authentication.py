"""How we say who we are at a provider's endpoints (RFC 6749 §2.3.1, OpenID Connect Core §9, RFC 7523 §2.2).

`client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`, and `none` for a public client. A
client that can say who it is always does: a method that the provider does not advertise is replaced, never left out.
"""

from binascii import b2a_base64
from collections.abc import Iterable
from typing import Literal, final
from urllib.parse import quote_plus, urlencode

import msgspec

from ostiary.http.outbound import OutboundRequest
from ostiary.identity.client_assertion import (
    ASSERTION_TYPE,
    AssertionMoment,
    AssertionSigner,
    build_client_assertion,
    choose_algorithm,
)
from ostiary.identity.signing_keys import SigningKey, make_secret_key

__all__ = [
    "AssertionMoment",
    "ClientAuthenticationMethod",
    "ClientCredentials",
    "build_authenticated_form",
    "choose_credentials",
]

ClientAuthenticationMethod = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
]

MAX_ANSWER_BYTES = 262_144

_METHODS: tuple[ClientAuthenticationMethod, ...] = (
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
)  # fmt: skip
_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_ACCEPT = ("Accept", "application/json")


@final
class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A client as the provider knows it. Secret and key are in no repr; with `none` neither is used.

    `assertion_algorithm` None: the key's default. `assertion_audience` None: the URL of the endpoint that is called.
    """

    client_id: str
    client_secret: str = ""
    method: ClientAuthenticationMethod = "client_secret_basic"
    signing_key: SigningKey | None = None
    signing_key_id: str | None = None
    assertion_algorithm: str | None = None
    assertion_lifetime_s: int = 60
    assertion_audience: str | None = None

    def __repr__(self) -> str:
        """Name the client, never its secret."""
        return f"ClientCredentials({self.client_id!r}, {self.method})"


def choose_credentials(credentials: ClientCredentials, offered: tuple[str, ...]) -> ClientCredentials:
    """Return the credentials for a provider that advertises `offered`, in its order; nothing means anything goes.

    The configured method stays unless the provider does not offer it; then the first offered one that these
    credentials can carry out. Where there is none the configured one stays: authentication is never left out because
    metadata does not mention it.
    """
    if not offered or credentials.method in offered:
        return credentials
    possible = [method for method in _METHODS if method in offered and _can_do(credentials, method)]
    if not possible:
        return credentials
    return msgspec.structs.replace(credentials, method=min(possible, key=offered.index))


def build_authenticated_form(
    endpoint: str,
    credentials: ClientCredentials | None,
    fields: Iterable[tuple[str, str]],
    *,
    moment: AssertionMoment | None = None,
    max_body_bytes: int = MAX_ANSWER_BYTES,
) -> OutboundRequest:
    """Build a form POST to `endpoint`, authenticated as `credentials` say; None sends the fields alone.

    Basic takes the form-encoded id and secret (RFC 6749 §2.3.1), so that `:` and spaces in them survive; the secret
    is in the header only. `client_secret_post` puts both in the body, `none` only the id. The assertion methods need a
    `moment`, and put the id and the assertion in the body. Raises ValueError when they have none, or no key that fits.
    """
    form = list(fields)
    headers = [_FORM, _ACCEPT]
    if credentials is not None:
        if credentials.method == "client_secret_basic":
            headers.append(("Authorization", build_basic(credentials.client_id, credentials.client_secret)))
        else:
            form += _authenticate_in_body(endpoint, credentials, moment)
    return OutboundRequest(
        method="POST",
        url=endpoint,
        headers=tuple(headers),
        body=urlencode(form).encode("ascii"),
        max_body_bytes=max_body_bytes,
    )


def build_basic(client_id: str, client_secret: str) -> str:
    """Return the Authorization value of HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode("ascii")
    return f"Basic {b2a_base64(pair, newline=False).decode('ascii')}"


def _authenticate_in_body(
    endpoint: str, credentials: ClientCredentials, moment: AssertionMoment | None
) -> list[tuple[str, str]]:
    form = [("client_id", credentials.client_id)]
    if credentials.method == "none":
        return form
    if credentials.method == "client_secret_post":
        return [*form, ("client_secret", credentials.client_secret)]
    if moment is None:
        raise ValueError(f"{credentials.method} needs the moment at which its assertion is made")
    assertion = build_client_assertion(
        _find_signer(credentials, credentials.method),
        moment,
        client_id=credentials.client_id,
        audience=credentials.assertion_audience or endpoint,
        lifetime_s=credentials.assertion_lifetime_s,
    )
    return [*form, ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]


def _find_signer(credentials: ClientCredentials, method: ClientAuthenticationMethod) -> AssertionSigner:
    """Return what signs for an assertion method. Raises ValueError when there is nothing that can."""
    if method == "client_secret_jwt":
        secret = make_secret_key(credentials.client_secret)
        return AssertionSigner(key=secret, algorithm=choose_algorithm(secret, credentials.assertion_algorithm))
    key = credentials.signing_key
    if key is None:
        raise ValueError("private_key_jwt needs a private key")
    algorithm = choose_algorithm(key, credentials.assertion_algorithm)
    return AssertionSigner(key=key, algorithm=algorithm, key_id=credentials.signing_key_id)


def _can_do(credentials: ClientCredentials, method: ClientAuthenticationMethod) -> bool:
    if method in {"client_secret_basic", "client_secret_post"}:
        return bool(credentials.client_secret)
    try:
        _find_signer(credentials, method)
    except ValueError:
        return False
    return True
