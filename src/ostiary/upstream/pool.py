"""Idle connections by node, and dialling. An idle one is taken synchronously; only dialling waits.

The most recently used connection is lent first, so that the surplus ages and is closed. Pools outlive snapshots: they
belong to an upstream's value, not to the route that names it.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import final

from ostiary.errors import UpstreamFault
from ostiary.upstream.balancer import Node
from ostiary.upstream.connection import UpstreamConnection
from ostiary.upstream.tls import HUNG_UP, UpstreamContext, explain_tls_error


@final
class Pool:
    """Connections to every node of one upstream. `size` counts idle ones per node; times are of the loop's clock."""

    __slots__ = ("_closed", "_idle", "_idle_timeout_s", "_requests", "_size", "_timer", "_tls")

    def __init__(
        self,
        *,
        size: int,
        idle_timeout_s: float,
        requests: int,
        timer: Callable[[], float],
        tls: UpstreamContext | None = None,
    ) -> None:
        """Keep at most `size` idle connections per node, each for at most `requests` requests; with `tls` over TLS."""
        self._tls = tls
        self._size = size
        self._idle_timeout_s = idle_timeout_s
        self._requests = requests
        self._timer = timer
        self._idle: dict[Node, list[UpstreamConnection]] = {}
        self._closed = False

    def take(self, node: Node) -> UpstreamConnection | None:
        """Return an idle connection to `node` that is fit, or None."""
        idle = self._idle.get(node)
        while idle:
            connection = idle.pop()
            if connection.is_usable():
                return connection
        return None

    async def dial(self, node: Node, timeout_s: float) -> UpstreamConnection:
        """Open a connection, and over TLS shake hands, all in `timeout_s`.

        Raises UpstreamFault (`upstream_refused`, `upstream_timeout`, `upstream_tls`, `upstream_unreachable`).
        """
        loop = asyncio.get_running_loop()
        host, port = node
        try:
            async with asyncio.timeout(timeout_s):
                lower, connection = await loop.create_connection(lambda: UpstreamConnection(node, self), host, port)
                if self._tls is not None:
                    connection.connection_made(await self._tls.shake_hands(lower, connection, host, timeout_s))
        except TimeoutError:
            raise UpstreamFault("upstream_timeout", f"no connection to {host}:{port} within {timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise UpstreamFault("upstream_tls", f"{host}:{port}: {explain_tls_error(error)}") from None
        except ConnectionRefusedError:
            raise UpstreamFault("upstream_refused", f"{host}:{port} refused the connection") from None
        except OSError as error:
            if self._tls is not None and isinstance(error, ConnectionError):
                raise UpstreamFault("upstream_tls", f"{host}:{port}: {HUNG_UP}") from None
            raise UpstreamFault("upstream_unreachable", f"{host}:{port}: {error.strerror or 'unreachable'}") from None
        except UnicodeError:
            raise UpstreamFault("upstream_unreachable", f"{host}:{port}: no name that a server can have") from None
        return connection

    def give(self, connection: UpstreamConnection) -> None:
        """Take back a connection after a whole, clean response."""
        idle = self._idle.setdefault(connection.node, [])
        if self._closed or len(idle) >= self._size or connection.served >= self._requests:
            connection.transport.close()
            return
        connection.idle_since = self._timer()
        idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Drop a connection that is gone."""
        idle = self._idle.get(connection.node)
        if idle and connection in idle:
            idle.remove(connection)

    def close_stale(self, now: float) -> None:
        """Close connections that nobody used for the idle time-out."""
        for idle in self._idle.values():
            while idle and now - idle[0].idle_since >= self._idle_timeout_s:
                idle.pop(0).transport.close()

    def close(self) -> None:
        """Close every idle connection; those in use close when they are given back."""
        self._closed = True
        for idle in self._idle.values():
            while idle:
                idle.pop().transport.close()
