"""The way out for somebody who may not enter: the provider knows them still, so trying again is the same account again.

A link to our own sign-out that goes on to the provider's. It signs nobody out by itself, and names no token.
"""

from typing import final
from urllib.parse import quote

from ostiary.http.page import Link
from ostiary.ports import Clock
from ostiary.providers.provider import Provider
from ostiary.relying_party.redirect_targets import PARAMETER
from ostiary.relying_party.settings import RelyingPartySettings


@final
class WayOut:
    """The link for one client's pages."""

    __slots__ = ("_clock", "_path", "_provider")

    def __init__(self, settings: RelyingPartySettings, provider: Provider, clock: Clock) -> None:
        """Know where people sign out, if that is a path that leads on to where they wish."""
        self._path = settings.logout.path if settings.logout.mode == "rd" else None
        self._provider = provider
        self._clock = clock

    def find(self) -> Link | None:
        """Return the link; None where the provider has no sign-out, or is not known at the moment."""
        metadata = self._provider.metadata(self._clock.now())
        if self._path is None or metadata is None or metadata.end_session_endpoint is None:
            return None
        return Link("Sign out", f"{self._path}?{PARAMETER}={quote(metadata.end_session_endpoint, safe='')}")
