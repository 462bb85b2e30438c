"""What is wrong, or worth knowing, about the conditions of a rule: a rule that never fits protects nothing.

Names of routes and services have to be there; a service has to be every destination of a route, or none, because a
plugin decides before one of several is chosen.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, final

from ostiary.config.higress.findings import Findings
from ostiary.config.higress.manifests import Manifest
from ostiary.config.higress.rules import Conditions, RouteFacts, ServicePattern, fits_service
from ostiary.config.problems import Path, find_nearest

Keys = Mapping[str, str]

# How a condition is written in `matchRules`, and in `_rules_`.
RULE_KEYS: Keys = {"routes": "ingress", "services": "service", "domains": "domain"}
RAW_KEYS: Keys = {
    "routes": "_match_route_",
    "prefixes": "_match_route_prefix_",
    "services": "_match_service_",
    "domains": "_match_domain_",
}


@final
class KnownRoutes:
    """The routes that rules may name. `facts` are None where some could not be read: then no service is a stranger."""

    __slots__ = ("_by_name", "_by_service", "_order", "is_complete", "names")

    def __init__(self, names: Iterable[str], facts: Iterable[RouteFacts] | None) -> None:
        """Index the routes by their names and services."""
        self.names = dict.fromkeys(names)
        self.is_complete = facts is not None
        self._order = sorted(self.names)
        self._by_name: dict[str, list[RouteFacts]] = {}
        self._by_service: dict[ServicePattern, list[RouteFacts]] = {}
        for route in facts or ():
            self._by_name.setdefault(route.name, []).append(route)
            for pattern in {(service.name, port) for service in route.services for port in (None, service.port)}:
                self._by_service.setdefault(pattern, []).append(route)

    def has_beginning(self, prefix: str) -> bool:
        """Say whether a route's name begins so."""
        at = bisect_left(self._order, prefix)
        return at < len(self._order) and self._order[at].startswith(prefix)

    def list_users(self, service: ServicePattern, names: Sequence[str]) -> Sequence[RouteFacts]:
        """Return the routes of these names (none: all) that send requests to a service."""
        if not names:
            return self._by_service.get(service, ())
        named = (route for name in names for route in self._by_name.get(name, ()))
        return [route for route in named if any(fits_service((service,), each) for each in route.services)]

    def list_services(self, names: Sequence[str]) -> list[str]:
        """Return the names of the services behind these routes (none: all)."""
        services = {name: None for name, _ in self._by_service} if not names else {}
        named = (route for name in names for route in self._by_name.get(name, ()))
        return list(services | {service.name: None for route in named for service in route.services})


class ConditionCheck(NamedTuple):
    """The check of one rule's conditions."""

    manifest: Manifest
    place: Path
    keys: Keys
    findings: Findings

    def note(self, conditions: Conditions, ignored: Iterable[str]) -> None:
        """Say which conditions do not count, and which patterns are wider than they look."""
        if ignored:
            beside = " and ".join(f"`{self.keys[key]}`" for key in conditions._fields if getattr(conditions, key))
            keys = ", ".join(f"`{self.keys[key]}`" for key in sorted(ignored))
            self.findings.notice(self.manifest, self.place, f"beside {beside} Higress does not look at {keys}")
        for pattern in conditions.domains:
            if pattern.startswith("*") and pattern != "*" and not pattern.startswith("*."):
                end = pattern[1:]
                text = f"`{pattern}` also fits hosts like other-{end}: write `*.{end}`, and `{end}` if it is meant too"
                self.findings.notice(self.manifest, self.place, text)

    def find_strangers(self, conditions: Conditions, routes: KnownRoutes) -> None:
        """Refuse names of routes and services that there are not, and services that are some of a route's."""
        for index, name in enumerate(conditions.routes):
            if name not in routes.names:
                self._refuse(("routes", index), f"there is no Ingress {name}", _suggest(name, tuple(routes.names)))
        for index, prefix in enumerate(conditions.prefixes):
            if not routes.has_beginning(prefix):
                problem = f"no Ingress has a name that begins with {prefix}"
                self._refuse(("prefixes", index), problem, "add the Ingress, or remove this")
        if routes.is_complete and all(name in routes.names for name in conditions.routes):
            self._check_services(conditions, routes)

    def _check_services(self, conditions: Conditions, routes: KnownRoutes) -> None:
        shared: dict[str, None] = {}
        for index, pattern in enumerate(conditions.services):
            users = routes.list_users(pattern, conditions.routes)
            if not users:
                self._refuse_service(index, pattern, conditions.routes, routes)
            mixed = (route for route in users if len(route.services) > 1)
            shared |= {
                route.name: None
                for route in mixed
                if not all(fits_service(conditions.services, service) for service in route.services)
            }
        for name in shared:
            problem = f"{name} sends requests to other services too, and which is chosen after plugins decided"
            self._refuse(("services",), problem, "name all of its services, or the route as `ingress`")

    def _refuse_service(self, index: int, pattern: ServicePattern, names: Sequence[str], routes: KnownRoutes) -> None:
        name = pattern[0] if pattern[1] is None else f"{pattern[0]}:{pattern[1]}"
        nearest = find_nearest(name, routes.list_services(names))
        who = "none of its Ingresses sends" if names else "no Ingress sends"
        remedy = f"did you mean `{nearest}`?" if nearest else "name a service that an Ingress sends requests to"
        self._refuse(("services", index), f"{who} requests to {name}", remedy)

    def _refuse(self, place: tuple[str] | tuple[str, int], problem: str, remedy: str) -> None:
        path = (*self.place, self.keys[place[0]], *place[1:])
        self.findings.refuse(self.manifest, path, problem, remedy)


def _suggest(name: str, known: Sequence[str]) -> str:
    nearest = next((there for there in known if there.rpartition("/")[2] == name.rpartition("/")[2]), None)
    nearest = nearest or find_nearest(name, known)
    return f"did you mean `{nearest}`?" if nearest else "add the Ingress to this folder, or remove the name"
