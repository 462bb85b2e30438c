"""Relying parties for tests: settings that work, and the plugin-shaped door through which a visitor uses one."""

from typing import Any

import msgspec

from ostiary.http.request import Request
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.plugin import Claim, Pending, Place, Principal, Settled, Verdict
from ostiary.providers.provider import ProviderSettings
from ostiary.relying_party.party import RelyingParty
from ostiary.relying_party.session_resolution import NoSession
from ostiary.relying_party.session_stage import PendingSession
from ostiary.relying_party.settings import RelyingPartySettings
from tests.fakes.issuer import CLIENT_ID, DISCOVERY
from tests.fakes.sign_in import CLIENT_SECRET, SECRET, SignInWorld

ORIGIN = "http://localhost:9080"
CALLBACK = f"{ORIGIN}/anything/callback"


def make_settings(**changes: Any) -> RelyingPartySettings:
    """Return settings of the usual client; `client_id` and others by name."""
    credentials = ClientCredentials(client_id=changes.pop("client_id", CLIENT_ID), client_secret=CLIENT_SECRET)
    settings = RelyingPartySettings(
        discovery=DISCOVERY,
        credentials=credentials,
        secrets=(SECRET,),
        fingerprint="a-fingerprint",
        redirect_uri=CALLBACK,
    )
    return msgspec.structs.replace(settings, **changes)


class PartyPlugin:
    """The smallest policy on a relying party: what the provider calls, callback, session, sign-in."""

    authenticates = True
    claims: tuple[Claim, ...] = ()
    cookie_names: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    fingerprint = "a-fingerprint"

    def __init__(
        self, world: SignInWorld, place: Place | None = None, public_url: str | None = None, **changes: Any
    ) -> None:
        """Build it; `changes` are those of `make_settings`."""
        settings = make_settings(**changes)
        provider = world.providers.provider(ProviderSettings(discovery=settings.discovery))
        self.party = RelyingParty(settings, provider, world.services(place, public_url))
        self.missed: list[str] = []

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
        """Ask the parts in their order; why there was no session is kept in `missed`."""
        if request.path in self.party.endpoints:
            return self.party.endpoints[request.path].answer(request)
        if self.party.is_callback(request):
            return self.party.finish_sign_in(request)
        if self.party.is_logout(request):
            return self.party.sign_out(request)
        found = self.party.find_session(request, now)
        if isinstance(found, PendingSession):
            return Pending(lambda: self._settle(request, found, now))
        return self._sign_in(request, found, now) if isinstance(found, NoSession) else found

    async def _settle(self, request: Request, pending: PendingSession, now: float) -> Settled:
        found = await pending.settle()
        if not isinstance(found, NoSession):
            return found
        verdict = self._sign_in(request, found, now)
        settled: Settled = await verdict.settle() if isinstance(verdict, Pending) else verdict
        return settled

    def _sign_in(self, request: Request, found: NoSession, now: float) -> Verdict:
        self.missed.append(found.reason)
        return self.party.start_sign_in(request, now, found.occasion)
