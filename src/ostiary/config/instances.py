"""Plugin instances: one for each place that names a plugin, however many routes it reaches.

Those whose configuration, place and surroundings did not change are taken over from the snapshot before, with all that
they remember. One that cannot be built is replaced by what closes its routes, and the problem is told once.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, final

import msgspec
from pydantic import BaseModel

from ostiary.config.checking import CheckedDocument
from ostiary.config.claims import Claimant
from ostiary.config.closed import ClosedPlugin
from ostiary.config.problems import Problem
from ostiary.config.reach import Reach
from ostiary.config.scopes import OWN_LEVELS, Candidate, DeclaredPlugin, Policy
from ostiary.config.service_sources import ServiceSource
from ostiary.errors import OperatorFault
from ostiary.http.outbound import Address
from ostiary.plugin import Place, Plugin, PluginType, RestrictingType, Services
from ostiary.store_settings import StoreSettings

Reaches = Callable[[str, str, str], bool]
MakeServices = Callable[[Place, str | None, Reaches, StoreSettings], Services]
Key = tuple[str, str, str, str]  # level, scope, plugin, and the place of what it restricts
_NONE_WIDER = "there is none above the instance: write it into routes, services or domains"
_NONE_FOR_SOME = "for some hosts there is none: write one into `instance`, or into `domains` for all hosts of the route"


class Surroundings(NamedTuple):
    """What besides its configuration an instance is built with. Equal ones need no new instance."""

    public_url: str | None
    state: StoreSettings
    has_finer: bool


class Instance(NamedTuple):
    """A built plugin and everything it was built from.

    `wider` is the instance that it restricts, if any; `found` are the services that it asked for, and what it was told.
    """

    plugin: Plugin
    type: PluginType
    config: BaseModel
    place: Place
    surroundings: Surroundings
    wider: Plugin | None
    found: Mapping[str, tuple[Address, ...] | None]

    def __repr__(self) -> str:
        """Name the type and the place; the configuration holds secrets."""
        return f"Instance({self.type.name} of {self.place.id})"


@final
class InstanceBuilder:
    """Builds the instances of one snapshot. `built` are those that stand, `problems` tell of the others."""

    def __init__(
        self,
        checked: CheckedDocument,
        public_url: str | None,
        make_services: MakeServices,
        reach: Reach,
        known: Mapping[Key, Instance],
    ) -> None:
        """Start with nothing built; `known` are the instances of the snapshot before."""
        self.built: dict[Key, Instance] = {}
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self._surroundings = Surroundings(public_url, checked.state, has_finer=False)
        self._sources = checked.sources
        self._make_services = make_services
        self._reach = reach
        self._known = known
        self._finer = _find_finer(checked)
        self._hosts = _find_hosts(checked)
        self._services = _find_service_places(checked)
        self._plugins: dict[tuple[str, str], Plugin] = {}
        self._at: dict[str, list[Plugin]] = {}

    def build(self, route: Place, candidate: Candidate, wider: Candidate | None) -> Plugin:
        """Return the instance of a candidate on a route, always the same one; `wider` is what it restricts."""
        assert candidate.plugin is not None  # noqa: S101 - `ostiary.config.levels` asks for no other
        place_of_wider = "" if wider is None else wider.place
        plugin = self._plugins.get((candidate.place, place_of_wider))
        if plugin is None:
            behind = None if wider is None else self.build(route, wider, None)
            plugin = self._build(self._find_place(route, candidate), candidate.plugin, wider, behind)
            self._plugins[candidate.place, place_of_wider] = plugin
            self._at.setdefault(candidate.place, []).append(plugin)
            self.notices += (f"{candidate.place}: {notice}" for notice in plugin.notices)
        return plugin

    def claimants_at(self, candidate: Candidate) -> list[Claimant]:
        """Return the instances of a candidate, for what they claim."""
        return [Claimant(plugin, candidate.place) for plugin in self._at.get(candidate.place, ())]

    def _build(
        self, place: Place, declared: DeclaredPlugin, wider: Candidate | None, restricted: Plugin | None
    ) -> Plugin:
        kind, config = declared.type, declared.config
        if kind is None or config is None or isinstance(restricted, ClosedPlugin):
            return ClosedPlugin(declared.path)
        key = (place.level, place.id, kind.name, "" if wider is None else wider.place)
        if key in self.built:  # two resources of Higress may name one plugin at the same place
            key = (*key[:3], f"{key[3]} {declared.path}")
        surroundings = self._surroundings._replace(has_finer=declared.path in self._finer)
        wanted = (kind, config, place, surroundings, restricted)
        known = self._known.get(key)
        if known is None or known[1:6] != wanted or not self._still_finds(known):
            found: dict[str, tuple[Address, ...] | None] = {}
            try:
                plugin = _make_plugin(kind, config, restricted, self._make(place, surroundings, found))
            except OperatorFault as fault:
                self.problems.append(Problem(declared.path, fault.detail or fault.code))
                return ClosedPlugin(declared.path)
            except Exception as error:  # noqa: BLE001 - a plugin that cannot be built closes its route, whatever failed
                problem = f"the plugin failed to start ({type(error).__name__})"
                self.problems.append(Problem(declared.path, problem, "report this to its author"))
                return ClosedPlugin(declared.path)
            known = Instance(plugin, *wanted, found)
        self.built[key] = known
        return known.plugin

    def _still_finds(self, known: Instance) -> bool:
        return all(_find_addresses(self._sources, name) == addresses for name, addresses in known.found.items())

    def _make(self, place: Place, surroundings: Surroundings, found: dict[str, tuple[Address, ...] | None]) -> Services:
        """Make what `build` may use; which services it asks for is written into `found`.

        It outlives this builder, which knows the instances of the snapshot before: it may not hold it.
        """
        sources = self._sources
        services = self._make_services(place, surroundings.public_url, self._reach.reaches, surroundings.state)

        def find_service(name: str) -> tuple[Address, ...] | None:
            found[name] = _find_addresses(sources, name)
            return found[name]

        return msgspec.structs.replace(
            services, find_service=find_service, names_host=self._reach.names_host, has_finer=surroundings.has_finer
        )

    def _find_place(self, route: Place, candidate: Candidate) -> Place:
        """Return where a candidate stands: one that reaches several routes, as Higress's may, on all their hosts."""
        hosts = tuple(self._hosts.get(candidate.place, ()))
        if candidate.level == "route":
            return msgspec.structs.replace(route, hosts=hosts or route.hosts)
        if candidate.level == "service":
            return self._services.get(candidate.scope, Place(id=candidate.scope, hosts=hosts, level="service"))
        hosts = tuple(candidate.scope.split(", ")) if candidate.level == "domain" else ()
        return Place(id=candidate.scope, hosts=hosts, level=candidate.level)


