"""From http to https: a listener that does nothing else (`gateway.listen[].redirect_to_https`).

It is a server of its own with a snapshot of its own, so that the one that serves has nothing to ask about it. Requests
are read as everywhere: a bad Host is 400. 308 keeps the method (RFC 9110 §15.4.9); `no-store` keeps browsers from
remembering the redirect for good. No upstream is asked and no cookie is set or read.
"""

from typing import final

from ostiary.config.gateway import GatewaySettings, HttpsTarget
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from ostiary.config.snapshot import Snapshot
from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.plugin import Claim, Principal, Reply

ROUTE_ID = "https-redirect"


@final
class HttpsRedirect:
    """Implements `ostiary.plugin.Plugin`: sends every request to the same path and query at https."""

    __slots__ = ("_origin", "_port", "fingerprint")

    authenticates = False
    claims: tuple[Claim, ...] = ()
    cookie_names: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def __init__(self, target: HttpsTarget) -> None:
        """Know where https is spoken."""
        self._origin = target.origin
        self._port = "" if target.port == 443 else f":{target.port}"
        self.fingerprint = f"https-redirect {target}"

    def decide(self, request: Request, principal: Principal | None, now: float) -> Reply:
        """Redirect. Raises OperatorFault `https_redirect_loop` for what came by https already, as a proxy says."""
        if request.scheme == "https":
            detail = (
                "a trusted proxy sends what came by https to a listener with redirect_to_https, which would send it "
                "round in circles: give the proxy a listener of its own"
            )
            raise OperatorFault("https_redirect_loop", detail)
        origin = self._origin or f"https://{request.authority.host}{self._port}"
        location = origin + request.target.raw.decode("ascii")
        return Reply(308, reason="https_redirect", headers=(("Location", location),))


def build_redirect_snapshot(settings: GatewaySettings, target: HttpsTarget) -> Snapshot:
    """Return what a redirecting listener serves, with the gateway's limits and trusted proxies."""
    route = Route(ROUTE_ID, (HttpsRedirect(target),), allow_encoded_slash=True)
    return Snapshot(settings, (route,), Router([Entry(route, ("/*",))]))
