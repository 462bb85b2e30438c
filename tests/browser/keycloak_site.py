"""A site at Keycloak: the tutorial's client and user, in a realm of its own, and Keycloak's own pages.

A second client, `framed`, is told by a frame of Keycloak's sign-out page that somebody has left.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browser.chromium import Tab
from tests.browser.site import ROUTES, Site, build_routes, show_page
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.keycloak import LOGIN, PASSWORD, Keycloak, Realm
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream

FRAMED = "framed"


class KeycloakSite(Site):
    """The site."""

    def __init__(self, port: int, gateway: RunningGateway, upstream: RecordingUpstream, realm: Realm) -> None:
        """Hold what runs."""
        super().__init__(port, gateway, upstream)
        self.issuer = realm.issuer
        self.realm = realm

    def fill_in(self, tab: Tab, password: str | None = None) -> Tab:
        tab.page.get_by_label("Username or email").fill(LOGIN)
        tab.page.get_by_label("Password", exact=True).fill(password or PASSWORD)
        return tab.press("Sign In")

    def set_lifetime(self, seconds: int) -> None:
        self.realm.update(accessTokenLifespan=seconds)


@contextlib.contextmanager
def start_keycloak_site(folder: Path, keycloak: Keycloak) -> Iterator[KeycloakSite]:
    """Make the realm, and start a gateway for it."""
    port = free_port()
    with keycloak.make_realm(port) as realm:
        _register(realm, port)
        common = {
            "client_id": realm.client_id,
            "client_secret": realm.client_secret,
            "discovery": realm.discovery_url,
            "scope": "openid profile",
        }
        framed = {"client_id": FRAMED, "frontchannel_logout_path": "/framed/elsewhere"}
        with RecordingUpstream(show_page) as upstream:
            config = {
                "gateway": {"listen": [{"host": "127.0.0.1", "port": port}]},
                "routes": build_routes({**ROUTES, "framed": framed}, common, port, upstream.address),
            }
            with start_gateway(config, folder) as gateway:
                yield KeycloakSite(port, gateway, upstream, realm)


def _register(realm: Realm, port: int) -> None:
    origin = f"http://localhost:{port}"
    uris = [f"{origin}/{path}/callback" for path in (*ROUTES, "framed")]
    realm.update_client({"post.logout.redirect.uris": f"{origin}/public/bye"}, redirectUris=uris)
    framed: dict[str, Any] = {
        "clientId": FRAMED,
        "secret": realm.client_secret,
        "redirectUris": uris,
        "frontchannelLogout": True,
        "attributes": {
            "frontchannel.logout.url": f"{origin}/framed/elsewhere",
            "frontchannel.logout.session.required": "true",
        },
    }
    realm.ask("POST", "/clients", framed)
