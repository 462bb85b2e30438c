"""The rules of a Higress plugin, and which of them a route meets: the first in the order of the list.

A rule looks at one thing: the route's name, the beginning of it, the service that the route goes to, or the request's
host (route and service together must both fit). Where it names several, which one counts is the original's, in the
order of the language that the plugin is written in. A matched rule replaces the instance's configuration whole; one
that only restricts (`allow`) restricts the instance's, whatever else stands behind it.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, final

from ostiary.config.higress.destinations import RoutedService
from ostiary.config.host_index import HostIndex, find_uncovered
from ostiary.config.scopes import Candidate, DeclaredPlugin, Policy, is_restricting, order_policy
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


@final
class PluginRules:
    """A plugin with its rules in their order, and what holds where none fits.

    Rules are found by what they name: a route costs what may reach it, and not what there is. `open_domains` are, for
    each rule, the domains that no rule before it has.
    """

    __slots__ = ("_by_host", "_domains", "_index", "_met", "_settled", "instance", "name", "open_domains", "rules")

    def __init__(self, name: str, rules: Sequence[Rule], instance: Candidate | None) -> None:
        """Index the rules."""
        self.name = name
        self.rules = tuple(rules)
        self.instance = instance
        self._index = _OwnIndex(self.rules)
        self.open_domains = tuple(find_uncovered([rule.conditions.domains for rule in self.rules]))
        self._domains = [
            (number, _stand_on(rule, self.open_domains[number]))
            for number, rule in enumerate(self.rules)
            if self.open_domains[number]
        ]
        self._by_host = HostIndex(candidate.hosts for _, candidate in self._domains)
        self._met: dict[tuple[str, ...], list[tuple[int, Candidate]]] = {}
        self._settled: dict[tuple[str, ...], Policy] = {}

    def __repr__(self) -> str:
        """Count the rules; their configurations hold secrets."""
        return f"PluginRules({self.name}, {len(self.rules)} rules)"

    @property
    def plugins(self) -> Iterator[DeclaredPlugin]:
        """Yield every configuration."""
        candidates = (*self.rules, *(() if self.instance is None else (self.instance,)))
        yield from (candidate.plugin for candidate in candidates if candidate.plugin is not None)

    def apply(self, route: RouteFacts | None, hosts: Sequence[str] = ()) -> Policy:
        """Return the policy of a route with these hosts (none: every host); without a route, where none matched.

        Routes that only rules for domains reach have one policy for the same hosts.
        """
        own = () if route is None else self._index.find(route)
        if route is not None and own:
            before = itertools.takewhile(lambda met: met[0] < own[0], self._list_met(tuple(hosts)))
            named = (_stand(self.rules[number], route) for number in own)
            return self._order((*(candidate for _, candidate in before), *named), self.apply(None))
        key = tuple(hosts)
        if key not in self._settled:
            wider = self.apply(None) if key else None
            found = self._order((candidate for _, candidate in self._list_met(key)), wider)
            self._settled[key] = found if key else found._replace(replaced=(*self._list_covered(), *found.replaced))
        return self._settled[key]

    def _list_covered(self) -> Iterator[Candidate]:
        """Yield the rules for domains that others before them have: they are never met."""
        for rule, patterns in zip(self.rules, self.open_domains, strict=True):
            if rule.conditions.domains and not patterns:
                yield _stand_on(rule, rule.conditions.domains)

    def _order(self, candidates: Iterable[Candidate], wider: Policy | None) -> Policy:
        """Return a policy of candidates in the order of the list, and then the instance's."""
        return order_policy(self.name, tuple(self._add_instance(candidates)), wider)

    def _add_instance(self, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        for candidate in candidates:
            yield candidate
            if self.instance is not None and is_restricting(candidate.plugin):
                yield self.instance._replace(hosts=candidate.hosts)
        if self.instance is not None:
            yield self.instance

    def _list_met(self, hosts: tuple[str, ...]) -> list[tuple[int, Candidate]]:
        """Return what rules for domains come to on hosts, with their numbers: the same list for the same hosts."""
        if hosts not in self._met:
            self._met[hosts] = list(self._find_met(hosts or ("*",)))
        return self._met[hosts]

    def _find_met(self, patterns: tuple[str, ...]) -> Iterator[tuple[int, Candidate]]:
        """Yield the rules for domains that some host meets; what every one meets needs no host."""
        found = [set(self._by_host.find_met(pattern)) for pattern in patterns]
        for position in sorted(set().union(*found)):
            number, candidate = self._domains[position]
            if all("*" not in pattern for pattern in patterns):
                is_always = all(position in each for each in found)
            else:
                is_always = candidate.always_meets(patterns)
            yield number, candidate._replace(hosts=()) if is_always else candidate


@final
class _OwnIndex:
    """Finds the rules that fit a route by its name or by its services, in the order of the list."""

    __slots__ = ("_by_name", "_by_prefix", "_by_service", "_lengths", "_rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._by_name: dict[str, list[int]] = {}
        self._by_prefix: dict[str, list[int]] = {}
        self._by_service: dict[ServicePattern, list[int]] = {}
        for number, rule in enumerate(rules):
            self._add(number, rule.conditions)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._by_prefix}))

    def _add(self, number: int, of: Conditions) -> None:
        """Add a rule where it is looked for: one for routes and services by its routes."""
        for name in of.routes:
            self._by_name.setdefault(name, []).append(number)
        for prefix in of.prefixes:
            self._by_prefix.setdefault(prefix, []).append(number)
        for service in () if of.routes else of.services:
            self._by_service.setdefault(service, []).append(number)

    def find(self, route: RouteFacts) -> list[int]:
        """Return the numbers of the rules that fit."""
        found = set(self._by_name.get(route.name, ()))
        for length in self._lengths:
            found.update(self._by_prefix.get(route.name[:length], ()))
        for service in route.services:
            for port in (None, service.port):
                found.update(self._by_service.get((service.name, port), ()))
        return [number for number in sorted(found) if self._rules[number].conditions.meet(route) is not None]


def _stand_on(rule: Rule, domains: tuple[str, ...]) -> Candidate:
    """Return what a rule for domains is on those of them that it has."""
    hosts = () if "*" in domains else domains
    return Candidate("domain", rule.place, hosts, rule.plugin, _join(rule.conditions.domains))


def _stand(rule: Rule, route: RouteFacts) -> Candidate:
    """Return what a rule for routes or services is on a route."""
    level = rule.conditions.level
    return Candidate(level, rule.place, (), rule.plugin, _name_scope(level, route))


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)


def _name_scope(level: Level, route: RouteFacts) -> str:
    return _join(service.name for service in route.services) if level == "service" else route.name


def fits_service(patterns: Sequence[ServicePattern], service: RoutedService) -> bool:
    """Say whether a service is among those that a rule names, with their port or with any."""
    return (service.name, None) in patterns or (service.name, service.port) in patterns
