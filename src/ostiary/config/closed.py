"""The plugin that stands where a configured one cannot: it closes the route, it never opens it.

It knows nothing of what the configured one would have done; the problem itself was told when the snapshot was built.
"""

from typing import NoReturn, final

from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.plugin import Claim, Principal


@final
class ClosedPlugin:
    """Stands for a plugin whose configuration is invalid. Every request meets an OperatorFault, which is a 503."""

    __slots__ = ("_path", "fingerprint")

    authenticates = True
    claims: tuple[Claim, ...] = ()
    cookie_names: tuple[str, ...] = ()

    def __init__(self, path: str) -> None:
        """Remember which part of the configuration is to be mended."""
        self._path = path
        self.fingerprint = f"closed {path}"

    @property
    def notices(self) -> tuple[str, ...]:
        """Say that the route is closed."""
        return ("this configuration is invalid: the route is closed and answers 503 until it is mended",)

    def decide(self, request: Request, principal: Principal | None, now: float) -> NoReturn:
        """Refuse. Raises OperatorFault (`route_closed`)."""
        raise OperatorFault("route_closed", f"{self._path} is invalid")
