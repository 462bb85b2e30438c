"""What an exchange tells about itself when it is over: it becomes an access record."""

from typing import TYPE_CHECKING

from ostiary.gateway.access_log import AccessRecord

if TYPE_CHECKING:
    from ostiary.gateway.exchange import Exchange


def build_record(exchange: "Exchange", now: float, time: float) -> AccessRecord:
    """Write down an exchange that is over; `now` is the server's timer, `time` the wall clock, in seconds."""
    request = exchange.request
    deciding = exchange.deciding
    node = exchange.node
    record = AccessRecord(
        time=time,
        id=exchange.id,
        client=exchange.connection.arrival.peer if request is None else request.client,
        method=exchange.raw.method.decode("latin-1") if request is None else request.method,
        status=exchange.status,
        verdict=exchange.verdict,
        reason=exchange.reason,
        duration_us=int((now - exchange.began_at) * 1e6),
    )
    if request is not None:
        record.host = request.authority.host
        record.path = request.target.path
        if request.target.query is not None:
            record.query = "(redacted)"
    if exchange.route is not None:
        record.route = exchange.route.id
    if deciding is not None:
        if not record.reason:
            record.reason = deciding.reason
        if deciding.principal is not None:
            record.principal = deciding.principal.digest
    if node is not None:
        record.upstream = exchange.node_name
        record.attempts = exchange.attempts
        if exchange.answered_at:
            record.upstream_us = int((exchange.answered_at - exchange.began_at) * 1e6)
    record.received_bytes = exchange.received_bytes
    record.sent_bytes = exchange.passed_bytes
    record.cut = exchange.is_cut
    return record
