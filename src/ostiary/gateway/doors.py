"""Everything that one worker listens on: http, https, and http that only leads to https.

Addresses are opened once and stay as they are over a reload; certificates and redirects follow what the configuration
then says of the same address. Servers and certificates are made by `ostiary.wiring`.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, final

from ostiary.config.gateway import Door, GatewaySettings
from ostiary.config.tls import TlsSettings
from ostiary.gateway.doorstep import Certificate, TlsEntrance
from ostiary.gateway.redirect import build_redirect_snapshot
from ostiary.gateway.server import Server
from ostiary.ports import Log


class OpenDoor(NamedTuple):
    """A door with what serves behind it. `server` is None where that is the gateway's own."""

    door: Door
    entrance: TlsEntrance | None
    server: Server | None


@final
class Doors:
    """Opens listening sockets, keeps them up to date, and closes them."""

    def __init__(
        self,
        server: Server,
        *,
        make_server: Callable[[], Server],
        make_prefix: Callable[[], str],
        open_certificate: Callable[[TlsSettings], Certificate],
        log: Log,
    ) -> None:
        """Stand before `server`; `make_server` makes another for each redirect, `make_prefix` its request ids'."""
        self._server = server
        self._make_server = make_server
        self._make_prefix = make_prefix
        self._open_certificate = open_certificate
        self._log = log
        self._open: list[OpenDoor] = []

    async def open(self, door: Door, settings: GatewaySettings) -> int:
        """Listen and return the port. Raises OSError, and OperatorFault for a certificate that does not load."""
        entrance = server = None
        if door.tls is not None:
            entrance = TlsEntrance(self._open_certificate(door.tls), self._log)
        if door.https is not None:
            server = self._make_server()
            server.install(build_redirect_snapshot(settings, door.https), self._make_prefix())
        port = await (server or self._server).listen(door.host, door.port, entrance)
        self._open.append(OpenDoor(door, entrance, server))
        return port

    def follow(self, settings: GatewaySettings) -> None:
        """Take up what a new configuration says of the addresses that are open.

        Raises OperatorFault for a certificate that does not load; everything else is taken up then.
        """
        wanted = {(door.host, door.port): door for door in settings.listen}
        for door, _, server in self._open:
            target = wanted.get((door.host, door.port), door).https or door.https
            if server is not None and target is not None:
                server.install(build_redirect_snapshot(settings, target), self._make_prefix())
        for door, entrance, _ in self._open:
            tls = wanted.get((door.host, door.port), door).tls
            if entrance is not None and tls is not None:
                entrance.certificate = self._open_certificate(tls)

    async def drain(self, within_s: float) -> None:
        """Stop accepting everywhere, let open requests finish, close."""
        redirecting = (server for _, _, server in self._open if server is not None)
        await asyncio.gather(*(server.drain(within_s) for server in (self._server, *redirecting)))
