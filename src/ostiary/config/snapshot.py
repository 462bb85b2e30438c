"""The snapshot: everything a request can meet, compiled, immutable, replaced whole by one assignment.

`build_snapshot` makes it from a checked document. A plugin whose configuration is invalid closes its route; whether a
snapshot with problems may serve is the caller's decision (`ostiary.config.loading` never hands one out). Plugin
instances whose configuration and place did not change are taken over from the previous snapshot.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, final

import msgspec

from ostiary.config.checking import CheckedDocument, DeclaredRoute
from ostiary.config.claims import Claimant, Owner, plan_claims
from ostiary.config.exposure import note_exposed
from ostiary.config.gateway import GatewaySettings
from ostiary.config.instances import Instance, InstanceBuilder, Key, MakeServices, Reaches
from ostiary.config.levels import PolicyCompiler
from ostiary.config.patterns import parse_networks
from ostiary.config.problems import Problem
from ostiary.config.reach import Reach
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from ostiary.config.scopes import OWN_LEVELS, is_restricting
from ostiary.config.service_sources import resolve_service
from ostiary.config.upstreams import specify_upstream
from ostiary.plugin import Place, Services

__all__ = ["Built", "Instance", "MakeServices", "Reach", "Reaches", "Snapshot", "build_snapshot"]


@final
class Snapshot:
    """What one worker serves. `cookie_names` are the plugins' own cookies (names, and prefixes ending in `*`)."""

    __slots__ = ("cookie_names", "gateway", "instances", "notices", "reach", "router", "routes")

    def __init__(
        self,
        gateway: GatewaySettings | None = None,
        routes: tuple[Route, ...] = (),
        router: Router | None = None,
        *,
        notices: tuple[str, ...] = (),
        instances: dict[Key, Instance] | None = None,
        reach: Reach | None = None,
    ) -> None:
        """Hold the parts; without any it answers every request with "not found"."""
        self.gateway = gateway or GatewaySettings()
        self.routes = routes
        self.router = router or Router()
        self.notices = notices
        self.instances = instances or {}
        self.reach = reach or Reach()
        plugins = (instance.plugin for instance in self.instances.values())
        names = (name for plugin in plugins for name in plugin.cookie_names)
        self.cookie_names = tuple(dict.fromkeys(name.encode("ascii") for name in names))

    def take_effect(self) -> None:
        """Let the plugins' `reaches` speak of this snapshot; called when it is the one that serves."""
        self.reach.router = self.router


class Built(NamedTuple):
    """A snapshot, and what of it is closed or contradictory; `closing` are those problems that close routes in it."""

    snapshot: Snapshot
    problems: tuple[Problem, ...]
    closing: tuple[Problem, ...]


def build_snapshot(checked: CheckedDocument, make_services: MakeServices, previous: Snapshot | None = None) -> Built:
    """Compile a document. Routes with `problems` in their plugins are closed in it; no network I/O happens."""
    gateway = GatewaySettings(checked.gateway)
    reach = Reach() if previous is None else previous.reach
    known = {} if previous is None else previous.instances
    instances = InstanceBuilder(checked, gateway.public_url, make_services, reach, known)
    builder = _RouteBuilder(checked, instances)
    owners = [builder.build_route(route) for route in checked.routes if route.config.status]
    nowhere = builder.build_nowhere()
    plan = plan_claims([*owners, *builder.list_wider_owners(nowhere)])
    ends = [Entry(nowhere or Route(""), ("/*",), (host,)) for host in checked.own_hosts]
    router = Router([*(owner.entry for owner in owners), *plan.entries, *ends], nowhere)
    exposed = note_exposed(owner.entry for owner in owners)
    snapshot = Snapshot(
        gateway,
        tuple(owner.entry.route for owner in owners),
        router,
        notices=(*checked.notices, *gateway.notices, *instances.notices, *builder.notices, *plan.notices, *exposed),
        instances=instances.built,
        reach=reach,
    )
    problems = (*instances.problems, *plan.problems, *_find_idle_faults(checked, gateway, make_services))
    return Built(snapshot, problems, tuple(instances.problems))


