"""Plain values → a checked document: every model validated, every plugin's configuration read by its type.

All problems are collected at once; a plugin whose configuration does not stand is kept as such, so that a snapshot can
close its route. Building plugins, and what that finds, is `ostiary.config.snapshot`'s.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path as FolderPath
from types import MappingProxyType
from typing import Any, NamedTuple

from ostiary.config.declaring import Checker, Levels, Registry, declare_levels, declare_sources
from ostiary.config.document import Document
from ostiary.config.files import make_context
from ostiary.config.gateway import GatewayConfig
from ostiary.config.idle import Idle, find_idle
from ostiary.config.problems import Problem, Written, describe_shape, find_nearest, lies_within, render_path
from ostiary.config.references import Resolution
from ostiary.config.routes import RouteConfig
from ostiary.config.scopes import OWN_LEVELS, Candidate, Policy
from ostiary.config.service_sources import ServiceSource, find_wrong_sources
from ostiary.config.state import DEFAULT_STATE, choose_state, find_state_notices
from ostiary.config.wider import apply_service
from ostiary.store_settings import StoreSettings

__all__ = ["Checked", "CheckedDocument", "DeclaredRoute", "Registry", "check_document"]


class DeclaredRoute(NamedTuple):
    """A route as written, and the policies of all levels that may reach it."""

    id: str
    path: str
    config: RouteConfig
    policies: tuple[Policy, ...] = ()


class CheckedDocument(NamedTuple):
    """What of a document stands. Its plugins may not; with problems, routes are missing and it must not serve.

    `nowhere` has the policies for requests that no route matches. `sources` are those of services by their full name.
    `own_hosts` are hosts for which no wider host's routes count, whatever their own leave open. `idle` does nothing.
    """

    gateway: GatewayConfig
    routes: tuple[DeclaredRoute, ...] = ()
    notices: tuple[str, ...] = ()
    state: StoreSettings = DEFAULT_STATE
    nowhere: tuple[Policy, ...] = ()
    sources: Mapping[str, ServiceSource] = MappingProxyType({})
    own_hosts: tuple[str, ...] = ()
    idle: Idle = Idle()


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
    parts = {name: _list_parts(tree, name) for name in ("routes", "domains", "services", "service_sources")}
    emptied: dict[str, list[Written]] = {name: [] for name, written in parts.items() if written}
    whole = checker.validate(Document, {**tree, **emptied}, ()) or Document()
    levels = declare_levels(checker, parts["domains"], tree.get("instance"), parts["services"])
    declared = [_declare_route(checker, index, route, levels) for index, route in enumerate(parts["routes"])]
    standing = tuple(route for route in declared if route is not None)
    sources = declare_sources(checker, parts["service_sources"])
    for name in ("services", "routes"):
        checker.problems += find_wrong_sources(name, parts[name], sources)
    unresolved = {problem.path for problem in resolution.problems}
    told = [problem for problem in checker.problems if not any(lies_within(problem.path, at) for at in unresolved)]
    idle = _find_idle(levels, [route for route in standing if route.config.status])
    notices = () if standing else ("no route is in use: every request is answered 404",)
    notices = (*notices, *find_state_notices(whole.state), *idle.notices)
    state = choose_state(whole.state)
    document = CheckedDocument(whole.gateway, standing, notices, state, levels.nowhere, sources.standing, idle=idle)
    return Checked(document, (*resolution.problems, *told, *_find_doubles(standing)))


def _list_parts(tree: Mapping[str, Any], name: str) -> list[Written]:
    """Return the members of a list that is checked member by member; what is no list is the document's to refuse."""
    written = tree.get(name)
    return written if isinstance(written, list) else []


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
            _refuse_service(checker, f"{render_path(path)}.service_id", config.service_id, levels)
            return None
        behind = service.candidates
        config = apply_service(config, service.config)
    route_id = config.id or str(index)
    named = [candidate._replace(scope=route_id) for candidate in own]
    policies = levels.wider.join((*named, *behind), config.host_patterns)
    if config.upstream is None and not policies:
        problem = "neither the route nor its service has `upstream` or `plugins`: nobody would answer its requests"
        checker.refuse(render_path(path), problem, 'add `upstream: {nodes: {"127.0.0.1:8000": 1}}` to one of the two')
    return DeclaredRoute(route_id, render_path(path), config, policies)


def _refuse_service(checker: Checker, place: str, name: str, levels: Levels) -> None:
    """Say that there is no such service, unless there is one that has problems of its own."""
    if name not in levels.broken:
        nearest = find_nearest(name, levels.services)
        remedy = f"did you mean `{nearest}`?" if nearest else "write it into `services`"
        checker.refuse(place, f"there is no service with the id {name}", remedy)


def _find_idle(levels: Levels, routes: Sequence[DeclaredRoute]) -> Idle:
    named = {route.config.service_id for route in routes}
    policies = (policy for route in routes for policy in route.policies)
    own = (takewhile(_is_own, policy.candidates) for policy in policies)  # thousands of domains may stand behind them
    places = {candidate.place for candidates in own for candidate in candidates}
    return find_idle(levels.services.values(), named, places)


def _is_own(candidate: Candidate) -> bool:
    return candidate.level in OWN_LEVELS


def _find_doubles(routes: Iterable[DeclaredRoute]) -> Iterator[Problem]:
    """Find ids that two routes have."""
    paths: dict[str, str] = {}
    for route in routes:
        if route.id in paths:
            problem = f"the id {route.id} is that of {paths[route.id]} too"
            yield Problem(f"{route.path}.id", problem, "give each route an id of its own")
        paths.setdefault(route.id, route.path)
