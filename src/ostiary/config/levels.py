"""Policies at work: which plugin instances a request meets, once the levels' candidates are built.

Whatever does not depend on the host is settled when the snapshot is built; the rest is settled once for each host and
remembered by the route (`ostiary.config.routes.Route.at`). It builds nothing: `ostiary.config.snapshot` has the
instances, one for each place that names a plugin, however many routes it reaches.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, final

from ostiary.config.scopes import Candidate, Policy, fits_host, is_restricting
from ostiary.plugin import Plugin

# A candidate, and the one that it restricts: None where it stands for itself, or where there is none.
BuildPlugin = Callable[[Candidate, Candidate | None], Plugin]


class Choice(NamedTuple):
    """One outcome of a policy: for these host patterns (none: every host) this instance, or nothing."""

    hosts: tuple[tuple[str, ...], ...]
    plugin: Plugin | None

    def fits(self, host: str) -> bool:
        """Say whether every condition fits the host."""
        return all(any(fits_host(pattern, host) for pattern in patterns) for patterns in self.hosts)


@final
class HostPolicies:
    """The policies of a route, of which some depend on the host, in the order in which their plugins decide."""

    __slots__ = ("_policies",)

    def __init__(self, policies: Sequence[tuple[Choice, ...]]) -> None:
        """Take each policy's outcomes, best first."""
        self._policies = tuple(policies)

    def choose(self, host: str) -> tuple[Plugin, ...]:
        """Return the plugins for a canonical host."""
        chosen = (next((choice for choice in choices if choice.fits(host)), None) for choices in self._policies)
        return tuple(choice.plugin for choice in chosen if choice is not None and choice.plugin is not None)

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every instance that some host meets."""
        found = (choice.plugin for choices in self._policies for choice in choices if choice.plugin is not None)
        return tuple(dict.fromkeys(found))


@final
class RoutePlugins(NamedTuple):
    """What a route gets: its plugins where no host decides anything, else the policies by host besides."""

    plugins: tuple[Plugin, ...]
    by_host: HostPolicies | None


def compile_policies(policies: Sequence[Policy], build: BuildPlugin) -> RoutePlugins:
    """Build what the policies of a route name, in order of priority; equal ones stay in the order given."""
    ordered = sorted(policies, key=lambda policy: -policy.priority)
    choices = [tuple(list_choices(policy, build)) for policy in ordered]
    if all(not found or not found[0].hosts for found in choices):
        settled = (found[0].plugin for found in choices if found)
        return RoutePlugins(tuple(plugin for plugin in settled if plugin is not None), None)
    by_host = HostPolicies(choices)
    return RoutePlugins(by_host.plugins, by_host)


def list_choices(policy: Policy, build: BuildPlugin) -> Iterator[Choice]:
    """Yield the outcomes of a policy, best first, up to the one for every host."""
    candidates = policy.candidates
    for index, candidate in enumerate(candidates):
        if candidate.plugin is None:
            yield Choice(_condition(candidate), None)
        elif is_restricting(candidate.plugin):
            yield from _list_restricted(candidate, candidates[index + 1 :], build)
        else:
            yield Choice(_condition(candidate), build(candidate, None))
        if not candidate.hosts:
            return


def _list_restricted(candidate: Candidate, behind: Sequence[Candidate], build: BuildPlugin) -> Iterator[Choice]:
    """Yield one outcome for each wider configuration that this one may restrict, and a closed one for no such."""
    for wider in behind:
        if wider.plugin is None or is_restricting(wider.plugin):
            continue
        yield Choice((*_condition(candidate), *_condition(wider)), build(candidate, wider))
        if not wider.hosts:
            return
    yield Choice(_condition(candidate), build(candidate, None))


def _condition(candidate: Candidate) -> tuple[tuple[str, ...], ...]:
    return (candidate.hosts,) if candidate.hosts else ()
