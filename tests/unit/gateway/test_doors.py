"""Everything that one worker listens on."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from ostiary.config.gateway import Door, GatewayConfig, GatewaySettings, HttpsTarget
from ostiary.config.tls import TlsSettings
from ostiary.errors import OperatorFault
from ostiary.gateway.doors import Doors
from ostiary.gateway.server import Server
from tests.fakes.certificates import make_authority
from tests.fakes.conversation import Client
from tests.fakes.loop_time import LoopClock
from tests.fakes.messages import CLIENT, replied, request
from tests.fakes.scripted_plugins import DENY, ScriptedPlugin
from tests.fakes.server_pairs import make_client_context
from tests.fakes.tls_client import FixedCertificate, TlsConversation

DENIED = replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n")
AUTHORITY, OTHER = make_authority(), make_authority()
ONE, TWO = TlsSettings("one.pem", "one.key"), TlsSettings("two.pem", "two.key")
BROKEN = TlsSettings("broken.pem", "broken.key")


class World(TlsConversation):
    """A gateway with doors."""

    def __init__(self, folder: Path) -> None:
        """Answer everything at once."""
        super().__init__({"guard": ScriptedPlugin(DENY)})
        self.contexts: dict[TlsSettings, ssl.SSLContext] = {
            ONE: AUTHORITY.make_server_context(folder / "1", "localhost"),
            TWO: OTHER.make_server_context(folder / "2", "localhost"),
        }
        self.made: list[Server] = []
        self.doors = Doors(
            self.server,
            make_server=self._make_server,
            make_prefix=lambda: f"made{len(self.made)}",
            open_certificate=self._open_certificate,
            log=self.log,
        )

    def _make_server(self) -> Server:
        clock, log, access_log = LoopClock(self.loop), self.log, self.server.access_log
        self.made.append(Server(clock=clock, timer=self.loop.time, spawner=self, log=log, access_log=access_log))
        return self.made[-1]

    def _open_certificate(self, tls: TlsSettings) -> FixedCertificate:
        if tls not in self.contexts:
            raise OperatorFault("certificate_refused", "broken")
        return FixedCertificate(self.contexts[tls])

    def opens(self, door: Door) -> int:
        """Open a door, and return the number of its listener."""
        self.loop.run(self.doors.open(door, GatewaySettings()))
        return len(self.loop.listeners) - 1

    def visits(self, listener: int) -> Client:
        """Connect to a listener."""
        party = Client(self, f"visitor of {listener}")
        self.loop.do(party.attach, self.loop.listeners[listener].factory(), (CLIENT, 40_000))
        return party

    def ask_by_tls(self, listener: int, trusted: Any) -> bytes:
        """Shake hands, ask, and return the answer."""
        client = self.connect_tls(make_client_context(trusted), listener)
        client.shakes_hands()
        client.says(request())
        return client.hears()


def follow(*doors: Door) -> GatewaySettings:
    """A new configuration with these doors."""
    settings = GatewaySettings(GatewayConfig())
    settings.listen = doors
    return settings


def test_each_door_speaks_what_it_should(tmp_path: Path) -> None:
    """Both http and https lead to the gateway, a redirect only to https."""
    with World(tmp_path) as world:
        plain = world.opens(Door("127.0.0.1", 80))
        secure = world.opens(Door("127.0.0.1", 443, ONE))
        redirect = world.opens(Door("127.0.0.1", 81, https=HttpsTarget(None, 8443)))
        client = world.visits(plain)
        client.says(request())
        client.hears(DENIED)
        assert DENIED == world.ask_by_tls(secure, AUTHORITY)
        visitor = world.visits(redirect)
        visitor.says(request("GET /a"))
        visitor.hears(replied("308 Permanent Redirect", "Location: https://shop.example:8443/a"))
        assert ["req-1", "req-2", "made1-1"] == [record["id"] for record in world.records()]


def test_a_reload_is_followed(tmp_path: Path) -> None:
    """Another certificate and another target for the same addresses; what is not named any more stays as it was."""
    with World(tmp_path) as world:
        secure = world.opens(Door("127.0.0.1", 443, ONE))
        redirect = world.opens(Door("127.0.0.1", 81, https=HttpsTarget(None, 8443)))
        plain = world.opens(Door("127.0.0.1", 80))
        world.doors.follow(
            follow(
                Door("127.0.0.1", 443, TWO),
                Door("127.0.0.1", 81, https=HttpsTarget("https://gw.example")),
                Door("127.0.0.1", 80, ONE),
            )
        )
        assert DENIED == world.ask_by_tls(secure, OTHER)
        visitor = world.visits(redirect)
        visitor.says(request("GET /a"))
        visitor.hears(replied("308 Permanent Redirect", "Location: https://gw.example/a"))
        client = world.visits(plain)
        client.says(request())
        client.hears(DENIED)
        world.doors.follow(follow())
        assert DENIED == world.ask_by_tls(secure, AUTHORITY)
        visitor.says(request("GET /a"))
        visitor.hears(replied("308 Permanent Redirect", "Location: https://shop.example:8443/a"))


def test_a_certificate_that_does_not_load_is_told(tmp_path: Path) -> None:
    """At start nothing is opened; at a reload the one before it serves on."""
    with World(tmp_path) as world:
        with pytest.raises(OperatorFault):
            world.opens(Door("127.0.0.1", 443, BROKEN))
        assert 1 == len(world.loop.listeners)
        secure = world.opens(Door("127.0.0.1", 443, ONE))
        with pytest.raises(OperatorFault):
            world.doors.follow(follow(Door("127.0.0.1", 443, BROKEN)))
        assert DENIED == world.ask_by_tls(secure, AUTHORITY)


def test_a_drain_closes_all_of_them(tmp_path: Path) -> None:
    """At the same time."""
    with World(tmp_path) as world:
        world.opens(Door("127.0.0.1", 443, ONE))
        redirect = world.opens(Door("127.0.0.1", 81, https=HttpsTarget(None)))
        visitor = world.visits(redirect)
        drained = world.loop.create_task(world.doors.drain(5.0))
        world.pass_time(0.5)
        assert drained.done()
        assert not any(listener.is_open for listener in world.loop.listeners)
        assert visitor.is_gone()
