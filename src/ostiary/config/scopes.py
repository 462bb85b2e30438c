"""Levels: who may configure a plugin for a request, and in which order they are asked (DESIGN.md §7).

A `Policy` is one plugin on one route: candidates, best first, each with the hosts that it is for. The first whose hosts
fit the request's host wins and replaces the others whole; one that only restricts (`oauth2`'s `allow`) needs the next
that does not. Which order that is, is the reader's business: the finest level in `ostiary.yaml`, the order of the list
in Higress's notation. What is built of the candidates is `ostiary.config.levels`'.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from ostiary.plugin import Level, PluginType


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


class Policy(NamedTuple):
    """One plugin on one route: the first candidate whose hosts fit wins. `hidden` are those that never can."""

    name: str
    candidates: tuple[Candidate, ...]
    hidden: tuple[Candidate, ...] = ()

    @property
    def priority(self) -> int:
        """The plugin's place among the others of the route."""
        declared = (candidate.plugin for candidate in self.candidates)
        return max((plugin.priority for plugin in declared if plugin is not None), default=0)


def fits_host(pattern: str, host: str) -> bool:
    """Say whether a host fits a pattern; the port is no part of either."""
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    if pattern.endswith("*"):
        return host.startswith(pattern[:-1])
    return host == pattern


def rank_host(pattern: str) -> tuple[bool, int]:
    """Return the sort key of a host pattern: exact before wildcard, the longest first."""
    return ("*" in pattern, -len(pattern))


def order_policy(name: str, candidates: Sequence[Candidate], hidden: tuple[Candidate, ...] = ()) -> Policy:
    """Return a policy of ordered candidates; those behind the first for every host that needs nothing wider hide."""
    for index, candidate in enumerate(candidates, 1):
        if not candidate.hosts and not is_restricting(candidate.plugin):
            return Policy(name, tuple(candidates[:index]), (*candidates[index:], *hidden))
    return Policy(name, tuple(candidates), hidden)


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


def join_levels(own: Sequence[Candidate], wider: Mapping[str, Policy], hosts: Sequence[str]) -> tuple[Policy, ...]:
    """Return a route's policies: `own` candidates (of the route, then its service), before `wider` ones by name.

    `hosts` are the route's: what can never be met there goes, and what always is depends on no host any more.
    """
    named: dict[str, list[Candidate]] = {}
    for candidate in own:
        if candidate.plugin is not None:
            named.setdefault(candidate.plugin.name, []).append(candidate)
    joined = [
        order_policy(name, (*finer, *(wider[name].candidates if name in wider else ())))
        for name, finer in named.items()
    ]
    joined += (policy for name, policy in wider.items() if name not in named)
    return tuple(narrow(policy, hosts) for policy in joined)


def narrow(policy: Policy, hosts: Sequence[str]) -> Policy:
    """Settle what the route's own hosts settle already, where they are names and no patterns."""
    if not hosts or any("*" in host for host in hosts) or not any(c.hosts for c in policy.candidates):
        return policy
    met: list[Candidate] = []
    never: list[Candidate] = []
    for candidate in policy.candidates:
        fitting = [host for host in hosts if candidate.fits(host)]
        if not fitting:
            never.append(candidate)
        else:
            met.append(candidate._replace(hosts=()) if len(fitting) == len(hosts) else candidate)
    return order_policy(policy.name, met, (*never, *policy.hidden))