def _find_addresses(sources: Mapping[str, ServiceSource], name: str) -> tuple[Address, ...] | None:
    source = sources.get(name)
    return None if source is None else source.addresses


def _make_plugin(kind: PluginType, config: BaseModel, wider: Plugin | None, services: Services) -> Plugin:
    if isinstance(kind, RestrictingType) and kind.restricts(config):
        if wider is None:
            where = _NONE_WIDER if services.place.level == "instance" else _NONE_FOR_SOME
            problem = f"this only restricts a wider level's configuration, and {where}"
            raise OperatorFault("nothing_to_restrict", problem)
        return kind.restrict(config, wider, services)
    return kind.build(config, services)


def _find_finer(checked: CheckedDocument) -> frozenset[str]:
    """Return the places of instance configurations beside which a finer level names the same plugin somewhere.

    By place and not by name: in Higress's notation each resource of a plugin has levels of its own. A route that is off
    names none.
    """
    policies = [policy for route in checked.routes if route.config.status for policy in route.policies]
    policies += checked.nowhere
    finer = (policy for policy in policies if any(candidate.level != "instance" for candidate in policy.candidates))
    return frozenset(place for policy in finer if (place := _find_instance(policy)) is not None)


def _find_instance(policy: Policy) -> str | None:
    """Return where the instance names the plugin of a policy: it is the last, or what the policy goes before."""
    for last in (*policy.candidates[-1:], *policy.replaced[-1:]):
        if last.level == "instance":
            return last.place
    return None if policy.wider is None else _find_instance(policy.wider)


def _find_hosts(checked: CheckedDocument) -> dict[str, dict[str, None]]:
    """Return the hosts of all routes that each place below domains reaches."""
    hosts: dict[str, dict[str, None]] = {}
    known: dict[int, list[str]] = {}  # by policy: many routes share one, of thousands of domains
    for route in checked.routes:
        for policy in route.policies:
            places = known.get(id(policy))
            if places is None:
                places = known[id(policy)] = [each.place for each in policy.candidates if each.level in OWN_LEVELS]
            for place in places:
                hosts.setdefault(place, {}).update(dict.fromkeys(route.config.host_patterns))
    return hosts


def _find_service_places(checked: CheckedDocument) -> dict[str, Place]:
    """Return where each service's plugins stand: on the hosts and paths of all its routes."""
    reached: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for route in checked.routes:
        if route.config.service_id is not None and route.config.status:
            hosts, uris = reached.setdefault(route.config.service_id, ({}, {}))
            hosts.update(dict.fromkeys(route.config.host_patterns))
            uris.update(dict.fromkeys(route.config.path_patterns))
    return {
        service: Place(id=service, hosts=tuple(hosts), uris=tuple(uris), level="service")
        for service, (hosts, uris) in reached.items()
    }
