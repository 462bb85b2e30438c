"""Reading what is written about plugins, wherever it stands: each by its own type's model, all problems collected.

`declare_levels` reads what holds for more than one route; `ostiary.config.checking` puts the document together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar, final

from pydantic import BaseModel, ValidationError

from ostiary.config.explaining import explain
from ostiary.config.problems import Path, Problem, Written, describe_shape, find_nearest, render_path
from ostiary.config.scopes import Candidate, DeclaredPlugin, Policy, WiderLevels, order_policy, spread_domains
from ostiary.config.service_sources import ServiceSource, Sources
from ostiary.config.wider import DomainConfig, ServiceConfig
from ostiary.plugin import Level, PluginType

Registry = Mapping[str, PluginType]
M = TypeVar("M", bound=BaseModel)


@final
class Checker:
    """Validates parts of a document and collects what is wrong."""

    def __init__(self, registry: Registry, sources: Mapping[str, str], context: Mapping[str, object]) -> None:
        """Start without problems; `sources` are the references behind values, by path."""
        self.problems: list[Problem] = []
        self._context = context
        self._registry = registry
        self._sources = sources

    def validate(self, model: type[M], written: Written, base: Path) -> M | None:
        """Return what was written as its model, or None."""
        try:
            return model.model_validate(written, context=self._context)
        except ValidationError as error:
            self.problems += explain(error, model, written, base, self._sources, self._registry)
            return None

    def declare_plugins(
        self, written: Written, base: Path, level: Level, hosts: tuple[str, ...] = (), scope: str = ""
    ) -> tuple[Candidate, ...]:
        """Read the plugins of a part of the document."""
        named = written.get("plugins") if isinstance(written, Mapping) else None
        plugins = named if isinstance(named, Mapping) else {}
        candidates = []
        for name in plugins:
            declared = self.declare_plugin(str(name), plugins[name], (*base, "plugins", str(name)))
            candidates.append(Candidate(level, declared.path, hosts, declared, scope))
        return tuple(candidates)

    def refuse(self, place: str, problem: str, remedy: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(place, problem, remedy))

    def declare_plugin(self, name: str, written: Written, path: Path) -> DeclaredPlugin:
        """Read one plugin's configuration, which stands at `path`."""
        place = render_path(path)
        kind = self._registry.get(name)
        if kind is None:
            self.refuse(place, "there is no plugin of this name", _suggest_plugin(name, self._registry))
            return DeclaredPlugin(place, name, None, None)
        if not isinstance(written, Mapping):
            problem = f"expected a mapping, found {describe_shape(written)}"
            self.refuse(place, problem, "write its fields below it; `{}` for none")
            return DeclaredPlugin(place, name, kind, None)
        own = {field: value for field, value in written.items() if field != "_meta"}
        if len(own) != len(written):
            self.refuse(f"{place}._meta", "not supported yet", "plugins have no common settings so far: remove it")
        return DeclaredPlugin(place, name, kind, self.validate(kind.config, own, path))


class DeclaredService(NamedTuple):
    """A service, its plugins, and where it stands in the file."""

    config: ServiceConfig
    candidates: tuple[Candidate, ...]
    path: str


class Levels(NamedTuple):
    """What holds for more than one route: services by id, and the policies of domains and instance by plugin.

    `broken` are the ids of services that do not stand: their problems are told where they are.
    """

    services: Mapping[str, DeclaredService]
    wider: WiderLevels
    broken: frozenset[str] = frozenset()

    @property
    def nowhere(self) -> tuple[Policy, ...]:
        """The policies for requests that no route matches."""
        return tuple(self.wider.policies.values())


def declare_levels(
    checker: Checker, domains: Sequence[Written], instance: Written, services: Sequence[Written]
) -> Levels:
    """Read `domains`, `instance` and `services`."""
    candidates: list[Candidate] = []
    for index, written in enumerate(domains):
        base = ("domains", index)
        config = checker.validate(DomainConfig, written, base)
        hosts = () if config is None else config.hosts
        declared = checker.declare_plugins(written, base, "domain", hosts, ", ".join(hosts))
        candidates += declared if config is not None else ()
    _find_rivals(checker, candidates)
    whole = checker.declare_plugins(instance, ("instance",), "instance", (), "instance")
    declared_services, broken = _declare_services(checker, services)
    return Levels(declared_services, _order(spread_domains(candidates), whole), broken)


def _declare_services(
    checker: Checker, services: Sequence[Written]
) -> tuple[dict[str, DeclaredService], frozenset[str]]:
    declared: dict[str, DeclaredService] = {}
    broken = set()
    for index, written in enumerate(services):
        base = ("services", index)
        config = checker.validate(ServiceConfig, written, base)
        scope = "" if config is None else config.id
        candidates = checker.declare_plugins(written, base, "service", (), scope)
        if config is None:
            broken.add(str(written.get("id")) if isinstance(written, Mapping) else "")
            continue
        if config.id in declared:
            checker.refuse(f"services[{index}].id", f"two services have the id {config.id}", "rename one of them")
        declared.setdefault(config.id, DeclaredService(config, candidates, render_path(base)))
    return declared, frozenset(broken)


def declare_sources(checker: Checker, members: Sequence[Written]) -> Sources:
    """Read `service_sources`."""
    standing: dict[str, ServiceSource] = {}
    broken = set()
    for index, written in enumerate(members):
        source = checker.validate(ServiceSource, written, ("service_sources", index))
        if source is None:
            broken.add(str(written.get("name")) if isinstance(written, Mapping) else "")
        elif source.full_name in standing:
            place = f"service_sources[{index}].name"
            checker.refuse(place, f"{source.full_name} stands there twice", "rename one of them")
        else:
            standing[source.full_name] = source
    return Sources(standing, frozenset(broken))


def _order(domains: Iterable[Candidate], instance: Iterable[Candidate]) -> WiderLevels:
    """Return one policy for each plugin: domains by host, then the instance."""
    named: dict[str, list[Candidate]] = {}
    for candidate in (*domains, *instance):
        if candidate.plugin is not None:
            named.setdefault(candidate.plugin.name, []).append(candidate)
    return WiderLevels(order_policy(name, found) for name, found in named.items())


def _find_rivals(checker: Checker, candidates: Iterable[Candidate]) -> None:
    """Two domains that name one plugin for the same hosts: nobody could tell which one counts."""
    seen: dict[tuple[str, str], str] = {}
    for candidate in candidates:
        name = "" if candidate.plugin is None else candidate.plugin.name
        for host in candidate.hosts:
            place = seen.setdefault((name, host), candidate.place)
            if place != candidate.place:
                problem = f"{host} has this plugin from {place} too"
                checker.refuse(candidate.place, problem, "write it once, or give the two domains different hosts")


def _suggest_plugin(name: str, registry: Registry) -> str:
    nearest = find_nearest(name, registry)
    return f"did you mean `{nearest}`?" if nearest else f"known plugins: {', '.join(sorted(registry)) or 'none'}"
