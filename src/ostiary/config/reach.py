"""What plugins are told of the router that serves: whether a path meets them, and which hosts the operator wrote.

Instances outlive snapshots, so they hold this and no router.
"""

from typing import final

from ostiary.config.router import Router


@final
class Reach:
    """Tells plugins what the current router makes of a path. It outlives snapshots, as instances do."""

    __slots__ = ("router",)

    def __init__(self) -> None:
        """Reach nothing until a router is there."""
        self.router = Router()

    def reaches(self, host: str, path: str, fingerprint: str) -> bool:
        """Say whether a GET by any client meets a plugin with this fingerprint."""
        route = self.router.find(host, path, "GET", "")
        return route is not None and any(plugin.fingerprint == fingerprint for plugin in route.plugins)

    def names_host(self, host: str) -> bool:
        """Say whether some route or domain is for this host by name, and not for every host."""
        return self.router.names_host(host)
