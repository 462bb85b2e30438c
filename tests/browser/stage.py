"""One gateway for the tests of failures, at the certified provider: a route for everything that a person can meet.

Besides those of every site, routes are wrong, each in its own way: see `_plan_attributes`.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.browser.chromium import Tab
from tests.browser.site import ROUTES, SECRET, Site, build_routes, show_page
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD, Client, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.processes import free_port
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.certificates import make_authority

CLIENT_SECRET = "a-client-secret-of-more-than-32-bytes"
STRANGER = "stranger.test"  # a name of this machine that is nobody's word
MOVED = "moved.test"
INSECURE = "insecure.test"
HOSTS = {"moved": "localhost", "insecure": INSECURE}  # routes that have one name only


class Ports(NamedTuple):
    """Of the gateway's two doors, and one that nobody listens on."""

    http: int
    https: int
    closed: int


class Stage(Site):
    """The site at the certified provider; `plain` offers neither PKCE nor sign-out nor `form_post`."""

    def __init__(
        self,
        ports: Ports,
        gateway: RunningGateway,
        upstream: RecordingUpstream,
        provider: OidcProvider,
        plain: OidcProvider,
    ) -> None:
        """Hold what runs."""
        super().__init__(ports.http, gateway, upstream)
        self.secure_origin = f"https://localhost:{ports.https}"
        self.issuer = provider.issuer
        self.provider = provider
        self.plain = plain

    def reset(self) -> Self:
        self.provider.reset()
        return super().reset()

    def fill_in(self, tab: Tab, password: str | None = None) -> Tab:
        tab.page.get_by_label("Login").fill(LOGIN)
        tab.page.get_by_label("Password").fill(password or PASSWORD)
        return tab.press("Sign in")

    def sign_out(self, tab: Tab) -> Tab:
        return super().sign_out(tab.press("Sign out"))  # the provider asks

    def set_lifetime(self, seconds: int) -> None:
        self.provider.set_lifetime(seconds)


@contextlib.contextmanager
def start_stage(folder: Path) -> Iterator[Stage]:
    """Start it all; skips where there is no node."""
    ports = Ports(free_port(), free_port(), free_port())
    make_authority().make_server_context(folder, "localhost")
    with (
        start_oidc_provider(clients=[_register(name, ports) for name in ("app", "wrong-secret", "framed")]) as provider,
        start_oidc_provider(
            clients=[_register("app", ports)],
            require_pkce=True,
            discovery={
                "end_session_endpoint": None,
                "code_challenge_methods_supported": None,
                "response_modes_supported": ["query"],
            },
        ) as plain,
        RecordingUpstream(show_page) as upstream,
        start_gateway(_build_config(ports, provider, plain, upstream), folder) as gateway,
    ):
        yield Stage(ports, gateway, upstream, provider, plain)


def _register(name: str, ports: Ports) -> Client:
    port = ports.http
    uris = [f"http://localhost:{port}/{path}/callback" for path in _plan_attributes("", ports)]
    return register(
        name,
        CLIENT_SECRET,
        redirect_uris=[*uris, _build_members_callback(ports), f"https://localhost:{ports.https}/secure/callback"],
        post_logout_redirect_uris=[f"http://localhost:{port}/public/bye"],
        backchannel_logout_uri=f"http://localhost:{port}/public/nowhere",
        backchannel_logout_session_required=True,  # which puts `sid` into ID tokens
    )


def _plan_attributes(plain: str, ports: Ports) -> dict[str, dict[str, Any]]:
    """Return what each route has besides, or in place of, a client with a session at the certified provider."""
    nobody = f"127.0.0.1:{ports.closed}"
    return {
        **ROUTES,
        "denied": {"unauth_action": "deny"},
        "lost": {"session": {"secret": SECRET, "cookie_name": "lost", "cookie_path": "/elsewhere"}},
        "scoped": {"required_scopes": ["orders"]},
        "claimed": {"claim_schema": {"type": "object", "properties": {"user": {"required": ["department"]}}}},
        "wrong-secret": {"client_id": "wrong-secret", "client_secret": "not-the-secret-but-as-long-as-it-is"},
        "silent": {"authorization_params": {"prompt": "none"}},
        "large": {"session_contents": {"access_token": True, "id_token": True}},
        "away": {"discovery": f"http://{nobody}/.well-known/openid-configuration"},
        "adrift": {"proxy_opts": {"http_proxy": f"http://{nobody}"}, "logout_path": "/adrift/logout"},
        "derived": {"redirect_uri": None},
        "moved": {"redirect_uri": f"http://{MOVED}/moved/callback"},
        "plain": {"discovery": plain, "use_pkce": False},
        "plain-pkce": {"discovery": plain, "use_pkce": True, "logout_path": "/plain-pkce/logout"},
        "unposted": {"response_mode": "form_post", "discovery": plain, "use_pkce": True},
        "insecure": {"response_mode": "form_post", "redirect_uri": "/insecure/callback"},
        "secure": {"redirect_uri": f"https://localhost:{ports.https}/secure/callback"},
        "framed": {"client_id": "framed", "frontchannel_logout_path": "/framed/elsewhere"},
        "stored": {
            "session": {"secret": SECRET, "storage": "redis", "redis": {"host": "127.0.0.1", "port": ports.closed}}
        },
    }


def _build_members_callback(ports: Ports) -> str:
    return f"http://localhost:{ports.http}/members/callback"


def _plan_members(ports: Ports, provider: OidcProvider) -> dict[str, Any]:
    """Return the plugin `oidc` for a club that nobody belongs to."""
    return {
        "oidc_issuer_url": provider.issuer,
        "client_id": "app",
        "client_secret": CLIENT_SECRET,
        "redirect_url": _build_members_callback(ports),
        "scope": "openid email",
        "cookie_secret": "0123456789abcdef",
        "cookie_secure": False,
        "cookie_path": "/members",
        "proxy_prefix": "/members/oauth2",
        "allowed_groups": ["the-club"],
    }


def _build_config(
    ports: Ports, provider: OidcProvider, plain: OidcProvider, upstream: RecordingUpstream
) -> dict[str, Any]:
    common = {
        "client_id": "app",
        "client_secret": CLIENT_SECRET,
        "discovery": provider.discovery_url,
        "scope": "openid profile",
    }
    routes = build_routes(_plan_attributes(plain.discovery_url, ports), common, ports.http, upstream.address)
    for route in routes:
        if route["id"] in HOSTS:
            route["hosts"] = [HOSTS[route["id"]]]
    slow = {"type": "roundrobin", "nodes": {upstream.address: 1}, "timeout": {"read": 0.2}}
    broken = {"type": "roundrobin", "nodes": {f"127.0.0.1:{ports.closed}": 1}}
    routes.append({"id": "slow", "uri": "/slow/*", "upstream": slow})
    routes.append({"id": "broken", "uri": "/broken/*", "upstream": broken})
    node = {"type": "roundrobin", "nodes": {upstream.address: 1}}
    members = _plan_members(ports, provider)
    routes.append({"id": "members", "uri": "/members/*", "plugins": {"oidc": members}, "upstream": node})
    tls = {"cert": "server-localhost.pem", "key": "server-localhost.pem"}
    doors = [{"host": "127.0.0.1", "port": ports.http}, {"host": "127.0.0.1", "port": ports.https, "tls": tls}]
    return {"gateway": {"listen": doors}, "routes": routes}
