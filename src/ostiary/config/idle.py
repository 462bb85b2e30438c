"""What stands in the file and does nothing: services that no route names, and their plugins that every route replaces.

That may be meant, for a while; the operator should know it. Nothing is built here: whether such plugins could be is for
`ostiary.config.snapshot` to see, since their mistakes are mistakes all the same.
"""

from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from ostiary.config.declaring import DeclaredService
from ostiary.config.scopes import Candidate


class Idle(NamedTuple):
    """Plugins of services that decide nowhere, and what there is to say of all that does nothing."""

    candidates: tuple[Candidate, ...] = ()
    notices: tuple[str, ...] = ()


def find_idle(services: Iterable[DeclaredService], named: Container[str | None], places: Container[str]) -> Idle:
    """Find what does nothing: `named` are the services of routes in use, `places` those of plugins that they meet."""
    services = tuple(services)
    candidates = (candidate for service in services for candidate in service.candidates)
    notices = (notice for service in services for notice in _note(service, named, places))
    return Idle(tuple(candidate for candidate in candidates if candidate.place not in places), tuple(notices))


def _note(service: DeclaredService, named: Container[str | None], places: Container[str]) -> Iterator[str]:
    if service.config.id not in named:
        yield f"{service.path}: nothing of it is in use: no route in use says `service_id: {service.config.id}`"
        return
    for candidate in service.candidates:
        if candidate.place not in places:
            yield f"{candidate.place}: not in use: every route of this service has this plugin itself"
