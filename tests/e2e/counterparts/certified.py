"""One gateway and one certified provider with a route, and a client of the same name, for each feature that is tried.

    features = {"post": Feature({"response_mode": "form_post"}), "es256": Feature({}, {...: "ES256"})}
    with start_certified(folder, features, require_pkce=True) as scene:
        scene.sign_in("/post/test")

`/public` has no plugin: whoever signs out ends up there.
"""

import contextlib
import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.oidc_provider import register, start_oidc_provider
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import SESSION_SECRET, Scene

SECRET = "a-client-secret-of-more-than-32-bytes"


class Feature(NamedTuple):
    """What the gateway is told besides (None leaves an attribute out), and what the provider knows of the client."""

    attributes: Mapping[str, Any] = {}
    metadata: Mapping[str, Any] = {}
    signs_in: bool = True


@contextlib.contextmanager
def start_certified(folder: Path, features: Mapping[str, Feature], **settings: Any) -> Iterator[Scene]:
    """Start all three; `settings` are the provider's."""
    port = free_port()
    clients = {}
    for name, feature in features.items():
        addresses = _plan_addresses(port, name, feature) if feature.signs_in else {}
        metadata = {"client_id": name, **feature.metadata, **addresses}
        clients[name] = register(client_secret=SECRET, **metadata)
    with (
        start_oidc_provider(clients=list(clients.values()), **settings) as provider,
        RecordingUpstream() as upstream,
        start_gateway(_configure(port, features, provider.discovery_url, upstream.port), folder) as gateway,
    ):
        yield Scene(provider, gateway, upstream, clients)


def _plan_addresses(port: int, name: str, feature: Feature) -> dict[str, Any]:
    """Return what the provider has to know of a route's addresses; it is told of logouts at a path of the gateway."""
    gateway = f"http://localhost:{port}"
    told_at = feature.metadata.get("backchannel_logout_uri") or feature.attributes.get("backchannel_logout_path")
    return {
        "redirect_uris": [f"{gateway}/{name}/callback"],
        "post_logout_redirect_uris": [f"{gateway}/public/bye"],
        **({} if told_at is None else {"backchannel_logout_uri": gateway + told_at}),
    }


def _configure(port: int, features: Mapping[str, Feature], discovery: str, upstream_port: int) -> dict[str, Any]:
    upstream = {"type": "roundrobin", "nodes": {f"127.0.0.1:{upstream_port}": 1}}
    routes: list[dict[str, Any]] = [{"id": "public", "uri": "/public/*", "upstream": upstream}]
    for name, feature in features.items():
        signing_in = {
            "scope": "openid profile",
            "redirect_uri": f"http://localhost:{port}/{name}/callback",
            "logout_path": f"/{name}/logout",
            "session": {"secret": SESSION_SECRET},
        }
        written = {
            "client_id": name,
            "client_secret": SECRET,
            "discovery": discovery,
            **(signing_in if feature.signs_in else {}),
            **feature.attributes,
        }
        plugin = {attribute: value for attribute, value in written.items() if value is not None}
        routes.append({"id": name, "uri": f"/{name}/*", "plugins": {"openid-connect": plugin}, "upstream": upstream})
    return {"gateway": {"listen": [{"host": "127.0.0.1", "port": port}]}, "routes": routes}


def read_header(value: str | None) -> Any:
    """Return what an identity header holds: JSON in base64."""
    assert value is not None
    return json.loads(b64decode(value, validate=True))


def read_token(token: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT; that its signature verifies is for others to say."""
    assert token is not None
    header, claims, _ = (part + "=" * (-len(part) % 4) for part in token.split("."))
    return json.loads(urlsafe_b64decode(header)), json.loads(urlsafe_b64decode(claims))
