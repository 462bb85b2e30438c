"""Where a request wishes to be led after signing in or out: every `rd` goes through here, and no other way.

`rd` in the query, then X-Auth-Request-Redirect; the first that is allowed counts. A wish that is not is no error for
the person, who goes home instead, but a line in the log for the operator. Where a login led is judged again when it
ends.
"""

from collections.abc import Iterable, Iterator
from typing import final

from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.identity.authorization import read_parameters
from ostiary.identity.redirect_target import AllowedHost, Origin, find_origin, read_allowed_host, settle_target
from ostiary.identity.return_to import HOME
from ostiary.ports import Log
from ostiary.relying_party.settings import RelyingPartySettings

PARAMETER = "rd"


@final
class RedirectTargets:
    """The wishes of one client's requests."""

    __slots__ = ("_allowed", "_log", "is_open")

    def __init__(self, settings: RelyingPartySettings, log: Log) -> None:
        """Compile the allowed hosts. Raises OperatorFault `redirect_host_invalid`."""
        self.is_open = settings.follows_rd
        self._log = log
        try:
            self._allowed = tuple(read_allowed_host(host) for host in settings.allowed_redirects)
        except ValueError:
            raise OperatorFault(
                "redirect_host_invalid",
                "whitelist_domains has something that is no host: write example.com or .example.com",
            ) from None

    def find(self, request: Request, besides: Iterable[str | None] = ()) -> str | None:
        """Return where the request wishes to be led, as far as that is allowed; None without such a wish.

        `besides` are URLs whose hosts are allowed this time: the provider's own, at a sign-out.
        """
        if not self.is_open:
            return None
        allowed = (*self._allowed, *_read_hosts(besides))
        here = find_origin(f"{request.scheme}://{request.authority.text}/")
        for wish in list_wishes(request):
            target = settle_target(wish, here, allowed)
            if target is not None:
                return target
            self._log.event(
                "warning", "redirect_refused", "a request wished to be led where nobody may be led",
                reference=request.id, remedy="add the host to whitelist_domains, if it is one of yours",
            )  # fmt: skip
        return None

    def judge(self, target: str) -> str:
        """Return where a login leads that ends now: the target, if it may still be led there, or home."""
        return settle_target(target, None, self._allowed if self.is_open else ()) or HOME


def list_wishes(request: Request) -> Iterator[str]:
    """Yield where a request wishes to be led, as it says it; nothing of it is judged."""
    yield from (value for name, value in read_parameters(request.target.query) if name == PARAMETER and value)
    if request.section.redirect_wish:
        yield request.section.redirect_wish.decode("latin-1")


def _read_hosts(urls: Iterable[str | None]) -> Iterator[AllowedHost]:
    for url in urls:
        origin: Origin | None = None if url is None else find_origin(url)
        if origin is not None:
            yield AllowedHost(origin.host, is_suffix=False, port=origin.port)
