"""One identity provider as we know it: metadata and keys in memory, and the calls to it.

Reads are plain functions and answer from memory, so that the hot path never waits; what is missing is loaded by one
call that everybody shares. A provider that is down costs new knowledge only: what is known stays good
(OpenID Connect Discovery §4, Core §10.1.1 for the rotation of keys). Outlives configuration snapshots.
"""

import asyncio
from typing import final

import msgspec

from ostiary.bounded import BoundedMap
from ostiary.errors import ProviderFault
from ostiary.http.outbound import Address, OutboundRequest, OutboundResponse
from ostiary.http.proxies import ProxySettings
from ostiary.identity.keys import KeySet, build_keys_request, read_key_set
from ostiary.identity.metadata import (
    Endpoints,
    Metadata,
    build_discovery_request,
    build_metadata,
    override_endpoints,
    read_metadata,
)
from ostiary.providers.remembered import ProviderPorts, Remembered

METADATA_FRESH_S = 3600.0
KEYS_FRESH_S = 600.0
FORCED_REFRESH_PAUSE_S = 30.0
UNKNOWN_KID_S = 60.0
MAX_UNKNOWN_KIDS = 1024
MAX_CALLS = 8


@final
class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider is and how it is called; hashable, and equal settings share one `Provider`.

    `discovery` is the URL of its metadata. `issuers` are those that the operator vouches for besides the one that
    the discovery URL itself names. Keys that the provider has not confirmed for `keys_expire_s` are not used.
    `endpoints` are the operator's own, in place of those of the metadata. `trusted_certificates` are PEM certificates
    of authorities that are trusted besides the system's. `addresses` are connected to in the place of what the URLs
    name. What does not discover has its issuer and endpoints from the operator alone.
    """

    discovery: str
    timeout_s: float = 3.0
    tls_verify: bool = True
    issuers: tuple[str, ...] = ()
    keys_expire_s: float = 86_400.0
    endpoints: Endpoints = Endpoints()
    trusted_certificates: str = ""
    proxies: ProxySettings = ProxySettings()
    addresses: tuple[Address, ...] = ()
    discovers: bool = True


@final
class Provider:
    """One provider. Reads come from memory; loads are single-flight. Made by `ProviderDirectory`."""

    __slots__ = ("_calls", "_forced_at", "_introspections", "_keys", "_metadata", "_ports", "_unknown_kids", "settings")

    def __init__(self, settings: ProviderSettings, ports: ProviderPorts) -> None:
        """Know nothing yet; no network I/O."""
        self.settings = settings
        self._ports = ports
        self._calls = asyncio.Semaphore(MAX_CALLS)
        self._introspections = asyncio.Semaphore(MAX_CALLS)
        self._metadata = Remembered("provider metadata", self._fetch_metadata, ports, fresh_s=METADATA_FRESH_S)
        self._keys = Remembered(
            "provider keys", self._fetch_keys, ports,
            fresh_s=min(KEYS_FRESH_S, settings.keys_expire_s), usable_s=settings.keys_expire_s,
        )  # fmt: skip
        self._forced_at: float | None = None
        self._unknown_kids: BoundedMap[str, bool] = BoundedMap(MAX_UNKNOWN_KIDS)

    def metadata(self, now: float) -> Metadata | None:
        """Return the metadata in memory, or None. A stale one is served while one refresh runs."""
        return self._metadata.get(now)

    async def load_metadata(self, now: float) -> Metadata:
        """Return the metadata, fetched when there is none. Raises ProviderFault."""
        return await self._metadata.load(now)

    def keys(self, now: float) -> KeySet | None:
        """Return the keys in memory, or None. Stale ones are served while one refresh runs."""
        return self._keys.get(now)

    async def load_keys(self, now: float, unknown_kid: str | None = None) -> KeySet:
        """Return the keys, fetched when there are none. Raises ProviderFault.

        With an `unknown_kid` that may be new (`may_refresh_keys`) they are fetched again; a key id that is unknown
        afterwards, too, is remembered as such for a while.
        """
        keys = self._keys.get(now)
        if keys is None:
            return await self._keys.load(now)
        if unknown_kid is None or keys.has(unknown_kid) or not self.may_refresh_keys(unknown_kid, now):
            return keys
        return await self.refresh_keys(now, unknown_kid)

    def may_refresh_keys(self, kid: str | None, now: float) -> bool:
        """Say whether fetching the keys again is worth it for a token whose key (None: unnamed) is not in memory.

        Not for a key id that was unknown a moment ago, and not within 30 s of the last time, unless a fetch is in
        the air: then waiting for it costs nothing. When the answer is no, the token is refused.
        """
        if kid is not None and self._unknown_kids.get(kid, now):
            return False
        if self._keys.is_refreshing or self._forced_at is None:
            return True
        return abs(now - self._forced_at) >= FORCED_REFRESH_PAUSE_S

    async def refresh_keys(self, now: float, kid: str | None) -> KeySet:
        """Fetch the keys again on behalf of a token whose key (None: unnamed) is unknown. Raises ProviderFault.

        Ask `may_refresh_keys` first.
        """
        if not self._keys.is_refreshing:
            self._forced_at = now
        keys = await self._keys.refresh()
        if kid is not None and not keys.has(kid):
            self._unknown_kids.put(kid, value=True, expires_at=now + UNKNOWN_KID_S, now=now)
        return keys

    async def call(self, request: OutboundRequest, *, introspects: bool = False) -> OutboundResponse:
        """Send a request with the settings' time limit, TLS and proxy, at most 8 at once; waiting for a turn counts.

        Introspection has turns of its own: anybody can send tokens that nobody knows, and signing in goes on.
        Raises ProviderFault: those of the HttpClient port, and `provider_busy` when no turn comes in that time.
        """
        settings = self.settings
        loop = asyncio.get_running_loop()
        until = loop.time() + settings.timeout_s
        turns = self._introspections if introspects else self._calls
        try:
            async with asyncio.timeout_at(until):
                await turns.acquire()
        except TimeoutError:
            detail = f"{MAX_CALLS} calls to the provider have been waiting for an answer for {settings.timeout_s:g} s"
            raise ProviderFault("provider_busy", detail) from None
        try:
            ours = msgspec.structs.replace(
                request,
                timeout_s=until - loop.time(),
                tls_verify=settings.tls_verify,
                trusted_certificates=settings.trusted_certificates,
                proxy=settings.proxies.find(request.url),
                addresses=settings.addresses,
            )
            return await self._ports.http.send(ours)
        finally:
            turns.release()

    async def _fetch_metadata(self) -> Metadata:
        settings = self.settings
        if not settings.discovers:
            return build_metadata(settings.issuers[0], settings.endpoints)
        response = await self.call(build_discovery_request(settings.discovery))
        return override_endpoints(read_metadata(response, settings.discovery, settings.issuers), settings.endpoints)

    async def _fetch_keys(self) -> KeySet:
        metadata = await self.load_metadata(self._ports.clock.now())
        if metadata.jwks_uri is None:
            detail = "the provider's metadata has no jwks_uri; write it as jwks_uri"
            raise ProviderFault("provider_keys_missing", detail, passing=False)
        keys = read_key_set(await self.call(build_keys_request(metadata.jwks_uri)))
        for notice in keys.notices:
            self._ports.log.event("warning", "provider_key_ignored", notice, jwks_uri=metadata.jwks_uri)
        return keys
