"""Routes: what the operator writes (`RouteConfig`, APISIX's names), and what a request meets (`Route`).

Which route a request meets is `ostiary.config.router`'s business; what its plugins decide is theirs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, final

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.closed import ClosedPlugin
from ostiary.config.levels import HostPolicies
from ostiary.config.patterns import check_distinct, check_host_pattern, check_method, check_network, check_path_pattern
from ostiary.config.section import Section, refuse
from ostiary.config.upstreams import Timeouts, UpstreamConfig, UpstreamSpec
from ostiary.plugin import Plugin

PathPattern = Annotated[str, AfterValidator(check_path_pattern)]
HostPattern = Annotated[str, AfterValidator(check_host_pattern)]
NetworkText = Annotated[str, AfterValidator(check_network)]
Method = Annotated[str, AfterValidator(check_method)]

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_SINGULARS = ("host", "remote_addr")


@final
class Route:
    """A route at work. Compared by identity: two snapshots never share one.

    `plugins` stand in the order in which they decide. `upstream` is None where nothing is forwarded: a route of
    plugins only, a path that plugins claimed outside the route's own patterns, and a request that no route matches:
    what plugins let pass there is "not found". `name` is what plugins know it by. With `by_host` the request's host
    decides which plugins there are: `at` says which, and until then the route is closed; what `at` returns has the same
    `origin`, a mark that is this route's alone. It is no reference to the route: that would be a circle, and what a
    reload leaves behind has to go by itself, since what a snapshot was built of is out of the collector's sight.
    """

    __slots__ = (
        "_at", "allow_encoded_slash", "by_host", "id", "name", "origin", "plugins", "requires_principal", "upstream",
    )  # fmt: skip

    def __init__(
        self,
        route_id: str,
        plugins: tuple[Plugin, ...] = (),
        upstream: UpstreamSpec | None = None,
        *,
        allow_encoded_slash: bool = False,
        name: str | None = None,
        by_host: HostPolicies | None = None,
    ) -> None:
        """Hold the parts; whether somebody must be admitted follows from the plugins."""
        self.id = route_id
        self.name = route_id if name is None else name
        self.plugins = plugins if by_host is None else (ClosedPlugin(f"route {route_id} without a host"),)
        self.requires_principal = any(plugin.authenticates for plugin in self.plugins)
        self.upstream = upstream
        self.allow_encoded_slash = allow_encoded_slash
        self.by_host = by_host
        self.origin = object()
        self._at: dict[str, Route] = {}

    def at(self, host: str) -> "Route":
        """Return the route as a canonical host's requests meet it; hosts are remembered, up to a number."""
        policies = self.by_host
        if policies is None:
            return self
        variant = self._at.get(host)
        if variant is None:
            variant = self._double(policies.choose(host), None, self.upstream)
            variant.origin = self.origin
            policies.memory.remember(self._at, host, variant)
        return variant

    def without_upstream(self) -> "Route":
        """Return a double that forwards nothing: a path is not opened to the upstream because a plugin claimed it."""
        return self._double(self.plugins, self.by_host, None)

    def _double(
        self, plugins: tuple[Plugin, ...], by_host: HostPolicies | None, upstream: UpstreamSpec | None
    ) -> "Route":
        allow = self.allow_encoded_slash and upstream is not None
        return Route(self.id, plugins, upstream, allow_encoded_slash=allow, name=self.name, by_host=by_host)

    def __repr__(self) -> str:
        """Name the route."""
        return f"Route({self.id})"


def check_id(written: object) -> object:
    """Take a number as its digits, as APISIX does."""
    if isinstance(written, int) and not isinstance(written, bool) and written >= 1:
        return str(written)
    if isinstance(written, str) and not _ID.match(written):
        raise refuse("an id has 1 to 64 letters, digits, `-`, `_` and `.`", "use `name` for a text for people")
    return written


def check_labels(labels: dict[str, str]) -> dict[str, str]:
    """Return labels of which each is a word."""
    for label, value in labels.items():
        if not 1 <= len(value) <= 256 or any(character.isspace() for character in value):
            raise refuse(f"the label {label} is not 1 to 256 characters without spaces", "use `desc` for sentences")
    return labels


