"""Policies at work: which plugin instances a request meets, once the levels' candidates are built.

Whatever does not depend on the host is settled when the snapshot is built; the rest is settled once for each host and
remembered by the route (`ostiary.config.routes.Route.at`). What routes share is compiled once. It builds nothing:
`ostiary.config.instances` has the instances, one for each place that names a plugin, however many routes it reaches.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, final

from ostiary.config.host_index import HostIndex, fits_host
from ostiary.config.scopes import OWN_LEVELS, Candidate, Policy, is_restricting
from ostiary.plugin import Plugin

MAX_HOSTS = 65_536

# A candidate, and the one that it restricts: None where it stands for itself, or where there is none.
BuildPlugin = Callable[[Candidate, Candidate | None], Plugin]


class Outcome(NamedTuple):
    """One outcome of a policy: for these host patterns (none: every host) this instance, or nothing."""

    hosts: tuple[tuple[str, ...], ...]
    plugin: Plugin | None

    def fits(self, host: str) -> bool:
        """Say whether every condition fits the host."""
        return all(any(fits_host(pattern, host) for pattern in patterns) for patterns in self.hosts)


@final
class Outcomes:
    """What a policy comes to, by host. `settled` is the plugin (or None) where no host decides anything."""

    __slots__ = ("_index", "_outcomes", "is_settled", "priority", "settled")

    def __init__(self, outcomes: Sequence[Outcome], priority: int = 0) -> None:
        """Take the outcomes, best first; `priority` is the plugin's place among the others of a route."""
        self.priority = priority
        self.is_settled = not outcomes or not outcomes[0].hosts
        self.settled = outcomes[0].plugin if outcomes and self.is_settled else None
        self._outcomes = tuple(outcomes)
        self._index = HostIndex(outcome.hosts[0] if outcome.hosts else () for outcome in outcomes)

    def choose(self, host: str) -> Plugin | None:
        """Return the plugin for a canonical host."""
        if self.is_settled:
            return self.settled
        fitting = (self._outcomes[position] for position in self._index.find(host))
        return next((outcome.plugin for outcome in fitting if outcome.fits(host)), None)

    def list_plugins(self) -> Iterator[Plugin]:
        """Yield every plugin that some host meets."""
        return (outcome.plugin for outcome in self._outcomes if outcome.plugin is not None)


@final
class HostMemory:
    """Bounds what the routes of a snapshot remember about hosts, all together: when it is full all of it goes."""

    __slots__ = ("_count", "_max_hosts", "_tables")

    def __init__(self, max_hosts: int = MAX_HOSTS) -> None:
        """Start with nothing remembered."""
        self._max_hosts = max_hosts
        self._count = 0
        self._tables: list[dict[str, Any]] = []

    def remember(self, table: dict[str, Any], host: str, found: object) -> None:
        """Put what was found for a host into a route's table."""
        if self._count >= self._max_hosts:
            for full in self._tables:
                full.clear()
            self._tables.clear()
            self._count = 0
        if not table:
            self._tables.append(table)
        table[host] = found
        self._count += 1


@final
class HostPolicies:
    """The policies of a route, of which some depend on the host, in the order in which their plugins decide."""

    __slots__ = ("_policies", "memory")

    def __init__(self, policies: Sequence[Outcomes], memory: HostMemory) -> None:
        """Hold each policy's outcomes; `memory` is that of the snapshot."""
        self._policies = tuple(policies)
        self.memory = memory

    def choose(self, host: str) -> tuple[Plugin, ...]:
        """Return the plugins for a canonical host."""
        chosen = (policy.choose(host) for policy in self._policies)
        return tuple(plugin for plugin in chosen if plugin is not None)

    @property
    def may_authenticate(self) -> bool:
        """Whether some host's plugins require somebody to be admitted."""
        return any(plugin.authenticates for policy in self._policies for plugin in policy.list_plugins())


@final
class RoutePlugins(NamedTuple):
    """What a route gets: its plugins where no host decides anything, else the policies by host."""

    plugins: tuple[Plugin, ...]
    by_host: HostPolicies | None


@final
class PolicyCompiler:
    """Compiles the policies of a snapshot's routes. A policy that routes share is compiled once."""

    def __init__(self) -> None:
        """Start with nothing compiled."""
        self._memory = HostMemory()
        self._shared: dict[int, tuple[Policy, Outcomes]] = {}

    def compile(self, policies: Sequence[Policy], build: BuildPlugin) -> RoutePlugins:
        """Build what the policies of a route name, in order of priority; equal ones stay in the order given."""
        found = sorted((self._compile(policy, build) for policy in policies), key=lambda each: -each.priority)
        if not all(outcomes.is_settled for outcomes in found):
            return RoutePlugins((), HostPolicies(found, self._memory))
        return RoutePlugins(tuple(each.settled for each in found if each.settled is not None), None)

    def _compile(self, policy: Policy, build: BuildPlugin) -> Outcomes:
        known = self._shared.get(id(policy))
        if known is not None:
            return known[1]
        outcomes = Outcomes(list(list_outcomes(policy, build)), policy.priority)
        if not any(candidate.level in OWN_LEVELS for candidate in policy.candidates):
            self._shared[id(policy)] = (policy, outcomes)  # with the policy, so that its id stays its own
        return outcomes


def list_outcomes(policy: Policy, build: BuildPlugin) -> Iterator[Outcome]:
    """Yield the outcomes of a policy, best first, up to the one for every host."""
    candidates = policy.candidates
    for index, candidate in enumerate(candidates):
        if candidate.plugin is None:
            yield Outcome(_condition(candidate), None)
        elif is_restricting(candidate.plugin):
            yield from _list_restricted(candidate, candidates[index + 1 :], build)
        else:
            yield Outcome(_condition(candidate), build(candidate, None))
        if not candidate.hosts:
            return


def _list_restricted(candidate: Candidate, behind: Sequence[Candidate], build: BuildPlugin) -> Iterator[Outcome]:
    """Yield one outcome for each wider configuration that this one may restrict, and a closed one for no such."""
    hosts = candidate.hosts or ("*",)
    for wider in behind:
        if wider.plugin is None or is_restricting(wider.plugin) or not wider.may_meet(hosts):
            continue
        is_last = wider.always_meets(hosts)
        condition = _condition(candidate) if is_last else (*_condition(candidate), wider.hosts)
        yield Outcome(condition, build(candidate, wider))
        if is_last:
            return
    yield Outcome(_condition(candidate), build(candidate, None))


def _condition(candidate: Candidate) -> tuple[tuple[str, ...], ...]:
    return (candidate.hosts,) if candidate.hosts else ()
