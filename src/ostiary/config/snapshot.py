"""The snapshot: everything a request can meet, compiled, immutable, replaced whole by one assignment.

`build_snapshot` makes it from a checked document. A plugin whose configuration is invalid closes its route; whether a
snapshot with problems may serve is the caller's decision (`ostiary.config.loading` never hands one out). Plugin
instances whose configuration and place did not change are taken over from the previous snapshot.
"""

from collections.abc import Callable
from typing import NamedTuple, final

from pydantic import BaseModel

from ostiary.config.checking import CheckedDocument, DeclaredPlugin, DeclaredRoute
from ostiary.config.claims import Owner, plan_claims
from ostiary.config.closed import ClosedPlugin
from ostiary.config.gateway import GatewaySettings
from ostiary.config.patterns import parse_networks
from ostiary.config.problems import Problem
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from ostiary.config.upstreams import specify_upstream
from ostiary.errors import OperatorFault
from ostiary.plugin import Place, Plugin, PluginType, Services
from ostiary.store_settings import StoreSettings

Reaches = Callable[[str, str, str], bool]
MakeServices = Callable[[Place, str | None, Reaches, StoreSettings], Services]


class Instance(NamedTuple):
    """A built plugin and everything it was built from."""

    plugin: Plugin
    type: PluginType
    config: BaseModel
    place: Place
    public_url: str | None
    state: StoreSettings

    def __repr__(self) -> str:
        """Name the type and the place; the configuration holds secrets."""
        return f"Instance({self.type.name} of {self.place.id})"


@final
class Reach:
    """Tells plugins what the current router makes of a path. It outlives snapshots, as instances do."""

    __slots__ = ("router",)

    def __init__(self) -> None:
        """Reach nothing until a router is there."""
        self.router = Router()

    def reaches(self, host: str, path: str, fingerprint: str) -> bool:
        """Say whether a GET by any client meets a plugin with this fingerprint."""
        route = self.router.match(host, path, "GET", "")
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
        instances: dict[tuple[str, str], Instance] | None = None,
        reach: Reach | None = None,
    ) -> None:
        """Hold the parts; without any it answers every request with "not found"."""
        self.gateway = gateway or GatewaySettings()
        self.routes = routes
        self.router = router or Router()
        self.notices = notices
        self.instances = instances or {}
        self.reach = reach or Reach()
        names = (name for route in routes for plugin in route.plugins for name in plugin.cookie_names)
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
    builder = _Builder(checked, make_services, previous)
    owners = [builder.build_route(route) for route in checked.routes if route.config.status]
    plan = plan_claims(owners)
    router = Router([*(owner.entry for owner in owners), *plan.entries])
    snapshot = Snapshot(
        builder.gateway,
        tuple(owner.entry.route for owner in owners),
        router,
        notices=(*checked.notices, *builder.gateway.notices, *builder.notices, *plan.notices),
        instances=builder.instances,
        reach=builder.reach,
    )
    return Built(snapshot, (*builder.problems, *plan.problems))


@final
class _Builder:
    """The work of one `build_snapshot`."""

    def __init__(self, checked: CheckedDocument, make_services: MakeServices, previous: Snapshot | None) -> None:
        self.gateway = GatewaySettings(checked.gateway)
        self.reach = Reach() if previous is None else previous.reach
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self.instances: dict[tuple[str, str], Instance] = {}
        self._known = {} if previous is None else previous.instances
        self._state = checked.state
        self._make_services = make_services

    def build_route(self, declared: DeclaredRoute) -> Owner:
        config = declared.config
        place = Place(id=declared.id, hosts=config.host_patterns, uris=config.path_patterns)
        plugins = sorted(declared.plugins, key=lambda plugin: -plugin.priority)
        built = tuple(self._build_plugin(plugin, place) for plugin in plugins)
        for plugin, instance in zip(plugins, built, strict=True):
            self.notices += (f"{plugin.path}: {notice}" for notice in instance.notices)
        upstream = None if config.upstream is None else specify_upstream(config.upstream, config.timeout)
        entry = Entry(
            Route(declared.id, built, upstream, allow_encoded_slash=config.allow_encoded_slash),
            config.path_patterns,
            config.host_patterns,
            None if config.methods is None else frozenset(config.methods),
            parse_networks(config.networks) if config.networks else None,
            config.priority,
        )
        return Owner(entry, tuple(plugin.path for plugin in plugins))

    def _build_plugin(self, declared: DeclaredPlugin, place: Place) -> Plugin:
        kind, config = declared.type, declared.config
        if kind is None or config is None:
            return ClosedPlugin(declared.path)
        key = (place.id, kind.name)
        public_url = self.gateway.public_url
        known = self._known.get(key)
        if known is None or known[1:] != (kind, config, place, public_url, self._state):
            try:
                services = self._make_services(place, public_url, self.reach.reaches, self._state)
                known = Instance(kind.build(config, services), kind, config, place, public_url, self._state)
            except OperatorFault as fault:
                self.problems.append(Problem(declared.path, fault.detail or fault.code))
                return ClosedPlugin(declared.path)
            except Exception as error:  # noqa: BLE001 - a plugin that cannot be built closes its route, whatever failed
                problem = f"the plugin failed to start ({type(error).__name__})"
                self.problems.append(Problem(declared.path, problem, "report this to its author"))
                return ClosedPlugin(declared.path)
        self.instances[key] = known
        return known.plugin
