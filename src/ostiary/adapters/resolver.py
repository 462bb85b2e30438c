"""Names to addresses for outgoing calls, for aiohttp: by the system, or by the name servers of `gateway.dns` (c-ares).

A failure says which of the two happened: there is no such name, or nobody answered. Answers are remembered for as long
as they allow (by c-ares) and for ten seconds (by aiohttp); /etc/hosts comes first, and `localhost` is this machine.
"""

import asyncio
import socket
from typing import final

import aiodns
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from ostiary.config.dns import DnsSettings

TRIES = 2
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
# c-ares: ENODATA, ENOTFOUND, ENONAME, EBADNAME. The name has no address, whoever is asked.
_NO_SUCH_NAME = frozenset(
    {aiodns.error.ARES_ENODATA, aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENONAME, aiodns.error.ARES_EBADNAME}
)
_SYSTEM_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_REASONS = {
    aiodns.error.ARES_ESERVFAIL: "failed (SERVFAIL)",
    aiodns.error.ARES_EREFUSED: "refused to answer (REFUSED)",
    aiodns.error.ARES_ECONNREFUSED: "refused the connection: no name server runs there",
    aiodns.error.ARES_ETIMEOUT: "did not answer in time",
}


class ResolutionFailed(OSError):  # noqa: N818 - the design's word: what went wrong is a fault, made by whoever called
    """A name without addresses. `reason` completes "the name of ... cannot be resolved: "; aiohttp wants an OSError."""

    def __init__(self, reason: str) -> None:
        """Remember the reason; no `errno`, which would speak of a socket."""
        super().__init__(None, reason)
        self.reason = reason


@final
class Resolver(AbstractResolver):
    """Resolves by the settings of the moment; `use` changes them while calls are in the air."""

    __slots__ = ("_in_the_air", "_servers", "_settings")

    def __init__(self) -> None:
        """Ask the system, until told otherwise."""
        self._settings: DnsSettings | None = None
        self._servers: aiodns.DNSResolver | None = None
        self._in_the_air: dict[str, int] = {}

    def use(self, settings: DnsSettings | None) -> bool:
        """Ask these name servers from now on, or (None) the system; say whether that is a change."""
        if settings == self._settings:
            return False
        self._settings = settings
        self._drop_servers()
        return True

    def is_resolving(self, host: str) -> bool:
        """Say whether nobody has answered yet for `host`."""
        return host in self._in_the_air

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises ResolutionFailed."""
        self._in_the_air[host] = self._in_the_air.get(host, 0) + 1
        try:
            if self._settings is None:
                return await _ask_system(host, port, family)
            return await self._ask_servers(self._settings, host, port, family)
        finally:
            self._in_the_air[host] -= 1
            if not self._in_the_air[host]:
                del self._in_the_air[host]

    async def close(self) -> None:
        """Give up every look-up; the next one opens what it needs again."""
        self._drop_servers()

    def _drop_servers(self) -> None:
        servers, self._servers = self._servers, None
        if servers is not None:
            servers.cancel()

    async def _ask_servers(
        self, settings: DnsSettings, host: str, port: int, family: socket.AddressFamily
    ) -> list[ResolveResult]:
        asked = ", ".join(settings.servers)
        servers = self._servers
        if servers is None:
            a_try_s = settings.timeout_s / (TRIES * len(settings.servers))
            # No `lookups`: pycares 5.2 frees that text before c-ares reads it. The default has the hosts file first.
            servers = self._servers = aiodns.DNSResolver(settings.servers, timeout=a_try_s, tries=TRIES)
        try:
            async with asyncio.timeout(settings.timeout_s):
                answer = await servers.getaddrinfo(host, family=family, port=port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise ResolutionFailed(f"no answer from {asked} within {settings.timeout_s:g} s") from None
        except aiodns.error.DNSError as error:
            if error.args[0] in _NO_SUCH_NAME:
                raise ResolutionFailed(f"there is no such name, says {asked}") from None
            reason = _REASONS.get(error.args[0], "gave no usable answer")
            raise ResolutionFailed(f"{asked} {reason}") from None
        return [_describe(host, port, node.family, node.addr[0].decode("ascii")) for node in answer.nodes]


async def _ask_system(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    try:
        return await ThreadedResolver().resolve(host, port, family)
    except socket.gaierror as error:
        if error.errno in _SYSTEM_NO_SUCH_NAME:
            raise ResolutionFailed("there is no such name, says the system's resolver") from None
        raise ResolutionFailed("the system's resolver has no answer") from None
    except UnicodeError:
        raise ResolutionFailed("it is no host name") from None


def _describe(host: str, port: int, family: int, address: str) -> ResolveResult:
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=_NUMERIC)
