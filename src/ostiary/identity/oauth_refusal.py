"""The error answers of an authorization server, as values (RFC 6749 §5.2).

A description is fixed text for the client's developer: printable ASCII without quotes and backslashes, and nothing of
what was sent.
"""

from typing import Literal, final

OAuthError = Literal[
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "unsupported_token_type", "invalid_scope", "temporarily_unavailable",
]  # fmt: skip


@final
class OAuthRefused(Exception):  # noqa: N818 - the design's word: a refusal is an answer, not an error of ours
    """A request to an authorization server that is refused. `code` is stable and for the access log."""

    def __init__(self, code: str, error: OAuthError, description: str) -> None:
        """Remember our `code`, the registered `error` and what the client's developer is told."""
        super().__init__(code)
        self.code = code
        self.error = error
        self.description = description
