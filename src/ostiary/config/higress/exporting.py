"""Resources → the parts of an `ostiary.yaml` that decides the same.

The levels stay what they were, because plugins look at them: `defaultConfig` becomes `instance`, domains `domains`,
services `services`, ingresses the routes' own. Where Higress's list puts a domain before a route or service, that
route's own configuration is left out on the domain's hosts: there it becomes a route of its own. What cannot be said
in `ostiary.yaml` is a problem, never something near it.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, final

from ostiary.config.higress.assembly import MAX_ID, Resources, find_facts, find_own_hosts, shorten_id, write_route
from ostiary.config.higress.ingress import IngressPath
from ostiary.config.higress.rules import PluginRules, Rule
from ostiary.config.higress.wasm_plugin import ReadPlugin
from ostiary.config.host_index import covers_host, find_uncovered, meets_host
from ostiary.config.problems import Problem
from ostiary.config.scopes import Candidate, Policy, is_restricting

_WIDER = ("domain", "instance")
_STAY = "serve the folder with `ostiary run --higress` as it is, or change the rule"
Tree = dict[str, Any]
_NO_PART_OF_ID = re.compile(r"[^A-Za-z0-9_.-]")


def _name_host(host: str) -> str:
    """Return a host as a part of an id."""
    return _NO_PART_OF_ID.sub("_", host.replace("*", "any"))


def _is_for_all(rule: Rule) -> bool:
    """Say whether a rule is for every host and needs nothing wider."""
    return "*" in rule.conditions.domains and rule.plugin is not None and not is_restricting(rule.plugin)


class Piece(NamedTuple):
    """An entry of a list in the file, and the lines of comment before it."""

    comment: tuple[str, ...]
    tree: Tree

    def __repr__(self) -> str:
        """Name the comment; the entry may hold secrets."""
        return f"Piece({self.comment})"


class Export(NamedTuple):
    """The parts of the file, what the reader should know, and what could not be written down."""

    sources: tuple[Piece, ...]
    instance: Tree
    domains: tuple[Piece, ...]
    services: tuple[Piece, ...]
    routes: tuple[Piece, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]

    def __repr__(self) -> str:
        """Count the parts; they hold secrets."""
        return f"Export({len(self.routes)} routes, {len(self.problems)} problems)"


def export_resources(resources: Resources) -> Export:
    """Write resources down that have no problems."""
    exporter = _Exporter(resources)
    instance = exporter.write_instance()
    domains = tuple(exporter.write_domains())
    routes = tuple(exporter.write_routes())
    exporter.check_rules((*domains, *exporter.services.values(), *routes))
    return Export(
        tuple(exporter.write_sources()),
        instance,
        domains,
        tuple(exporter.services.values()),
        routes,
        tuple(exporter.notes),
        tuple(dict.fromkeys(exporter.problems)),
    )


@final
class _Exporter:
    def __init__(self, resources: Resources) -> None:
        self._ids = {route_id for route_id, _ in resources.routes}
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.services: dict[tuple[str, ...], Piece] = {}
        self._resources = resources
        self._hosts = tuple(dict.fromkeys(path.host for path in resources.paths))
        self._plugins = self._list_plugins()
        self._written = {place: config for plugin in resources.plugins for place, config in plugin.written.items()}

    def _list_plugins(self) -> tuple[PluginRules, ...]:
        known: dict[str, ReadPlugin] = {}
        for plugin in self._resources.plugins:
            first = known.setdefault(plugin.rules.name, plugin)
            if first is not plugin:
                label = plugin.manifest.origin.label
                problem = f"{first.manifest.origin.label} is {plugin.rules.name} too, and a route names a plugin once"
                self.problems.append(Problem(label, problem, _STAY))
        self._note_ranks(tuple(known))
        return tuple(plugin.rules for plugin in known.values())

    def _note_ranks(self, names: tuple[str, ...]) -> None:
        """Higress orders plugins of one rank by their resources, `ostiary.yaml` by their levels."""
        if len(names) > 1:
            order = ", then ".join(names)
            text = (
                f"where several decide, the order was {order}; here one of a finer level goes before those of its rank"
            )
            self.notes.append(text)

    def write_sources(self) -> Iterator[Piece]:
        for source in self._resources.sources.known.values():
            yield Piece((), source.model_dump(exclude_defaults=True, include=set(type(source).model_fields)))

    def write_instance(self) -> Tree:
        """Return the instance's plugins; one behind a rule for every host is never met, and would claim its paths."""
        return {
            plugin.name: self._configure(plugin.instance)
            for plugin in self._plugins
            if plugin.instance is not None and not any(_is_for_all(rule) for rule in plugin.rules)
        }

    def check_rules(self, pieces: Iterable[Piece]) -> None:
        """Refuse a plugin of which no rule is left: without any, its instance may hold where it held nowhere."""
        named = {name for piece in pieces for name in piece.tree.get("plugins", ())}
        for plugin in self._plugins if not self.problems else ():
            if plugin.instance is not None and plugin.rules and plugin.name not in named:
                problem = (
                    f"none of the rules beside it fits a host, and without rules {plugin.name} may hold everywhere"
                )
                self.problems.append(Problem(plugin.instance.place, problem, _STAY))

    def _configure(self, candidate: Candidate | Rule) -> Tree:
        assert candidate.plugin is not None  # noqa: S101 - who asks has looked
        return dict(self._written[candidate.plugin.path])

    # ----------------------------------------------------------------------------------------------- domains

    def write_domains(self) -> Iterator[Piece]:
        """Yield the rules for domains; hosts that an earlier rule has already are left out."""
        for plugin in self._plugins:
            expanded = [tuple(dict.fromkeys(self._expand(rule))) for rule in plugin.rules]
            for rule, patterns in zip(plugin.rules, find_uncovered(expanded), strict=True):
                if rule.plugin is not None and patterns:
                    self._check_basis(plugin, rule, patterns, covers_host)
                    tree = {"hosts": list(patterns), "plugins": {plugin.name: self._configure(rule)}}
                    yield Piece((rule.place,), tree)
                for host in patterns if rule.plugin is None else ():
                    self._check_off(plugin, rule.place, plugin.apply(None, (host,)), host)

    def _expand(self, rule: Rule) -> Iterator[str]:
        """Yield a rule's patterns; those like `www.*`, which `ostiary.yaml` has not, as the hosts that they fit."""
        for pattern in rule.conditions.domains:
            if not pattern.endswith("*") or pattern.startswith("*"):
                yield pattern
                continue
            fitting = [host for host in self._hosts if "*" not in host and host and covers_host(pattern, host)]
            if len(fitting) < sum(meets_host(pattern, host or "*") for host in self._hosts):
                problem = (
                    f"`{pattern}` is no pattern of ostiary.yaml, and an Ingress has a wildcard host that it may meet"
                )
                self.problems.append(Problem(rule.place, problem, "write the hosts that are meant"))
            self.notes.append(f"{rule.place}: `{pattern}` is written as the hosts of Ingresses that it fits")
            yield from fitting

    def _check_off(self, plugin: PluginRules, place: str, policy: Policy, host: str) -> None:
        """Where a plugin is switched off nothing wider may name it: there is no such switch in `ostiary.yaml`."""
        places = [candidate.place for candidate in policy.candidates]
        if place not in places:  # the rule is never met there
            return
        behind = (*policy.candidates[places.index(place) + 1 :], *policy.hidden)
        domains = (each for each in behind if each.level == "domain" and each.plugin is not None)
        if plugin.instance is not None or any(candidate.may_meet((host or "*",)) for candidate in domains):
            self.problems.append(Problem(place, f"it switches {plugin.name} off, which a wider level has there", _STAY))

    def _check_basis(
        self, plugin: PluginRules, rule: Candidate | Rule, hosts: Iterable[str], reaches: Callable[[str, str], bool]
    ) -> None:
        """What only restricts takes the next wider configuration, and in Higress the instance's."""
        others = plugin.rules if is_restricting(rule.plugin) else ()
        for other in others:
            if other.place == rule.place or other.plugin is None or is_restricting(other.plugin):
                continue
            if any(reaches(theirs, mine or "*") for mine in hosts for theirs in other.conditions.domains):
                problem = f"it restricts the instance's configuration, and in ostiary.yaml that of {other.place}"
                self.problems.append(Problem(rule.place, problem, _STAY))
                return

    # ------------------------------------------------------------------------------------------------ routes

    def write_routes(self) -> Iterator[Piece]:
        """Yield every route, once for each host on which its own configuration is another."""
        own_hosts = tuple(find_own_hosts(self._resources.paths))
        splits = {host: tuple(self._split(host)) for host in self._hosts}
        for route_id, path in self._resources.routes:
            for host in (path.host, *splits[path.host]):
                yield self._write_route(route_id, path, host)
        for host in own_hosts:
            yield self._end_host(host)

    def _end_host(self, host: str) -> Piece:
        """Return a last route for a host that gets no wider ones: it forwards nothing.

        One without any plugin has an upstream without servers, because a route with neither is refused.
        """
        text = f"Higress goes no further for {host}"
        candidates = (each for plugin in self._plugins for each in plugin.apply(None, (host,)).candidates)
        tree = {"id": self._name(f"no-more-of-{_name_host(host)}"), "host": host, "uri": "/*"}
        if any(candidate.plugin is not None for candidate in candidates):
            return Piece((f"{text}: what is left of it is no wider host's.",), {**tree, "plugins": {}})
        self.notes.append(f"{text}; here what its paths leave open is answered 503, and 404 there")
        return Piece((f"{text}: what is left of it is no wider host's.",), {**tree, "upstream": {"nodes": []}})

    def _name(self, name: str) -> str:
        """Return an id for a route that is nobody's yet."""
        found = shorten_id(name)
        for number in itertools.count(2):
            if found not in self._ids:
                break
            found = shorten_id(f"{name}-{number}")
        self._ids.add(found)
        return found

    def _split(self, host: str) -> Iterator[str]:
        """Yield narrower hosts on which a domain's rule comes before the own configuration of some route."""
        found: dict[str, None] = {}
        for path in self._resources.paths if "*" in (host or "*") else ():
            for plugin in self._plugins if path.host == host else ():
                found.update(dict.fromkeys(self._find_before(plugin, path)))
        for pattern in found:
            nearer = (other for other in self._hosts if other not in ("", host) and covers_host(host or "*", other))
            if covers_host(host or "*", pattern) and not any(covers_host(other, pattern) for other in nearer):
                yield pattern

    def _find_before(self, plugin: PluginRules, path: IngressPath) -> tuple[str, ...]:
        """Return the hosts whose rules stand before a rule for the route or its service."""
        before: list[str] = []
        policy = plugin.apply(find_facts(path), (path.host,) if path.host else ())
        for candidate in policy.candidates:
            if candidate.level in ("route", "service"):
                return tuple(before)
            before += candidate.hosts
        return ()

    def _write_route(self, route_id: str, path: IngressPath, host: str) -> Piece:
        tree = write_route(route_id, path)
        if host != path.host:
            tree |= {"id": self._name(f"{route_id}-on-{_name_host(host)}"), "host": host}
        own: Tree = {}
        of_service: dict[str, Candidate] = {}
        for plugin in self._plugins:
            policy = plugin.apply(find_facts(path), (host,) if host else ())
            # On other hosts than those that have routes of their own it is the first without hosts.
            winner = next((candidate for candidate in policy.candidates if not candidate.hosts), None)
            if winner is None or winner.level in _WIDER:
                continue
            if winner.plugin is None:
                self._check_off(plugin, winner.place, policy, host)
                continue
            self._check_basis(plugin, winner, (host,), meets_host)
            if winner.level == "route":
                own[plugin.name] = self._configure(winner)
            else:
                of_service[plugin.name] = winner
        if of_service:
            tree["service_id"] = self._name_service(path, of_service)
        if own:
            tree["plugins"] = {**tree.get("plugins", {}), **own}
        origin = path.manifest.origin
        return Piece((f"{origin.label}, {origin.file} line {origin.find_line('')}",), tree)

    def _name_service(self, path: IngressPath, winners: Mapping[str, Candidate]) -> str:
        """Return the id of the service that has these configurations."""
        key = tuple(candidate.place for candidate in winners.values())
        if key not in self.services:
            name = shorten_id(path.services[0].name)
            taken = {piece.tree["id"] for piece in self.services.values()}
            if name in taken:
                name = f"{name[: MAX_ID - 4]}-{len(taken)}"
            plugins = {name_of: self._configure(candidate) for name_of, candidate in winners.items()}
            self.services[key] = Piece(key, {"id": name, "plugins": plugins})
        found: str = self.services[key].tree["id"]
        return found
