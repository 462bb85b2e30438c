"""What the operator writes for more than one route: `instance`, `domains` and `services`.

Models only; which of them a request meets is `ostiary.config.scopes`', what of a service its routes take over is
`apply_service`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.patterns import check_distinct
from ostiary.config.routes import HostPattern, RouteConfig, check_id, check_labels
from ostiary.config.section import Section, refuse
from ostiary.config.upstreams import UpstreamConfig

Plugins = dict[str, Any]


class InstanceConfig(Section):
    """What holds for the whole gateway."""

    plugins: Plugins = Field(
        default_factory=dict,
        repr=False,
        description="Policies by name, for every request that no finer level has one for.",
    )


class DomainConfig(Section):
    """What holds for the hosts of a domain, whichever route a request meets."""

    hosts: Annotated[tuple[HostPattern, ...], AfterValidator(check_distinct)] = Field(
        min_length=1, description="Hosts, like `www.example.com` or `*.example.com`; names go before wildcards."
    )
    plugins: Plugins = Field(
        default_factory=dict, repr=False, description="Policies by name, in the place of those of `instance`."
    )

    renamed: ClassVar[Mapping[str, str]] = {"host": "hosts", "domain": "hosts", "domains": "hosts", "plugin": "plugins"}


class ServiceConfig(Section):
    """What several routes have in common."""

    id: str = Field(description="Its name in `service_id`: 1 to 64 letters, digits, `-`, `_`, `.`.")
    name: str | None = Field(None, min_length=1, max_length=256, description="A name for people.")
    desc: str | None = Field(None, max_length=256, description="What it is, for people.")
    labels: dict[str, str] = Field(default_factory=dict, description="Free marks, each a word.")
    hosts: Annotated[tuple[HostPattern, ...], AfterValidator(check_distinct)] | None = Field(
        None, min_length=1, description="The hosts of routes that name none themselves."
    )
    plugins: Plugins = Field(
        default_factory=dict, repr=False, description="Policies by name; a route's own of the same name goes before."
    )
    upstream: UpstreamConfig | None = Field(None, description="Where requests go, unless the route says otherwise.")
    enable_websocket: bool = Field(default=False, description="Reserved: false only.")

    not_yet: ClassVar[Mapping[str, str]] = {
        "upstream_id": "upstreams stand inside their services so far: write `upstream`",
        "script": "scripts will not be run: use `plugins`",
    }
    renamed: ClassVar[Mapping[str, str]] = {
        "host": "hosts",
        "plugin": "plugins",
        "backend": "upstream",
        "service_id": "id",
    }

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Say what is missing."""
        if not {"upstream", "plugins", "upstream_id", "hosts"} & set(written):
            yield "", refuse("a service needs `upstream`, `plugins` or `hosts`: its routes would get nothing of it")

    _check_id = field_validator("id", mode="before")(check_id)
    _check_labels = field_validator("labels")(check_labels)

    @field_validator("enable_websocket")
    @classmethod
    def _check_websocket(cls, enabled: bool) -> bool:  # noqa: FBT001 - pydantic calls it
        if enabled:
            raise refuse("WebSocket is not supported yet", "remove it: upgrades are declined, the rest passes")
        return enabled


def apply_service(route: RouteConfig, service: ServiceConfig) -> RouteConfig:
    """Return the route with what it takes over from its service: hosts and upstream, where it has none itself."""
    taken: dict[str, Any] = {}
    if not route.host_patterns and service.hosts:
        taken["hosts"] = service.hosts
    if route.upstream is None and service.upstream is not None:
        taken["upstream"] = service.upstream
    return route.model_copy(update=taken) if taken else route