def _find_idle_faults(
    checked: CheckedDocument, gateway: GatewaySettings, make_services: MakeServices
) -> tuple[Problem, ...]:
    """Build what decides nowhere, to see whether it could be built; it leaves nothing behind, no secret either.

    What only restricts is left out: which configuration it would restrict, the routes would have said.
    """

    def make(*arguments: Any) -> Services:
        return msgspec.structs.replace(make_services(*arguments), generated_secret=lambda: "0" * 64)

    idle = [candidate for candidate in checked.idle.candidates if not is_restricting(candidate.plugin)]
    if not idle:
        return ()  # a builder looks at every route
    builder = InstanceBuilder(checked, gateway.public_url, make, Reach(), {})
    for candidate in idle:
        builder.build(Place(id=candidate.scope, level="service"), candidate, None)
    return tuple(builder.problems)


@final
class _RouteBuilder:
    """Makes the routes of one snapshot, and says who claims paths for them."""

    def __init__(self, checked: CheckedDocument, instances: InstanceBuilder) -> None:
        self._nowhere = checked.nowhere
        self._sources = checked.sources
        self._instances = instances
        self._compiler = PolicyCompiler()
        self.notices: list[str] = []
        self._shared = {id(policy) for policy in checked.nowhere}

    def build_route(self, declared: DeclaredRoute) -> Owner:
        config = declared.config
        place = Place(id=declared.id, hosts=config.host_patterns, uris=config.path_patterns)
        found = self._compiler.compile(declared.policies, partial(self._instances.build, place))
        upstream = None if config.upstream is None else resolve_service(config.upstream, self._sources)
        if upstream is not None:
            self.notices += (f"{declared.path}.upstream: {notice}" for notice in upstream.notices)
        entry = Entry(
            Route(
                declared.id,
                found.plugins,
                None if upstream is None else specify_upstream(upstream, config.timeout),
                allow_encoded_slash=config.allow_encoded_slash,
                name=config.name,
                by_host=found.by_host,
            ),
            config.path_patterns,
            config.host_patterns,
            None if config.methods is None else frozenset(config.methods),
            parse_networks(config.networks) if config.networks else None,
            config.priority,
            ignores_case=config.ignore_path_case,
        )
        return Owner(entry, tuple(self._list_claimants(declared)))

    def _list_claimants(self, declared: DeclaredRoute) -> Iterator[Claimant]:
        """Yield the plugins of a route and of its service."""
        for policy in declared.policies:
            if id(policy) not in self._shared:
                own = (candidate for candidate in policy.candidates if candidate.level in OWN_LEVELS)
                yield from (claimant for candidate in own for claimant in self._instances.claimants_at(candidate))

    def build_nowhere(self) -> Route | None:
        """Return what requests meet that no route matches: the plugins of domains and gateway, and no upstream."""
        if not self._nowhere:
            return None
        found = self._compiler.compile(self._nowhere, partial(self._instances.build, Place(id="", level="instance")))
        return Route("", found.plugins, by_host=found.by_host)

    def list_wider_owners(self, nowhere: Route | None) -> Iterator[Owner]:
        """Yield who claims paths for domains and for the gateway: on their hosts, and nothing is forwarded there."""
        if nowhere is None:
            return
        for candidate in (candidate for policy in self._nowhere for candidate in policy.candidates):
            claimants = tuple(self._instances.claimants_at(candidate))
            hosts = tuple(host for host in candidate.hosts if host.startswith("*") or "*" not in host)
            if hosts or not candidate.hosts:  # beginnings of hosts are no routes' hosts, so there is nothing to win
                yield Owner(Entry(nowhere, (), hosts), claimants, is_wider=True)
