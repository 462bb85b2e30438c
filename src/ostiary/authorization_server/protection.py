"""The verdict on a request for a protected route: 401 without a token that stands, 403 with one that opens others.

A token that is bound to a route opens that one only; `allow` names the consumers that may pass. Both are asked with
every request, since one proof serves many routes and rules.
"""

from typing import final

from ostiary.authorization_server.answers import deny_access, refuse_token
from ostiary.authorization_server.issued_tokens import IssuedTokens
from ostiary.authorization_server.revoked_tokens import RevokedTokens
from ostiary.authorization_server.settings import ServerSettings
from ostiary.http.request import Request
from ostiary.identity.issued_token import EVERYWHERE
from ostiary.identity.jose import TokenRefused
from ostiary.plugin import Admit, Pending, Reply, Verdict
from ostiary.ports import Clock


@final
class Protection:
    """Admits by token."""

    __slots__ = ("_clock", "_header_name", "_is_route_bound", "_is_usual", "_revoked", "_tokens")

    def __init__(
        self, settings: ServerSettings, tokens: IssuedTokens, revoked: RevokedTokens | None, clock: Clock
    ) -> None:
        """Take the parts; without `revoked` no token can be taken back."""
        self._revoked = revoked
        self._clock = clock
        self._header_name = settings.header_name.encode("ascii")
        self._is_usual = self._header_name == b"authorization"
        self._is_route_bound = settings.is_route_bound
        self._tokens = tokens

    def decide(self, request: Request, allowed: frozenset[str] | None, now: float) -> Verdict:
        """Return the verdict; `allowed` are the names of the consumers that may pass, None for all.

        Where tokens can be taken back, and nobody has asked for a second which were, that is asked first.
        """
        if self._revoked is not None and not self._revoked.is_current(now):
            return Pending(lambda: self._ask_and_decide(request, allowed))
        return self._decide(request, allowed, now)

    async def _ask_and_decide(self, request: Request, allowed: frozenset[str] | None) -> Admit | Reply:
        """Raises StoreFault: nobody passes on old knowledge."""
        now = self._clock.now()
        if self._revoked is not None:
            await self._revoked.require(now)
        return self._decide(request, allowed, now)

    def _decide(self, request: Request, allowed: frozenset[str] | None, now: float) -> Admit | Reply:
        header: bytes | None
        if self._is_usual:
            header, digest = request.section.authorization, request.section.authorization_digest
        else:
            header, digest = self._read_own(request), None
        if header is None:
            return refuse_token(request, "token_missing")
        try:
            proven = self._tokens.find(header, now, digest)
        except TokenRefused as refused:
            return refuse_token(request, refused.code)
        if allowed is not None and proven.consumer not in allowed:
            return deny_access("consumer_not_allowed")
        expected = find_audience(request.route, is_route_bound=True) if self._is_route_bound else EVERYWHERE
        if proven.audience != expected:
            return deny_access("token_audience")
        return proven.admit

    def _read_own(self, request: Request) -> bytes | None:
        """Return the header with the token, None without one. Two are none: readers would disagree about them."""
        values = [value for lower, _, value in request.fields if lower == self._header_name]
        return values[0] if len(values) == 1 else None


def find_audience(route: str, *, is_route_bound: bool) -> str | None:
    """Return the audience of tokens at a route; None where they cannot be bound, for it has no name of its own."""
    if not is_route_bound:
        return EVERYWHERE
    return None if route in ("", EVERYWHERE) else route
