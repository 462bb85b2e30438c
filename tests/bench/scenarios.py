"""What is measured: one gateway configuration with a route for each kind of decision, and the requests to it.

Every request has the same 15 headers, as Chromium sends them with a navigation. S0 and S1 carry the cookie of a session
that was begun by really signing in, at the build that is measured: how builds write cookies is their own business. S2
and S3 carry a bearer token instead; S4 carries nothing. S5 carries a token that the gateway issued, and S6 asks for
one. Rows with sessions in a store, or with issued tokens, are for builds that know those.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.tokens import CLIENT_ID, CLIENT_SECRET
from tests.bench.wrk import PLACEHOLDER, Load

SESSION_SECRET = "bench-session-secret-of-32-bytes-and-more"
REVALIDATE_S = 1.0  # the default, said aloud: what a warm session may cost is counted against it
STORED_SESSIONS = 64  # more than wrk has connections, so that no two of them show the same one at once
WELL_KNOWN = "/.well-known/openid-configuration"
TOKEN_TARGET = f"/issued/oauth2/token?grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"

HEADERS = (
    ("Connection", "keep-alive"),
    ("Cache-Control", "max-age=0"),
    ("sec-ch-ua", '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"'),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", '"Linux"'),
    ("Upgrade-Insecure-Requests", "1"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    (
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    ),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-User", "?1"),
    ("Sec-Fetch-Dest", "document"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-GB,en-US;q=0.9,en;q=0.8"),
)


@dataclass(frozen=True)
class Materials:
    """What requests are made of: the gateway's authority, Cookie headers of sessions, tokens."""

    host: str
    cookie: str
    token: str
    opaque_token: str
    new_tokens: Path
    warming_tokens: Path
    stored_cookies: tuple[str, ...] = ()
    stored_cookies_file: Path | None = None
    issued_token: str = ""


@dataclass(frozen=True)
class Scenario:
    """A kind of request and the status that the gateway answers it with.

    `revalidate_s`: sessions are kept in Redis, and asked for again after that time; 0 asks for each request, of many
    sessions in turn. `needs_issuer`: the gateway issues tokens itself.
    """

    name: str
    what: str
    status: int
    path: str
    credentials: Callable[[Materials], tuple[str, str] | None]
    has_new_tokens: bool = False
    revalidate_s: float | None = None
    needs_issuer: bool = False
    goal: float = field(default=0.0, compare=False)

    @property
    def is_stored(self) -> bool:
        """Whether its sessions are kept in Redis."""
        return self.revalidate_s is not None

    def load(self, materials: Materials, *, warming: bool = False) -> Load:
        """Return what wrk sends, to warm up or to measure."""
        head = build_head(self.path, materials.host, self.credentials(materials))
        if self.revalidate_s == 0:
            return Load(head, materials.stored_cookies_file)
        tokens = materials.warming_tokens if warming else materials.new_tokens
        return Load(head, tokens if self.has_new_tokens else None)

    def sample(self, materials: Materials) -> bytes:
        """Return one request to check the answer with."""
        stand_in = materials.stored_cookies[0] if self.is_stored else materials.token
        return self.load(materials).head.replace(PLACEHOLDER, stand_in).encode("ascii")


def build_head(path: str, host: str, credentials: tuple[str, str] | None) -> str:
    """Return a whole GET request: Host, the 14 other headers, and credentials if there are any."""
    pairs = [("Host", host), *HEADERS, *([credentials] if credentials else [])]
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join(lines) + "\r\n\r\n"


def _cookie(materials: Materials) -> tuple[str, str]:
    return "Cookie", materials.cookie


def _bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


SCENARIOS = (
    Scenario("S0", "no plugin", 200, "/plain/orders/4711?page=2", _cookie, goal=1.4),
    Scenario("S1", "valid session", 200, "/session/orders/4711?page=2", _cookie, goal=1.5),
    Scenario(
        "S1_stored", "session in Redis", 200, "/stored/orders/4711?page=2", lambda m: ("Cookie", m.stored_cookies[0]),
        revalidate_s=REVALIDATE_S, goal=1.5,
    ),
    Scenario(
        "S1_asked", "Redis asked each time", 200, "/asked/orders/4711?page=2", lambda m: ("Cookie", PLACEHOLDER),
        revalidate_s=0.0,
    ),
    Scenario("S2_repeated", "bearer JWT, the same", 200, "/jwt/orders/4711", lambda m: _bearer(m.token), goal=1.5),
    Scenario(
        "S2_new", "bearer JWT, always new", 200, "/jwt/orders/4711", lambda m: _bearer(PLACEHOLDER),
        has_new_tokens=True, goal=3.5,
    ),
    Scenario("S3", "introspected token", 200, "/introspected/orders/4711", lambda m: _bearer(m.opaque_token), goal=1.4),
    Scenario("S4", "302 to the provider", 302, "/session/orders/4711?page=2", lambda m: None, goal=3.0),
    Scenario(
        "S5", "issued token, the same", 200, "/issued/orders/4711", lambda m: _bearer(m.issued_token),
        needs_issuer=True, goal=1.5,
    ),
    Scenario("S6", "token issued", 200, TOKEN_TARGET, lambda m: None, needs_issuer=True),
)  # fmt: skip


def build_configuration(
    issuer: str, node: str, redis_port: int | None = None, *, issues_tokens: bool = True
) -> dict[str, Any]:
    """Return the gateway's configuration: one worker, access log on, a route for each kind of decision.

    Routes whose sessions are kept in Redis are there when there is a port to find it at.
    """
    consumers = [{"name": "bench", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}]
    oauth2 = {"oauth2": {"consumers": consumers, "global_credentials": True}}
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "discovery": issuer + WELL_KNOWN}
    return {
        "gateway": {
            "listen": [{"host": "127.0.0.1", "port": 0}],
            "limits": {"requests_per_connection": 1_000_000_000},  # as nginx beside it
        },
        "routes": [
            _route("plain", node, {}),
            _route("session", node, {**client, "session": {"secret": SESSION_SECRET}}),
            _route("jwt", node, {**client, "bearer_only": True, "use_jwks": True}),
            _route(
                "introspected", node, {**client, "bearer_only": True, "introspection_endpoint": f"{issuer}/introspect"}
            ),
            *(_stored_routes(node, client, redis_port) if redis_port is not None else ()),
            *([{**_route("issued", node, {}), "plugins": oauth2}] if issues_tokens else []),
        ],
    }


def _stored_routes(node: str, client: dict[str, Any], port: int) -> list[dict[str, Any]]:
    session = {"secret": SESSION_SECRET, "storage": "redis", "redis": {"host": "127.0.0.1", "port": port}}
    return [
        _route(name, node, {**client, "session": {**session, "revalidate_s": revalidate_s}})
        for name, revalidate_s in (("stored", REVALIDATE_S), ("asked", 0))
    ]


def _route(name: str, node: str, openid_connect: dict[str, Any]) -> dict[str, Any]:
    route: dict[str, Any] = {"id": name, "uri": f"/{name}/*", "upstream": {"nodes": {node: 1}}}
    if openid_connect:
        route["plugins"] = {"openid-connect": openid_connect}
    return route
