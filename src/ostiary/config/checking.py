"""Plain values → a checked document: every model validated, every plugin's configuration read by its type.

All problems are collected at once; a plugin whose configuration does not stand is kept as such, so that a snapshot can
close its route. Building plugins, and what that finds, is `ostiary.config.snapshot`'s.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FolderPath
from typing import NamedTuple, TypeVar, final

from pydantic import BaseModel, ValidationError

from ostiary.config.document import Document
from ostiary.config.explaining import explain
from ostiary.config.files import make_context
from ostiary.config.gateway import GatewayConfig
from ostiary.config.problems import Path, Problem, Written, describe_shape, find_nearest, render_path
from ostiary.config.references import Resolution
from ostiary.config.routes import RouteConfig
from ostiary.config.state import DEFAULT_STATE, choose_state, find_state_notices
from ostiary.plugin import PluginType
from ostiary.store_settings import StoreSettings

Registry = Mapping[str, PluginType]
M = TypeVar("M", bound=BaseModel)


class DeclaredPlugin(NamedTuple):
    """A plugin that a route names, and where it stands. `type` or `config` is None when it is unknown or invalid."""

    path: str
    name: str
    type: PluginType | None
    config: BaseModel | None

    def __repr__(self) -> str:
        """Name the plugin; its configuration holds secrets."""
        return f"DeclaredPlugin({self.path})"

    @property
    def priority(self) -> int:
        """Its place among the others; one that is unknown goes first, and closes the route."""
        return 1 << 30 if self.type is None else self.type.priority


class DeclaredRoute(NamedTuple):
    """A route as written, with its plugins read."""

    id: str
    path: str
    config: RouteConfig
    plugins: tuple[DeclaredPlugin, ...]


class CheckedDocument(NamedTuple):
    """What of a document stands. Its plugins may not; with problems, routes are missing and it must not serve."""

    gateway: GatewayConfig
    routes: tuple[DeclaredRoute, ...] = ()
    notices: tuple[str, ...] = ()
    state: StoreSettings = DEFAULT_STATE


class Checked(NamedTuple):
    """What stands of the document (None when it is none), and all problems."""

    document: CheckedDocument | None
    problems: tuple[Problem, ...]


def check_document(resolution: Resolution, registry: Registry, folder: FolderPath | None = None) -> Checked:
    """Validate everything; files that are named are looked for in `folder`.

    Problems at paths whose reference is unresolved are not told twice.
    """
    tree = resolution.tree
    if not isinstance(tree, Mapping):
        found = "the file is empty" if tree is None else f"expected a mapping, found {describe_shape(tree)}"
        problem = Problem("", found, "begin with `routes:` and a list of routes")
        return Checked(None, (*resolution.problems, problem))
    checker = _Checker(registry, resolution.sources, make_context(folder))
    written = tree.get("routes")
    routes = written if isinstance(written, list) else []
    whole = checker.validate(Document, {**tree, "routes": []} if routes else tree, ())
    declared = [checker.declare_route(index, route) for index, route in enumerate(routes)]
    standing = tuple(route for route in declared if route is not None)
    unresolved = {problem.path for problem in resolution.problems}
    told = [problem for problem in checker.problems if not _lies_within(problem.path, unresolved)]
    notices = () if standing else ("no route is in use: every request is answered 404",)
    whole = whole or Document()
    state = choose_state(whole.state)
    document = CheckedDocument(whole.gateway, standing, (*notices, *find_state_notices(whole.state)), state)
    return Checked(document, (*resolution.problems, *told, *_find_doubles(standing)))


def _lies_within(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)


@final
class _Checker:
    """Validates parts of a document and collects what is wrong."""

    def __init__(self, registry: Registry, sources: Mapping[str, str], context: Mapping[str, object]) -> None:
        self.problems: list[Problem] = []
        self._context = context
        self._registry = registry
        self._sources = sources

    def validate(self, model: type[M], written: Written, base: Path) -> M | None:
        try:
            return model.model_validate(written, context=self._context)
        except ValidationError as error:
            self.problems += explain(error, model, written, base, self._sources)
            return None

    def declare_route(self, index: int, written: Written) -> DeclaredRoute | None:
        """Read a route and its plugins; the plugins also where the route itself is wrong."""
        path = ("routes", index)
        config = self.validate(RouteConfig, written, path)
        named = written.get("plugins") if isinstance(written, Mapping) else None
        plugins = named if isinstance(named, Mapping) else {}
        declared = tuple(self._check_plugin(name, plugins[name], (*path, "plugins", name)) for name in plugins)
        if config is None:
            return None
        return DeclaredRoute(config.id or str(index), render_path(path), config, declared)

    def _check_plugin(self, name: str, written: Written, path: Path) -> DeclaredPlugin:
        place = render_path(path)
        kind = self._registry.get(name)
        if kind is None:
            self._refuse(place, "there is no plugin of this name", _suggest_plugin(name, self._registry))
            return DeclaredPlugin(place, name, None, None)
        if not isinstance(written, Mapping):
            problem = f"expected a mapping, found {describe_shape(written)}"
            self._refuse(place, problem, "write its fields below it; `{}` for none")
            return DeclaredPlugin(place, name, kind, None)
        own = {field: value for field, value in written.items() if field != "_meta"}
        if len(own) != len(written):
            self._refuse(f"{place}._meta", "not supported yet", "plugins have no common settings so far: remove it")
        return DeclaredPlugin(place, name, kind, self.validate(kind.config, own, path))

    def _refuse(self, place: str, problem: str, remedy: str) -> None:
        self.problems.append(Problem(place, problem, remedy))


def _suggest_plugin(name: str, registry: Registry) -> str:
    nearest = find_nearest(name, registry)
    return f"did you mean `{nearest}`?" if nearest else f"known plugins: {', '.join(sorted(registry)) or 'none'}"


def _find_doubles(routes: Iterable[DeclaredRoute]) -> Iterator[Problem]:
    """Find ids that two routes have."""
    paths: dict[str, str] = {}
    for route in routes:
        if route.id in paths:
            problem = f"the id {route.id} is that of {paths[route.id]} too"
            yield Problem(f"{route.path}.id", problem, "give each route an id of its own")
        paths.setdefault(route.id, route.path)
