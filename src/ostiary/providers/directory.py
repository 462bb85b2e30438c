"""The providers of this process, by their settings: two routes with the same settings share one provider.

It outlives configuration snapshots, so that a reload keeps metadata and keys.
"""

from typing import final

from ostiary.ports import Clock, HttpClient, Log, Spawner
from ostiary.providers.provider import Provider, ProviderSettings
from ostiary.providers.remembered import ProviderPorts

MAX_PROVIDERS = 1024


@final
class ProviderDirectory:
    """Makes each provider once."""

    __slots__ = ("_ports", "_providers")

    def __init__(self, *, http: HttpClient, clock: Clock, spawner: Spawner, log: Log) -> None:
        """Take the ports that the providers use."""
        self._ports = ProviderPorts(http=http, clock=clock, spawner=spawner, log=log)
        self._providers: dict[ProviderSettings, Provider] = {}

    def provider(self, settings: ProviderSettings) -> Provider:
        """Return the provider for these settings; no network I/O.

        The one that was made first is forgotten when there are over 1024: who holds it keeps it.
        """
        known = self._providers.get(settings)
        if known is None:
            known = Provider(settings, self._ports)
            while len(self._providers) >= MAX_PROVIDERS:
                del self._providers[next(iter(self._providers))]
            self._providers[settings] = known
        return known
