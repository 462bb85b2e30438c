"""What is wrong, or worth knowing, about the conditions of a rule: a rule that never fits protects nothing.

Names of routes and services have to be there; a service has to be every destination of a route, or none, because a
plugin decides before one of several is chosen.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

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


class KnownRoutes(NamedTuple):
    """The routes that rules may name. `facts` are None where some could not be read: then nobody is a stranger."""

    names: tuple[str, ...]
    facts: tuple[RouteFacts, ...] | None


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
                self._refuse(("routes", index), f"there is no Ingress {name}", _suggest(name, routes.names))
        for index, prefix in enumerate(conditions.prefixes):
            if not any(name.startswith(prefix) for name in routes.names):
                problem = f"no Ingress has a name that begins with {prefix}"
                self._refuse(("prefixes", index), problem, "add the Ingress, or remove this")
        for index, pattern in enumerate(conditions.services if routes.facts is not None else ()):
            self._check_service(index, pattern, routes.facts or ())
        if conditions.services:
            self._check_shares(conditions.services, routes.facts or ())

    def _check_service(self, index: int, pattern: ServicePattern, facts: Iterable[RouteFacts]) -> None:
        services = [service for route in facts for service in route.services]
        if not any(fits_service((pattern,), service) for service in services):
            name = pattern[0] if pattern[1] is None else f"{pattern[0]}:{pattern[1]}"
            nearest = find_nearest(name, [service.name for service in services])
            remedy = f"did you mean `{nearest}`?" if nearest else "name a service that an Ingress sends requests to"
            self._refuse(("services", index), f"no Ingress sends requests to {name}", remedy)

    def _check_shares(self, patterns: Sequence[ServicePattern], facts: Iterable[RouteFacts]) -> None:
        for route in facts:
            fitting = [fits_service(patterns, service) for service in route.services]
            if any(fitting) and not all(fitting):
                problem = (
                    f"{route.name} sends requests to other services too, and which is chosen after plugins decided"
                )
                self._refuse(("services",), problem, "name all of its services, or the route as `ingress`")

    def _refuse(self, place: tuple[str] | tuple[str, int], problem: str, remedy: str) -> None:
        path = (*self.place, self.keys[place[0]], *place[1:])
        self.findings.refuse(self.manifest, path, problem, remedy)


def _suggest(name: str, known: Sequence[str]) -> str:
    nearest = next((there for there in known if there.rpartition("/")[2] == name.rpartition("/")[2]), None)
    nearest = nearest or find_nearest(name, known)
    return f"did you mean `{nearest}`?" if nearest else "add the Ingress to this folder, or remove the name"
