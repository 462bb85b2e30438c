"""Faults: who is to blame, a stable code, and a text that may be logged.

Five families, by blame: the client, the identity provider, the upstream, the store, the operator. A fault is for what
went wrong; "please sign in" and "this token is refused" are verdicts (`ostiary.plugin`), never faults.
This module knows no status codes: `ostiary.gateway.faults` is the only place that turns a fault into an answer.
"""

from typing import final


class Fault(Exception):  # noqa: N818 - the design's word: a fault has a family, a code and a blame
    """Something went wrong. `code` is stable and documented; `detail` goes to the log and holds no secret."""

    def __init__(self, code: str, detail: str = "") -> None:
        """Remember the stable `code` (lower_snake_case) and a `detail` for the operator's log."""
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    def again(self) -> "Fault":
        """Return an equal fault that nobody has raised yet: one for each of those who waited for the same answer."""
        return type(self)(self.code, self.detail)


@final
class ClientFault(Fault):
    """The request itself is wrong; repeating it unchanged will not help."""


@final
class ProviderFault(Fault):
    """The identity provider did not answer, or answered something that cannot be used.

    `passing` says that the same call may succeed later (time-out, 5xx); a wrong answer does not pass by itself.
    """

    def __init__(self, code: str, detail: str = "", *, passing: bool = True) -> None:
        """Remember whether waiting can help, besides the code and the detail."""
        super().__init__(code, detail)
        self.passing = passing

    def again(self) -> "ProviderFault":
        """Return an equal fault that nobody has raised yet."""
        return ProviderFault(self.code, self.detail, passing=self.passing)


@final
class UpstreamFault(Fault):
    """The service behind the gateway did not answer, or answered something that cannot be forwarded."""


@final
class StoreFault(Fault):
    """The store of sessions or of shared state did not answer in time, or refused; it passes when the store is back."""


@final
class OperatorFault(Fault):
    """The configuration cannot work; the request is refused until somebody mends it."""
