"""The cookies of one client at one provider, under the public scheme: its session and its logins under way.

Names hold a digest of provider and client, so that two clients on one host stay signed in side by side; seals hold
both in full, so that no cookie works for another client (DESIGN.md §7). Over https they are `Secure` and have the
`__Host-` prefix, which no sibling domain can set (RFC 6265bis §4.1.3.2); `__Secure-` where a domain or path is set.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import final

import msgspec

from ostiary.http.cookies import CookieAttributes, render_deleted_cookie, render_set_cookie
from ostiary.http.request import Request
from ostiary.identity.login_flow import FLOW_VERSION, FlowCookies, FlowNaming
from ostiary.identity.sealing import Sealer, bind
from ostiary.identity.session import SESSION_VERSION
from ostiary.identity.session_cookie import SessionCookie
from ostiary.relying_party.settings import CookieSettings, RelyingPartySettings

SESSION_PREFIX = "ostiary_session_"
FLOW_PREFIX = "ostiary_login_"
# Every client's: a sealed session is nobody else's business, so no upstream sees any of them.
OWNED_NAMES = tuple(
    f"{prefix}{name}*" for prefix in ("", "__Host-", "__Secure-") for name in (SESSION_PREFIX, FLOW_PREFIX)
)
MAX_MOVES = 5
_MOVES_LIFETIME_S = 10
_DIGEST_CHARACTERS = 8
_ONE_DIGIT = re.compile(rb"[0-9]\Z")


@final
class ClientCookies:
    """Session and flow cookies under one scheme, and two notes that keep browsers from going round in circles.

    `binding` is what everything sealed for this client is bound to: provider, client and record version.
    """

    __slots__ = ("_arrival_name", "_moves_name", "_note_attributes", "binding", "flows", "session")

    def __init__(self, settings: RelyingPartySettings, *, secure: bool, domain: str | None = None) -> None:
        """Derive names and keys, for hosts whose cookies are set for `domain`."""
        client = (settings.discovery, settings.credentials.client_id)
        digest = digest_client(settings)
        host = "__Host-" if secure else ""
        self._note_attributes = CookieAttributes(secure=secure)
        self._moves_name = f"{host}{FLOW_PREFIX}moves"
        self._arrival_name = f"{host}{FLOW_PREFIX}{digest}_done"
        self.binding = (*client, str(SESSION_VERSION))
        attributes = _plan_attributes(settings.cookie, domain, secure=secure)
        self.session = SessionCookie(
            settings.cookie.name or f"{_find_prefix(attributes)}{SESSION_PREFIX}{digest}",
            self.binding,
            Sealer(settings.secrets, "session"),
            attributes,
            None if settings.cookie.is_browser_session else int(settings.limits.absolute_s),
        )
        self.flows = FlowCookies(
            _plan_flow_naming(settings.cookie, f"{host}{FLOW_PREFIX}{digest}_"),
            (*client, str(FLOW_VERSION)),
            Sealer(settings.secrets, "login flow"),
            _plan_flow_attributes(settings, attributes, secure=secure),
        )

    def count_moves(self, request: Request) -> int:
        """Return how many host moves this browser made in the last seconds; what is no number counts as too many."""
        name = self._moves_name.encode("ascii")
        counts = [value for key, value in request.cookies if key == name]
        if not counts:
            return 0
        if len(counts) > 1 or not _ONE_DIGIT.match(counts[0]):
            return MAX_MOVES
        return int(counts[0])

    def write_arrival(self) -> str:
        """Return the Set-Cookie value that remembers for ten seconds that a login has just ended well."""
        return render_set_cookie(self._arrival_name, "1", self._note_attributes, _MOVES_LIFETIME_S)

    def has_lost_session(self, request: Request) -> bool:
        """Say whether a login ended well a moment ago, and the browser does not send the session that it was given.

        Or sends another beside it, which it keeps for another domain or path: that makes no session either.
        """
        name = self._arrival_name.encode("ascii")
        if all(key != name for key, _ in request.cookies):
            return False
        return self.session.collect(request.cookies) == () or self.session.comes_twice(request.cookies)

    def delete_arrival(self, request: Request) -> tuple[str, ...]:
        """Return the Set-Cookie value that forgets it, if the request brought it."""
        name = self._arrival_name.encode("ascii")
        if not any(key == name for key, _ in request.cookies):
            return ()
        return (render_deleted_cookie(self._arrival_name, self._note_attributes),)

    def write_moves(self, count: int) -> str:
        """Return the Set-Cookie value that remembers a host move for ten seconds."""
        return render_set_cookie(self._moves_name, str(count), self._note_attributes, _MOVES_LIFETIME_S)


def digest_client(settings: RelyingPartySettings) -> str:
    """Return the part of names that stands for provider and client: 8 hexadecimal characters."""
    return sha256(bind(settings.discovery, settings.credentials.client_id)).hexdigest()[:_DIGEST_CHARACTERS]


def find_domain(domains: Sequence[str], host: str) -> str | None:
    """Return the longest domain that a host lies in, whole labels compared, else the shortest; None without any."""
    fitting = [domain for domain in domains if _lies_in(host, domain.lower().removeprefix("."))]
    return max(fitting, key=len) if fitting else min(domains, key=len, default=None)


def _lies_in(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _plan_flow_naming(cookie: CookieSettings, ours: str) -> FlowNaming:
    lifetime_s = int(cookie.flow_lifetime_s)
    if cookie.flow_name is None:
        return FlowNaming(ours, lifetime_s=lifetime_s)
    if cookie.flow_per_login:
        return FlowNaming(f"{cookie.flow_name}_", _DIGEST_CHARACTERS, lifetime_s)
    return FlowNaming(cookie.flow_name, 0, lifetime_s)


def _plan_flow_attributes(
    settings: RelyingPartySettings, session: CookieAttributes, *, secure: bool
) -> CookieAttributes:
    """A form from the provider's site brings no Lax cookie; without `Secure` browsers keep none that it would bring.

    A cookie with a name of the operator's is like the session's; a Strict one would not come back from the provider.
    """
    if settings.response_mode == "form_post":
        return CookieAttributes(secure=True, same_site="None")
    if settings.cookie.flow_name is None:
        return CookieAttributes(secure=secure)
    return msgspec.structs.replace(session, same_site="Lax") if session.same_site == "Strict" else session


def _plan_attributes(cookie: CookieSettings, domain: str | None, *, secure: bool) -> CookieAttributes:
    return CookieAttributes(
        path=cookie.path,
        domain=domain,
        secure=secure if cookie.secure is None else cookie.secure,
        http_only=cookie.http_only,
        same_site=cookie.same_site,
    )


def _find_prefix(attributes: CookieAttributes) -> str:
    """Return the name prefix whose promise the attributes keep."""
    if not attributes.secure:
        return ""
    return "__Host-" if attributes.domain is None and attributes.path == "/" else "__Secure-"
