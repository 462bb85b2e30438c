"""What an exchange waits for: a verdict that is not in memory, a body for it, an upstream line that is not open.

The only coroutines of the data plane. Whatever fails in them becomes the client's answer: an exchange never hangs
because a task died.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from ostiary.errors import ClientFault, UpstreamFault
from ostiary.gateway.phases import Phase
from ostiary.gateway.replies import CONTINUE
from ostiary.plugin import Pending, Settled
from ostiary.upstream.balancer import Node
from ostiary.upstream.connection import UpstreamConnection
from ostiary.upstream.directory import Upstream

if TYPE_CHECKING:
    from ostiary.gateway.exchange import Exchange

Found = TypeVar("Found")


def suspend(exchange: "Exchange", pending: Pending) -> None:
    """Go on in a task; with a body limit, once the body is there."""
    if not pending.body_limit_bytes:
        exchange.connection.spawn(settle(exchange, pending.settle()))
        return
    exchange.pending = pending
    exchange.phase = Phase.COLLECTING
    collect(exchange)
    if exchange.phase is Phase.COLLECTING:
        if exchange.request is not None and exchange.request.expects_continue:
            exchange.connection.write(CONTINUE)
        exchange.connection.watch_body()


def collect(exchange: "Exchange") -> None:
    """Go on with the pending verdict when the body is whole. It stays in the inbox, to be forwarded if it may."""
    pending, request = exchange.pending, exchange.request
    if pending is None or request is None:
        return
    if max(exchange.received_bytes, request.body_bytes) > pending.body_limit_bytes:
        exchange.fail(ClientFault("body_too_large", f"the body is larger than {pending.body_limit_bytes} bytes"))
    elif exchange.received:
        exchange.pending = None
        exchange.phase = Phase.DECIDING
        exchange.connection.watch_nobody()
        body = b"".join(exchange.inbox)
        guard(exchange, lambda: exchange.connection.spawn(settle(exchange, pending.settle(body))))


async def settle(exchange: "Exchange", work: Awaitable[Settled]) -> None:
    """Await a pending verdict and go on with it. The work is finished even when the client has left."""
    await _go_on_with(exchange, work, exchange.resume)


async def dial(exchange: "Exchange", upstream: Upstream, node: Node) -> None:
    """Open a line and send the request on it. A line that nobody wants any more goes to the pool."""

    def use(line: UpstreamConnection) -> None:
        if exchange.phase is Phase.DONE:
            upstream.pool.give(line)
        else:
            exchange.send(line, upstream)

    await _go_on_with(exchange, _connect(upstream, node), use)


async def _go_on_with(exchange: "Exchange", work: Awaitable[Found], step: Callable[[Found], None]) -> None:
    try:
        found = await work
    except Exception as error:  # noqa: BLE001 - any error in an authentication path denies
        exchange.fail_with(error)
    else:
        guard(exchange, lambda: step(found))
    exchange.connection.go_on()


async def _connect(upstream: Upstream, node: Node) -> UpstreamConnection:
    """Connect, trying other nodes when one does not take connections: nothing was sent yet."""
    tried: set[Node] = set()
    while True:
        tried.add(node)
        try:
            return await upstream.pool.dial(node, upstream.spec.connect_timeout_s)
        except UpstreamFault:
            other = upstream.balancer.choose_other(tried) if len(tried) <= upstream.spec.retries else None
            if other is None:
                raise
            node = other


def guard(exchange: "Exchange", step: Callable[[], None]) -> None:
    """Take a step; whatever goes wrong in it denies."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - any error in an authentication path denies
        exchange.fail_with(error)
