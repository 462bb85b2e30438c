"""The gateway of one worker: the snapshot it serves, its connections, its clock ticks, its drain.

A connection reads `server.snapshot` once per request; replacing it is one assignment. Nothing here reads
configuration files, makes providers or knows plugins: `ostiary.wiring` hands everything in.
"""

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Protocol, final

from ostiary.config.routes import Route
from ostiary.config.snapshot import Snapshot
from ostiary.errors import ClientFault, Fault, OperatorFault
from ostiary.gateway.access_log import AccessLog
from ostiary.gateway.accounts import build_record
from ostiary.gateway.connection import ClientConnection
from ostiary.gateway.doorstep import Doorstep, TlsEntrance
from ostiary.gateway.exchange import Exchange
from ostiary.gateway.outbox import Defer, Outbox
from ostiary.ports import Clock, Log, Spawner
from ostiary.upstream.directory import Upstream, UpstreamDirectory

TICK_S = 0.25


class Guest(Protocol):
    """Who counts as a connection: watched for its deadline, and asked to leave."""

    deadline_at: float

    def check_deadline(self) -> None:
        """Act on a deadline that has passed."""
        ...

    def drain(self) -> None:
        """Leave when nothing is on its way."""
        ...

    def cut(self) -> None:
        """Leave now."""
        ...


@final
class Server:
    """Accepts connections and serves the current snapshot. `timer` is a monotonic clock in seconds."""

    def __init__(
        self,
        *,
        clock: Clock,
        timer: Callable[[], float],
        spawner: Spawner,
        log: Log,
        access_log: AccessLog | None,
        defer: Defer | None = None,
    ) -> None:
        """Be wired; `install` gives the first snapshot, `listen` opens the doors. `defer`: see `outbox`."""
        self.outbox = Outbox(defer)
        self.clock = clock
        self.timer = timer
        self.spawner = spawner
        self.access_log = access_log
        self.snapshot: Snapshot
        self.is_draining = False
        self.coarse_now = timer()
        self.date = b""
        self._log = log
        self._connections: set[Guest] = set()
        self._upstreams = UpstreamDirectory(timer)
        self._upstream_of: dict[object, Upstream] = {}  # by `Route.origin`
        self._listeners: list[asyncio.Server] = []
        self._request_prefix = ""
        self._request_count = 0
        self._ticking: asyncio.TimerHandle | None = None
        self._date_second = 0

    def install(self, snapshot: Snapshot, request_prefix: str) -> None:
        """Serve `snapshot` from the next request on; upstreams of equal value keep their connections."""
        upstream_of = {
            route.origin: self._upstreams.upstream(route.upstream)
            for route in snapshot.routes
            if route.upstream is not None
        }
        self._request_prefix = request_prefix
        self.snapshot = snapshot
        self._upstream_of = upstream_of
        self._upstreams.retain({route.upstream for route in snapshot.routes if route.upstream is not None})

    async def listen(self, host: str, port: int, entrance: TlsEntrance | None = None) -> int:
        """Open a listening socket, with an `entrance` for https; return its port (which the system chooses for 0)."""
        loop = asyncio.get_running_loop()

        def accept() -> asyncio.Protocol:
            return ClientConnection(self) if entrance is None else Doorstep(self, entrance)

        listener: Any = await loop.create_server(accept, host, port, backlog=1024)
        self._listeners.append(listener)
        if self._ticking is None:
            self._tick()
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    async def drain(self, within_s: float) -> bool:
        """Stop accepting, let exchanges finish, close. Returns whether all of them did in time."""
        self.is_draining = True
        self.outbox.flush()
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.drain()
        end = self.timer() + within_s
        while self._connections and self.timer() < end:  # noqa: ASYNC110 - many connections end, each in its own time
            await asyncio.sleep(0.02)
        left = len(self._connections)
        for connection in list(self._connections):
            connection.cut()
        if self._ticking is not None:
            self._ticking.cancel()
        self._upstreams.close()
        if self.access_log is not None:
            self.access_log.flush()
        return left == 0

    # ------------------------------------------------------------------------------------- for the connections

    def connection_opened(self, connection: Guest) -> bool:
        """Remember a connection for deadlines and drain, unless there are as many as there may be."""
        if len(self._connections) >= self.snapshot.gateway.connections:
            return False
        self._connections.add(connection)
        return True

    def connection_closed(self, connection: Guest) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def upstream_of(self, route: Route) -> Upstream:
        """Return the live upstream of a route, also of one whose snapshot was just replaced."""
        found = self._upstream_of.get(route.origin)
        if found is None and route.upstream is not None:
            found = self._upstreams.upstream(route.upstream)
        if found is None:
            raise OperatorFault("upstream_none", "the route has no upstream")
        return found

    def next_request_id(self) -> str:
        """Return an id that finds the request's log line; unique, not secret."""
        self._request_count += 1
        return f"{self._request_prefix}-{self._request_count:x}"

    def settle_account(self, exchange: Exchange) -> None:
        """Write the access record of an exchange that is over."""
        access_log = self.access_log
        if access_log is not None and access_log.is_sampled():
            access_log.record(build_record(exchange, self.timer(), self.clock.now()))

    def report_fault(self, fault: Fault, reference: str, route: Route | None) -> None:
        """Tell the operator about faults that are not the client's own."""
        if not isinstance(fault, ClientFault):
            route_id = None if route is None else route.id
            self._log.event("warning", fault.code, fault.detail or fault.code, reference=reference, route=route_id)

    def report_internal(self, error: Exception, reference: str) -> Fault:
        """Turn an unexpected error into a fault that denies; only its type and place are logged, not its text."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        name = type(error).__name__
        self._log.event("error", "internal_error", f"{name} in {place}", reference=reference)
        return OperatorFault("internal_error", name)

    # --------------------------------------------------------------------------------------------------- ticks

    def _tick(self) -> None:
        """Four times a second: deadlines, idle upstream connections, the Date header, the access log."""
        self.outbox.flush()
        now = self.coarse_now = self.timer()
        second = int(self.clock.now())
        if second != self._date_second:
            self._date_second = second
            self.date = formatdate(second, usegmt=True).encode("ascii")
            self._upstreams.close_stale(now)
        for connection in [found for found in self._connections if found.deadline_at <= now]:
            connection.check_deadline()
        if self.access_log is not None:
            self.access_log.flush()
        self._ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)
