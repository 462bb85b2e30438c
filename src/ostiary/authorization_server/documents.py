"""The documents of an authorization server that signs with keys of its own: JWK Set and metadata, for anybody to read.

Rendered once; a few minutes of keeping them is what every reader may do, and all that a change of keys has to wait.
"""

from typing import final

import msgspec

from ostiary.authorization_server.answers import refuse_method
from ostiary.authorization_server.consumers import Consumers
from ostiary.authorization_server.settings import ServerSettings
from ostiary.http.request import Request
from ostiary.identity.server_metadata import build_key_set, build_metadata, find_metadata_path
from ostiary.identity.signing_keys import SigningKey
from ostiary.plugin import Claim, Reply

METHODS = "GET, HEAD"
_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "public, max-age=300"))


@final
class Documents:
    """Answers at `jwks` beside the token endpoint, and at the well-known path of an https issuer."""

    __slots__ = ("_by_path", "_jwks", "_jwks_path", "claims")

    def __init__(
        self, settings: ServerSettings, consumers: Consumers, keys: tuple[SigningKey, ...], *, takes_assertions: bool
    ) -> None:
        """Render them; without keys there are none."""
        self._jwks_path = f"{settings.auth_path.rpartition('/')[0]}/jwks" if keys else None
        self._jwks = msgspec.json.encode(build_key_set(keys))
        self._by_path: dict[str, bytes] = {}
        self.claims: tuple[Claim, ...] = ()
        path = find_metadata_path(settings.issuer) if keys else None
        if path is not None and self._jwks_path is not None:
            document = build_metadata(
                settings.issuer,
                _list_paths(settings, self._jwks_path),
                consumers.scopes,
                takes_assertions=takes_assertions,
            )
            self._by_path[path] = msgspec.json.encode(document)
            self.claims = (Claim(path, "authorization server metadata", typed=False),)

    def find(self, request: Request) -> Reply | None:
        """Return the document at the request's path, if one is there."""
        if self._jwks_path is None:
            return None
        body = self._jwks if request.path.endswith(self._jwks_path) else self._by_path.get(request.path)
        if body is None:
            return None
        if request.method not in {"GET", "HEAD"}:
            return refuse_method(METHODS)
        return Reply(200, reason="server_document", headers=_HEADERS, body=body)


def _list_paths(settings: ServerSettings, jwks_path: str) -> dict[str, str]:
    """Return the endpoints by their name in the metadata, as far as they are switched on."""
    base = settings.auth_path.rpartition("/")[0]
    paths = {"token_endpoint": settings.auth_path, "jwks_uri": jwks_path}
    if settings.introspects:
        paths["introspection_endpoint"] = f"{base}/introspect"
    if settings.revokes:
        paths["revocation_endpoint"] = f"{base}/revoke"
    return paths
