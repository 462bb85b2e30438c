"""Levels: who may configure a plugin for a request, and in which order they are asked (DESIGN.md §7).

A `Policy` is one plugin on one route: candidates, best first, each with the hosts that it is for. The first whose hosts
fit the request's host wins and replaces the others whole; one that only restricts (`oauth2`'s `allow`) needs the next
that does not. Which order that is, is the reader's business: the finest level in `ostiary.yaml`, the order of the list
in Higress's notation. What is built of the candidates is `ostiary.config.levels`'.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, final

from pydantic import BaseModel

from ostiary.config.host_index import HostIndex, covers_host, fits_host, meets_host
from ostiary.plugin import Level, PluginType

OWN_LEVELS: frozenset[Level] = frozenset({"route", "service"})


class DeclaredPlugin(NamedTuple):
    """A plugin that somebody names, and where it stands. `type` or `config` is None when it is unknown or invalid."""

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


class Candidate(NamedTuple):
    """One place that names a plugin, for the hosts that fit a pattern; without patterns for every host.

    Patterns are exact, `*x` (ends with x), `x*` (begins with x) and `*`. `plugin` None: it is switched off here.
    `scope` is the id of the domain, service or route.
    """

    level: Level
    place: str
    hosts: tuple[str, ...]
    plugin: DeclaredPlugin | None
    scope: str = ""

    def fits(self, host: str) -> bool:
        """Say whether this is for a (canonical, lower-case) host."""
        return not self.hosts or any(fits_host(pattern, host) for pattern in self.hosts)

    def always_meets(self, hosts: Sequence[str]) -> bool:
        """Say whether this is for every host that fits one of these patterns."""
        return not self.hosts or all(any(covers_host(mine, host) for mine in self.hosts) for host in hosts)

    def may_meet(self, hosts: Sequence[str]) -> bool:
        """Say whether this is for some host that fits one of these patterns."""
        return not self.hosts or any(meets_host(mine, host) for mine in self.hosts for host in hosts)


class Policy(NamedTuple):
    """One plugin on one route: the first candidate whose hosts fit wins.

    For people alone: `replaced` are candidates that can never win, and `wider` is what the route's own came before.
    """

    name: str
    candidates: tuple[Candidate, ...]
    replaced: tuple[Candidate, ...] = ()
    wider: "Policy | None" = None

    @property
    def priority(self) -> int:
        """The plugin's place among the others of the route."""
        declared = (candidate.plugin for candidate in self.candidates)
        return max((plugin.priority for plugin in declared if plugin is not None), default=0)

    @property
    def hidden(self) -> tuple[Candidate, ...]:
        """Every candidate that can never win here, finest first."""
        shown = {candidate.place for candidate in self.candidates}
        behind = () if self.wider is None else (*self.wider.candidates, *self.wider.hidden)
        return (*self.replaced, *(candidate for candidate in behind if candidate.place not in shown))


def rank_host(pattern: str) -> tuple[bool, int]:
    """Return the sort key of a host pattern: exact before wildcard, the longest first."""
    return ("*" in pattern, -len(pattern))


def order_policy(name: str, candidates: Sequence[Candidate], wider: Policy | None = None) -> Policy:
    """Return a policy of ordered candidates; those behind the first for every host that needs nothing wider hide."""
    for index, candidate in enumerate(candidates, 1):
        if not candidate.hosts and not is_restricting(candidate.plugin):
            return Policy(name, tuple(candidates[:index]), tuple(candidates[index:]), wider)
    return Policy(name, tuple(candidates), (), wider)


def is_restricting(declared: DeclaredPlugin | None) -> bool:
    """Say whether a configuration only restricts a wider one."""
    if declared is None or declared.type is None or declared.config is None:
        return False
    restricts = getattr(declared.type, "restricts", None)
    return restricts is not None and bool(restricts(declared.config))


def spread_domains(declared: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates of domains, one for each host pattern, exact before wildcard and the longest first."""
    spread = [candidate._replace(hosts=(host,)) for candidate in declared for host in candidate.hosts]
    return tuple(sorted(spread, key=lambda candidate: rank_host(candidate.hosts[0])))


@final
class WiderLevels:
    """The policies of domains and instance, by plugin. Thousands of domains cost a route no more than a few."""

    __slots__ = ("_indexes", "_settled", "policies")

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        """Index the policies by host."""
        self.policies: Mapping[str, Policy] = {policy.name: policy for policy in policies}
        self._indexes = {
            name: HostIndex(candidate.hosts for candidate in policy.candidates)
            for name, policy in self.policies.items()
        }
        self._settled: dict[tuple[str, tuple[str, ...]], Policy] = {}

    def join(self, own: Sequence[Candidate], hosts: Sequence[str]) -> tuple[Policy, ...]:
        """Return a route's policies: its `own` candidates (the route's, then its service's) before the wider ones.

        `hosts` are the route's: what can never be met there goes, and what always is depends on no host any more.
        """
        named: dict[str, list[Candidate]] = {}
        for candidate in own:
            if candidate.plugin is not None:
                named.setdefault(candidate.plugin.name, []).append(candidate)
        joined = [self._extend(name, finer, hosts) for name, finer in named.items()]
        joined += (self._settle(name, hosts) for name in self.policies if name not in named)
        return tuple(joined)

    def _extend(self, name: str, finer: Sequence[Candidate], hosts: Sequence[str]) -> Policy:
        wider = self.policies.get(name)
        if wider is None or not all(is_restricting(candidate.plugin) for candidate in finer):
            return order_policy(name, finer, wider)
        return order_policy(name, (*finer, *self._settle(name, hosts).candidates), wider)

    def _settle(self, name: str, hosts: Sequence[str]) -> Policy:
        """Return a wider policy as a route's own hosts leave it, the same one for the same hosts."""
        policy = self.policies[name]
        if not hosts:
            return policy
        key = (name, tuple(hosts))
        if key not in self._settled:
            met = policy._replace(candidates=self._list_met(policy, hosts))
            self._settled[key] = narrow(met, hosts)._replace(wider=policy)
        return self._settled[key]

    def _list_met(self, policy: Policy, hosts: Sequence[str]) -> tuple[Candidate, ...]:
        """Return the candidates that some host of a route may meet, of thousands the few."""
        index = self._indexes[policy.name]
        found: set[int] = set()
        for host in hosts:
            found.update(index.find_met(host))
        return tuple(policy.candidates[position] for position in sorted(found))


def narrow(policy: Policy, hosts: Sequence[str]) -> Policy:
    """Return what a policy comes to on a route with these hosts (none: every host).

    What no host of the route meets is left out, and what every one meets depends on no host any more.
    """
    patterns = hosts or ("*",)
    met = [
        candidate._replace(hosts=()) if candidate.always_meets(patterns) else candidate
        for candidate in policy.candidates
        if candidate.may_meet(patterns)
    ]
    return order_policy(policy.name, met, policy)
