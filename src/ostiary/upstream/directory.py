"""Upstreams by value: a balancer and a pool for each different specification, shared by the routes that name it.

They outlive snapshots: a new configuration with the same upstream goes on with its warm connections.
"""

import ssl
from collections.abc import Callable, Iterable
from typing import final

import msgspec

from ostiary.config.upstream_tls import TlsSpec
from ostiary.config.upstreams import UpstreamSpec
from ostiary.upstream.balancer import Balancer, plan_cycle
from ostiary.upstream.pool import Pool
from ostiary.upstream.tls import UpstreamContext, make_trust


@final
class Upstream:
    """A balancer with its pool, and the specification they come from."""

    __slots__ = ("balancer", "pool", "spec")

    def __init__(self, spec: UpstreamSpec, timer: Callable[[], float], tls: UpstreamContext | None) -> None:
        """Lay out the cycle of nodes; no connection is opened."""
        self.spec = spec
        self.balancer = Balancer(plan_cycle(spec.nodes))
        self.pool = Pool(
            size=spec.keepalive_size,
            idle_timeout_s=spec.keepalive_idle_s,
            requests=spec.keepalive_requests,
            timer=timer,
            tls=tls,
        )


@final
class UpstreamDirectory:
    """Every upstream in use."""

    __slots__ = ("_contexts", "_timer", "_upstreams")

    def __init__(self, timer: Callable[[], float]) -> None:
        """Start without upstreams; `timer` is the loop's clock."""
        self._timer = timer
        self._contexts: dict[TlsSpec, ssl.SSLContext] = {}  # by what is trusted, whatever the names
        self._upstreams: dict[UpstreamSpec, Upstream] = {}

    def upstream(self, spec: UpstreamSpec) -> Upstream:
        """Return the one upstream of this specification."""
        found = self._upstreams.get(spec)
        if found is None:
            found = self._upstreams[spec] = Upstream(spec, self._timer, self._find_context(spec.tls))
        return found

    def retain(self, specs: Iterable[UpstreamSpec]) -> None:
        """Close what no configuration names any more."""
        wanted = set(specs)
        for spec in [spec for spec in self._upstreams if spec not in wanted]:
            self._upstreams.pop(spec).pool.close()
        used = {_without_name(spec.tls) for spec in wanted if spec.tls is not None}
        self._contexts = {tls: context for tls, context in self._contexts.items() if tls in used}

    def _find_context(self, tls: TlsSpec | None) -> UpstreamContext | None:
        """Make what connections are made with; what takes 35 ms of it, once for equal trust whatever the names."""
        if tls is None:
            return None
        trust = _without_name(tls)
        if trust not in self._contexts:
            self._contexts[trust] = make_trust(tls)
        return UpstreamContext(tls.server_name, self._contexts[trust])

    def close_stale(self, now: float) -> None:
        """Close idle connections that are past their time."""
        for upstream in self._upstreams.values():
            upstream.pool.close_stale(now)

    def close(self) -> None:
        """Close every idle connection, at the end."""
        for upstream in self._upstreams.values():
            upstream.pool.close()


def _without_name(tls: TlsSpec) -> TlsSpec:
    return msgspec.structs.replace(tls, server_name=None)
