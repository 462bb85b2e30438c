"""How we say who we are at a provider's endpoints (RFC 6749 §2.3.1, OpenID Connect Core §9).

`client_secret_basic`, `client_secret_post` and `none`. Signed assertions are not here.
"""

from binascii import b2a_base64
from collections.abc import Iterable
from typing import Literal, final
from urllib.parse import quote_plus, urlencode

import msgspec

from ostiary.http.outbound import OutboundRequest

ClientAuthenticationMethod = Literal["client_secret_basic", "client_secret_post", "none"]

MAX_ANSWER_BYTES = 262_144

_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_ACCEPT = ("Accept", "application/json")


@final
class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A client as the provider knows it. `client_secret` is in no repr; with `none` it is never sent."""

    client_id: str
    client_secret: str = ""
    method: ClientAuthenticationMethod = "client_secret_basic"

    def __repr__(self) -> str:
        """Name the client, never its secret."""
        return f"ClientCredentials({self.client_id!r}, {self.method})"


def build_authenticated_form(
    endpoint: str,
    credentials: ClientCredentials | None,
    fields: Iterable[tuple[str, str]],
    *,
    max_body_bytes: int = MAX_ANSWER_BYTES,
) -> OutboundRequest:
    """Build a form POST to `endpoint`, authenticated as `credentials` say; None sends the fields alone.

    Basic takes the form-encoded id and secret (RFC 6749 §2.3.1), so that `:` and spaces in them survive; the secret
    is in the header only. `client_secret_post` puts both in the body, `none` only the id.
    """
    form = list(fields)
    headers = [_FORM, _ACCEPT]
    if credentials is not None:
        if credentials.method == "client_secret_basic":
            headers.append(("Authorization", build_basic(credentials.client_id, credentials.client_secret)))
        else:
            form.append(("client_id", credentials.client_id))
            if credentials.method == "client_secret_post":
                form.append(("client_secret", credentials.client_secret))
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
