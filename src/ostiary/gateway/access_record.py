"""The access log's line about one request: who (as a digest), what, which route, what was decided, how long it took.

Never a query, a header or a cookie. It stands apart from the log because the compiled data plane knows no Structs.
"""

from typing import final

import msgspec


@final
class AccessRecord(msgspec.Struct, omit_defaults=True):
    """A request that is over. `time` in seconds since the epoch, durations in microseconds (upstream: to its head).

    `query` says only that there was one; `principal` is a digest; `cut` says that the response did not end well.
    """

    time: float
    id: str
    client: str
    method: str
    status: int
    verdict: str
    reason: str
    duration_us: int
    host: str = ""
    path: str = ""
    query: str = ""
    route: str = ""
    principal: str = ""
    upstream: str = ""
    upstream_us: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    attempts: int = 0
    cut: bool = False
