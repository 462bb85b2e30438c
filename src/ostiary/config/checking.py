"""Plain values → a checked document: every model validated, every plugin's configuration read by its type.

All problems are collected at once; a plugin whose configuration does not stand is kept as such, so that a snapshot can
close its route. Building plugins, and what that finds, is `ostiary.config.snapshot`'s.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FolderPath
from types import MappingProxyType
from typing import Any, NamedTuple

from ostiary.config.declaring import Checker, Levels, Registry, declare_levels
from ostiary.config.document import Document
from ostiary.config.files import make_context
from ostiary.config.gateway import GatewayConfig
from ostiary.config.problems import Problem, Written, describe_shape, find_nearest, render_path
from ostiary.config.references import Resolution
from ostiary.config.routes import RouteConfig
from ostiary.config.scopes import Candidate, DeclaredPlugin, Policy, join_levels
from ostiary.config.service_sources import ServiceSource, find_double_sources, find_unknown_service
from ostiary.config.state import DEFAULT_STATE, choose_state, find_state_notices
from ostiary.config.wider import apply_service
from ostiary.store_settings import StoreSettings

__all__ = ["Checked", "CheckedDocument", "DeclaredPlugin", "DeclaredRoute", "Registry", "check_document"]


class DeclaredRoute(NamedTuple):
    """A route as written, with its own plugins read, and the policies of all levels that may reach it."""

    id: str
    path: str
    config: RouteConfig
    plugins: tuple[DeclaredPlugin, ...]
    policies: tuple[Policy, ...] = ()


class CheckedDocument(NamedTuple):
    """What of a document stands. Its plugins may not; with problems, routes are missing and it must not serve.

    `nowhere` has the policies for requests that no route matches. `services` are the sources by their full name.
    """

    gateway: GatewayConfig
    routes: tuple[DeclaredRoute, ...] = ()
    notices: tuple[str, ...] = ()
    state: StoreSettings = DEFAULT_STATE
    nowhere: tuple[Policy, ...] = ()
    sources: Mapping[str, ServiceSource] = MappingProxyType({})


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
    checker = Checker(registry, resolution.sources, make_context(folder))
    parts = {name: _list_parts(tree, name) for name in ("routes", "domains", "services")}
    emptied: dict[str, list[Written]] = {name: [] for name, written in parts.items() if written}
    whole = checker.validate(Document, {**tree, **emptied}, ()) or Document()
    levels = declare_levels(checker, parts["domains"], tree.get("instance"), parts["services"])
    declared = [_declare_route(checker, index, route, levels) for index, route in enumerate(parts["routes"])]
    standing = tuple(route for route in declared if route is not None)
    sources = {source.full_name: source for source in whole.service_sources}
    checker.problems += (*find_double_sources(whole.service_sources), *_find_unknown_services(standing, sources))
    unresolved = {problem.path for problem in resolution.problems}
    told = [problem for problem in checker.problems if not _lies_within(problem.path, unresolved)]
    notices = () if standing else ("no route is in use: every request is answered 404",)
    state = choose_state(whole.state)
    document = CheckedDocument(
        whole.gateway, standing, (*notices, *find_state_notices(whole.state)), state, levels.nowhere, sources
    )
    return Checked(document, (*resolution.problems, *told, *_find_doubles(standing)))


def _list_parts(tree: Mapping[str, Any], name: str) -> list[Written]:
    """Return the members of a list that is checked member by member; what is no list is the document's to refuse."""
    written = tree.get(name)
    return written if isinstance(written, list) else []


def _lies_within(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)


def _declare_route(checker: Checker, index: int, written: Written, levels: Levels) -> DeclaredRoute | None:
    """Read a route and its plugins; the plugins also where the route itself is wrong."""
    path = ("routes", index)
    config = checker.validate(RouteConfig, written, path)
    own = checker.declare_plugins(written, path, "route")
    if config is None:
        return None
    behind: tuple[Candidate, ...] = ()
    if config.service_id is not None:
        service = levels.services.get(config.service_id)
        if service is None:
            nearest = find_nearest(config.service_id, levels.services)
            remedy = f"did you mean `{nearest}`?" if nearest else "write it into `services`"
            problem = f"there is no service with the id {config.service_id}"
            checker.problems.append(Problem(f"{render_path(path)}.service_id", problem, remedy))
            return None
        behind = service.candidates
        config = apply_service(config, service.config)
    route_id = config.id or str(index)
    named = [candidate._replace(scope=route_id) for candidate in own]
    policies = join_levels((*named, *behind), levels.wider, config.host_patterns)
    plugins = tuple(candidate.plugin for candidate in own if candidate.plugin is not None)
    return DeclaredRoute(route_id, render_path(path), config, plugins, policies)


def _find_unknown_services(routes: Iterable[DeclaredRoute], sources: Mapping[str, ServiceSource]) -> Iterator[Problem]:
    """Yield a problem for each upstream that names a source that there is not."""
    for route in routes:
        upstream = route.config.upstream
        if upstream is not None and upstream.service_name is not None:
            problem = find_unknown_service(f"{route.path}.upstream.service_name", upstream.service_name, sources)
            if problem is not None:
                yield problem


def _find_doubles(routes: Iterable[DeclaredRoute]) -> Iterator[Problem]:
    """Find ids that two routes have."""
    paths: dict[str, str] = {}
    for route in routes:
        if route.id in paths:
            problem = f"the id {route.id} is that of {paths[route.id]} too"
            yield Problem(f"{route.path}.id", problem, "give each route an id of its own")
        paths.setdefault(route.id, route.path)
