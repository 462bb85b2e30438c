"""The rules of a Higress plugin, and which of them a route meets: the first in the order of the list.

A rule looks at one thing: the route's name, the beginning of it, the service that the route goes to, or the request's
host (route and service together must both fit). Where it names several, which one counts is the original's, in the
order of the language that the plugin is written in. A matched rule replaces the instance's configuration whole; one
that only restricts (`allow`) restricts the instance's, whatever else stands behind it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ostiary.config.higress.destinations import RoutedService
from ostiary.config.scopes import Candidate, DeclaredPlugin, Policy, is_restricting, narrow, order_policy
from ostiary.plugin import Level

ServicePattern = tuple[str, int | None]

_BY_CPP = ("routes", "prefixes", "services", "domains")
_BY_GO = ("routes", "domains", "services", "prefixes")
_ORDERS = {"oidc": _BY_GO}
_LEVELS: dict[str, Level] = {"routes": "route", "prefixes": "route", "services": "service", "domains": "domain"}


class Conditions(NamedTuple):
    """What a rule looks at. Domains are lower-case patterns: exact, `*x`, `x*` or `*`."""

    routes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    services: tuple[ServicePattern, ...] = ()
    domains: tuple[str, ...] = ()

    def settle(self, plugin: str) -> tuple["Conditions", tuple[str, ...]]:
        """Return what counts for a plugin, and the names of what does not."""
        named = [name for name in _ORDERS.get(plugin, _BY_CPP) if getattr(self, name)]
        kept = ("routes", "services") if {"routes", "services"} <= set(named) else tuple(named[:1])
        return Conditions(**{name: getattr(self, name) for name in kept}), tuple(set(named) - set(kept))

    @property
    def level(self) -> Level:
        """At which level a rule with these (settled) conditions stands."""
        return next(_LEVELS[name] for name in self._fields if getattr(self, name))

    def meet(self, route: "RouteFacts | None") -> tuple[str, ...] | None:
        """Return the hosts for which these (settled) conditions hold on a route: none are all, None is never."""
        if self.domains:
            return () if "*" in self.domains else self.domains
        if route is None:
            return None
        if self.services and not all(fits_service(self.services, service) for service in route.services):
            return None
        if self.routes:
            return () if route.name in self.routes else None
        if self.prefixes:
            return () if route.name.startswith(self.prefixes) else None
        return () if route.services else None


class RouteFacts(NamedTuple):
    """What rules look at: the route's name, and the services behind it."""

    name: str
    services: tuple[RoutedService, ...]


class Rule(NamedTuple):
    """A rule that is in force. `plugin` None: the plugin is switched off where it fits."""

    place: str
    conditions: Conditions
    plugin: DeclaredPlugin | None


class PluginRules(NamedTuple):
    """A plugin with its rules in their order, and what holds where none fits."""

    name: str
    rules: tuple[Rule, ...]
    instance: Candidate | None

    @property
    def plugins(self) -> Iterator[DeclaredPlugin]:
        """Yield every configuration."""
        candidates = (*self.rules, *(() if self.instance is None else (self.instance,)))
        yield from (candidate.plugin for candidate in candidates if candidate.plugin is not None)

    def apply(self, route: RouteFacts | None, hosts: Sequence[str] = ()) -> Policy:
        """Return the policy of a route with these hosts; None is where no route matched."""
        return narrow(order_policy(self.name, tuple(self._list_candidates(route))), hosts)

    def _list_candidates(self, route: RouteFacts | None) -> Iterator[Candidate]:
        for rule in self.rules:
            hosts = rule.conditions.meet(route)
            if hosts is None:
                continue
            level = rule.conditions.level
            scope = ", ".join(rule.conditions.domains) or ("" if route is None else _name_scope(level, route))
            yield Candidate(level, rule.place, hosts, rule.plugin, scope)
            if self.instance is not None and is_restricting(rule.plugin):
                yield self.instance._replace(hosts=hosts)
        if self.instance is not None:
            yield self.instance


def _name_scope(level: Level, route: RouteFacts) -> str:
    return ", ".join(service.name for service in route.services) if level == "service" else route.name


def fits_service(patterns: Sequence[ServicePattern], service: RoutedService) -> bool:
    """Say whether a service is among those that a rule names, with their port or with any."""
    return (service.name, None) in patterns or (service.name, service.port) in patterns