class RouteConfig(Section):
    """Which requests are meant, who may pass, and where they go."""

    id: str | None = Field(
        None, description="Its name in logs: 1 to 64 letters, digits, `-`, `_`, `.`; default: index."
    )
    name: str | None = Field(
        None, min_length=1, max_length=256, description="A name for people, and for tokens that are bound to the route."
    )
    service_id: str | None = Field(None, description="The service from which it takes what it does not say itself.")
    desc: str | None = Field(None, max_length=256, description="What it is, for people.")
    labels: dict[str, str] = Field(default_factory=dict, description="Free marks, each a word.")
    uri: PathPattern | None = Field(None, description="The path: `/exact`, or `/prefix/*` for all that is below.")
    uris: Annotated[tuple[PathPattern, ...], AfterValidator(check_distinct)] | None = Field(
        None, min_length=1, description="Several paths, in the place of `uri`."
    )
    host: HostPattern | None = Field(None, description="The host: a name, or `*.example.com`; default: every host.")
    hosts: Annotated[tuple[HostPattern, ...], AfterValidator(check_distinct)] | None = Field(
        None, min_length=1, description="Several hosts, in the place of `host`."
    )
    remote_addr: NetworkText | None = Field(None, description="The client's address or network.")
    remote_addrs: Annotated[tuple[NetworkText, ...], AfterValidator(check_distinct)] | None = Field(
        None, min_length=1, description="Several addresses or networks, in the place of `remote_addr`."
    )
    methods: Annotated[tuple[Method, ...], AfterValidator(check_distinct)] | None = Field(
        None, min_length=1, description="HTTP methods, in capitals; default: every method."
    )
    priority: int = Field(0, description="Of routes with the same host and path, the one with the higher goes first.")
    status: int = Field(1, ge=0, le=1, description="1: in use; 0: as if it were not there.")
    plugins: dict[str, Any] = Field(
        default_factory=dict, repr=False, description="Policies by name, each with its configuration."
    )
    upstream: UpstreamConfig | None = Field(None, description="Where requests go that may pass.")
    timeout: Timeouts | None = Field(None, description="Time limits in the place of the upstream's.")
    allow_encoded_slash: bool = Field(
        default=False, description="Let `%2F` in the path through, still encoded; by default it is refused."
    )
    ignore_path_case: bool = Field(
        default=False, description="Match the paths without regard to the case of ASCII letters; not APISIX's."
    )
    enable_websocket: bool = Field(default=False, description="Reserved: false only.")

    not_yet: ClassVar[Mapping[str, str]] = {
        "vars": "conditions on variables do not exist so far: use `methods`, `hosts` and `remote_addrs`",
        "filter_func": "conditions in Lua will not be run: use `methods`, `hosts` and `remote_addrs`",
        "script": "scripts will not be run: use `plugins`",
        "script_id": "scripts will not be run: use `plugins`",
        "upstream_id": "upstreams stand inside their routes so far: write `upstream`",
        "plugin_config_id": "plugin configurations stand inside their routes so far: write `plugins`",
        "service_protocol": "only HTTP is spoken so far: remove it",
    }
    renamed: ClassVar[Mapping[str, str]] = {
        "path": "uri",
        "paths": "uris",
        "url": "uri",
        "method": "methods",
        "plugin": "plugins",
        "domain": "host",
        "backend": "upstream",
        "description": "desc",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Say which fields exclude or need each other."""
        if "uri" in written and "uris" in written:
            yield "uris", refuse("a route has `uri` or `uris`, not both", "put every path into `uris`")
        elif (
            "uri" not in written and "uris" not in written and not cls.renamed.keys() & {"path", "paths"} & set(written)
        ):
            yield "", refuse("a route needs a path", "add `uri: /*` for every path, or `uris` for a list")
        for single in _SINGULARS:
            if single in written and f"{single}s" in written:
                remedy = f"put every one into `{single}s`"
                yield f"{single}s", refuse(f"a route has `{single}` or `{single}s`, not both", remedy)
        needed = {"upstream", "plugins", "upstream_id", "service_id", "script"}
        if not needed & set(written):
            remedy = 'add `upstream: {nodes: {"127.0.0.1:8000": 1}}`'
            yield "", refuse("a route needs `upstream` or `plugins`: nobody would answer its requests", remedy)

    _check_id = field_validator("id", "service_id", mode="before")(check_id)
    _check_labels = field_validator("labels")(check_labels)

    @field_validator("enable_websocket")
    @classmethod
    def _check_websocket(cls, enabled: bool) -> bool:  # noqa: FBT001 - pydantic calls it
        if enabled:
            raise refuse("WebSocket is not supported yet", "remove it: upgrades are declined, the rest passes")
        return enabled

    @property
    def path_patterns(self) -> tuple[str, ...]:
        """The paths, whichever way they were written."""
        return self.uris if self.uris is not None else (self.uri,) if self.uri is not None else ()

    @property
    def host_patterns(self) -> tuple[str, ...]:
        """The hosts, whichever way they were written; empty for every host."""
        return self.hosts if self.hosts is not None else (self.host,) if self.host is not None else ()

    @property
    def networks(self) -> tuple[str, ...]:
        """The client networks, whichever way they were written; empty for every client."""
        return self.remote_addrs or ((self.remote_addr,) if self.remote_addr is not None else ())
