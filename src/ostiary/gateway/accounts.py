"""What an exchange tells about itself when it is over: it becomes an access record.

Kept apart from the exchange so that what is logged can be read in one place: no query, no header, no cookie.
"""

from typing import TYPE_CHECKING

from ostiary.gateway.access_record import AccessRecord

if TYPE_CHECKING:
    from ostiary.gateway.exchange import Exchange


def build_record(exchange: "Exchange", now: float, time: float) -> AccessRecord:
    """Write down an exchange that is over; `now` is the server's timer, `time` the wall clock, in seconds."""
    request, deciding = exchange.request, exchange.deciding
    reason = exchange.reason
    began_at = exchange.began_at
    record = AccessRecord(
        time,
        exchange.id,
        exchange.connection.arrival.peer if request is None else request.client,
        exchange.raw.method.decode("latin-1") if request is None else request.method,
        exchange.status,
        exchange.verdict,
        reason if reason or deciding is None else deciding.reason,
        int((now - began_at) * 1e6),
        "" if request is None else request.authority.host,
        "" if request is None else request.target.path,
        "" if request is None or request.target.query is None else "(redacted)",
        "" if exchange.route is None else exchange.route.id,
        "" if deciding is None or deciding.principal is None else deciding.principal.digest,
        exchange.node_name,
        int((exchange.answered_at - began_at) * 1e6) if exchange.answered_at else 0,
        exchange.received_bytes,
        exchange.passed_bytes,
        exchange.attempts,
    )
    if exchange.is_cut:
        record.cut = True
    return record
