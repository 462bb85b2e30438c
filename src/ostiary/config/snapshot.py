"""The snapshot: everything a request can meet, compiled, immutable, replaced whole by one assignment.

`build_snapshot` makes it from a checked document. A plugin whose configuration is invalid closes its route; whether a
snapshot with problems may serve is the caller's decision (`ostiary.config.loading` never hands one out). Plugin
instances whose configuration and place did not change are taken over from the previous snapshot.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, final

from ostiary.config.checking import CheckedDocument, DeclaredRoute
from ostiary.config.claims import Owner, plan_claims
from ostiary.config.gateway import GatewaySettings
from ostiary.config.instances import (
    OWN_LEVELS,
    WIDER_LEVELS,
    Instance,
    InstanceBuilder,
    Key,
    MakeServices,
    Reaches,
)
from ostiary.config.levels import compile_policies
from ostiary.config.patterns import parse_networks
from ostiary.config.problems import Problem
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from ostiary.config.scopes import Policy
from ostiary.config.service_sources import ServiceSource, resolve_service
from ostiary.config.upstreams import specify_upstream
from ostiary.plugin import Place

__all__ = ["Built", "Instance", "MakeServices", "Reach", "Reaches", "Snapshot", "build_snapshot"]


@final
class Reach:
    """Tells plugins what the current router makes of a path. It outlives snapshots, as instances do."""

    __slots__ = ("router",)

    def __init__(self) -> None:
        """Reach nothing until a router is there."""
        self.router = Router()

    def reaches(self, host: str, path: str, fingerprint: str) -> bool:
        """Say whether a GET by any client meets a plugin with this fingerprint."""
        route = self.router.find(host, path, "GET", "")
        return route is not None and any(plugin.fingerprint == fingerprint for plugin in route.plugins)


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
        every = routes if self.router.nowhere is None else (*routes, self.router.nowhere)
        names = (name for route in every for plugin in route.plugins for name in plugin.cookie_names)
        self.cookie_names = tuple(dict.fromkeys(name.encode("ascii") for name in names))

    def take_effect(self) -> None:
        """Let the plugins' `reaches` speak of this snapshot; called when it is the one that serves."""
        self.reach.router = self.router


class Built(NamedTuple):
    """A snapshot, and what of it is closed or contradictory."""

    snapshot: Snapshot
    problems: tuple[Problem, ...]


def build_snapshot(checked: CheckedDocument, make_services: MakeServices, previous: Snapshot | None = None) -> Built:
    """Compile a document. Routes with `problems` in their plugins are closed in it; no network I/O happens."""
    gateway = GatewaySettings(checked.gateway)
    reach = Reach() if previous is None else previous.reach
    known = {} if previous is None else previous.instances
    instances = InstanceBuilder(checked, gateway.public_url, make_services, reach.reaches, known)
    owners = [_build_route(route, instances, checked.sources) for route in checked.routes if route.config.status]
    nowhere = _build_nowhere(checked.nowhere, instances)
    plan = plan_claims([*owners, *_list_wider_owners(checked.nowhere, nowhere, instances)])
    router = Router([*(owner.entry for owner in owners), *plan.entries], nowhere)
    snapshot = Snapshot(
        gateway,
        tuple(owner.entry.route for owner in owners),
        router,
        notices=(*checked.notices, *gateway.notices, *instances.notices, *plan.notices),
        instances=instances.built,
        reach=reach,
    )
    return Built(snapshot, (*instances.problems, *plan.problems))


def _build_route(declared: DeclaredRoute, instances: InstanceBuilder, sources: Mapping[str, ServiceSource]) -> Owner:
    config = declared.config
    place = Place(id=declared.id, hosts=config.host_patterns, uris=config.path_patterns)
    found = compile_policies(declared.policies, partial(instances.build, place))
    upstream = None if config.upstream is None else resolve_service(config.upstream, sources)
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
    )
    return Owner(entry, tuple(instances.place_of(plugin, OWN_LEVELS) for plugin in found.plugins))


def _build_nowhere(policies: Sequence[Policy], instances: InstanceBuilder) -> Route | None:
    """Return what requests meet that no route matches: the plugins of domains and of the gateway, and no upstream."""
    if not policies:
        return None
    found = compile_policies(policies, partial(instances.build, Place(id="", level="instance")))
    return Route("", found.plugins, by_host=found.by_host)


def _list_wider_owners(
    policies: Sequence[Policy], nowhere: Route | None, instances: InstanceBuilder
) -> Iterator[Owner]:
    """Yield who claims paths for domains and for the gateway: on their hosts, and nothing is forwarded there."""
    if nowhere is None:
        return
    for policy in policies:
        for candidate in policy.candidates:
            places = tuple(
                candidate.place if instances.place_of(plugin, WIDER_LEVELS) == candidate.place else ""
                for plugin in nowhere.plugins
            )
            yield Owner(Entry(nowhere, (), candidate.hosts), places, is_wider=True)
