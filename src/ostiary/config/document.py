"""`ostiary.yaml` as a whole: its top-level names, those that are to come among them.

What stands below each name is its own module's: `gateway`, `routes`, and the plugins' own models.
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from ostiary.config.gateway import GatewayConfig
from ostiary.config.routes import RouteConfig
from ostiary.config.section import Section
from ostiary.config.service_sources import ServiceSource
from ostiary.config.state import StateConfig
from ostiary.config.wider import DomainConfig, InstanceConfig, ServiceConfig

_INSIDE_ROUTES = "write it inside the routes so far"


class Document(Section):
    """The whole configuration of a gateway."""

    gateway: GatewayConfig = Field(default_factory=GatewayConfig, description="Addresses, limits, log.")
    routes: tuple[RouteConfig, ...] = Field((), description="Which requests are let through to where, by what policy.")
    services: tuple[ServiceConfig, ...] = Field(
        (), description="What several routes have in common; they name it by `service_id`."
    )
    domains: tuple[DomainConfig, ...] = Field((), description="Policies by the request's host.")
    instance: InstanceConfig | None = Field(None, description="Policies for the whole gateway.")
    service_sources: tuple[ServiceSource, ...] = Field(
        (), description="Where services are found that upstreams and policies name."
    )
    state: StateConfig | None = Field(
        None, description="Where locks, refreshes and revocations are kept. Default: a SQLite file beside this one."
    )

    not_yet: ClassVar[Mapping[str, str]] = {
        "admin": "there is no Admin API so far: this file is the configuration",
        "store": "the configuration is this file so far: remove it",
        "upstreams": _INSIDE_ROUTES,
        "consumers": "policies have no consumers so far: remove it",
        "consumer_groups": "policies have no consumers so far: remove it",
        "global_rules": _INSIDE_ROUTES,
        "plugin_configs": _INSIDE_ROUTES,
        "plugin_metadata": "plugins have no metadata so far: remove it",
        "ssls": "name the files of certificate and key in `gateway.listen[].tls` so far",
        "secrets": "pass secrets in environment variables and write `$ENV://NAME`",
        "stream_routes": "only HTTP is spoken so far: remove it",
    }
    refused: ClassVar[Mapping[str, str]] = {
        "plugins": "write `instance: {plugins: ...}` for the whole gateway, or `plugins` of a route, service or domain"
    }
    renamed: ClassVar[Mapping[str, str]] = {"server": "gateway", "apisix": "gateway", "rules": "routes"}
