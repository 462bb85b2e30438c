"""The loop over plugins that the gateway and the ASGI middleware share (DESIGN.md §3).

Every plugin decides, in order of priority; edits accumulate; the first `Reply` ends it. A verdict that is `Pending`
stops the loop until the host comes back with what it settled to. Nobody admitted on a route that authenticates: the
outcome says so, and the host answers 401. It awaits nothing and knows no sockets.
"""

from typing import final

from ostiary.http.lines import is_clean_block
from ostiary.http.request import Request
from ostiary.plugin import Admit, Pending, Plugin, Principal, Reply, RequestEdits, Settled, Verdict


@final
class Deciding:
    """One request on its way through the plugins of its route.

    After `advance` has returned None or a Reply: `principal`, `edits`, `set_cookies` and `reason` are the outcome.
    """

    __slots__ = ("_index", "_plugins", "admitted", "edits", "principal", "reason", "request", "set_cookies")

    def __init__(self, request: Request, plugins: tuple[Plugin, ...]) -> None:
        """Start before the first plugin."""
        self.request = request
        self._plugins = plugins
        self._index = 0
        self.admitted = False
        self.principal: Principal | None = None
        self.edits: RequestEdits | None = None
        self.set_cookies: tuple[str, ...] = ()
        self.reason = ""

    def advance(self, now: float) -> Reply | Pending | None:
        """Let plugins decide until one replies, one is pending, or all have decided (None)."""
        plugins = self._plugins
        while self._index < len(plugins):
            verdict: Verdict = plugins[self._index].decide(self.request, self.principal, now)
            if isinstance(verdict, Pending):
                return verdict
            self._index += 1
            reply = self._take(verdict)
            if reply is not None:
                return reply
        return None

    def resume(self, settled: Settled, now: float) -> Reply | Pending | None:
        """Go on with what the pending verdict settled to."""
        self._index += 1
        reply = self._take(settled)
        return reply if reply is not None else self.advance(now)

    def _take(self, settled: Settled) -> Reply | None:
        if isinstance(settled, Admit):
            self.admitted = True
            self.reason = settled.reason
            if settled.principal is not None:
                self.principal = settled.principal
            if settled.edits is not None:
                self.edits = settled.edits if self.edits is None else _merge(self.edits, settled.edits)
            if settled.set_cookies:
                self.set_cookies += _check_cookies(settled.set_cookies)
        elif isinstance(settled, Reply):
            self.reason = settled.reason
            return settled
        return None


def _check_cookies(set_cookies: tuple[str, ...]) -> tuple[str, ...]:
    """Let Set-Cookie values through that are one line each (DESIGN.md §9.13). Raises ValueError: that denies."""
    for value in set_cookies:
        if not is_clean_block(value.encode("latin-1") + b"\r\n", 1):
            raise ValueError("a plugin's Set-Cookie value is not one line")
    return set_cookies


def _merge(earlier: RequestEdits, later: RequestEdits) -> RequestEdits:
    """Join two plugins' edits; where both set one name, the later value stands."""
    block = earlier.block
    if earlier.names & later.names:
        lines = [
            line for line in earlier.block.split(b"\r\n")[:-1] if line.partition(b":")[0].lower() not in later.names
        ]
        block = b"".join(line + b"\r\n" for line in lines)
    return RequestEdits(earlier.names | later.names, block + later.block)
