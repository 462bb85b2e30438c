"""One person (or program) in front of the real plugin, with a provider behind it; every step is a plain call.

    stage = Stage(scope="openid email")
    stage.ask()["scope"]              # what the provider was asked for
    stage.sign_in()
    stage.told()["x-access-token"]    # what the upstream is told

No test of its own.
"""

import asyncio
from base64 import b64decode
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ostiary.errors import Fault
from ostiary.gateway.faults import build_fault_reply
from ostiary.http.navigation import accepts_html
from ostiary.http.outbound import OutboundRequest
from ostiary.plugin import Admit, Pass, Place, Reply
from ostiary.plugins.openid_connect import plugin_type
from ostiary.providers.directory import ProviderDirectory
from tests.fakes.http_client import answer_json
from tests.fakes.issuer import CLIENT_ID, DISCOVERY, INTROSPECTION
from tests.fakes.sign_in import (
    CLIENT_SECRET,
    PAGE_HEADERS,
    SECRET,
    TOKEN_ENDPOINT,
    SignInWorld,
    Visitor,
    location_of,
)

ORIGIN = "http://localhost:9080"
PAGE = f"{ORIGIN}/anything/test?x=1"
CALLBACK = f"{ORIGIN}/anything/callback"
OWN_LINK = {**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"}
Settled = Reply | Admit | Pass
Found = TypeVar("Found")


class Stage:
    """A world, the plugin on a route, and a visitor. None leaves an attribute out."""

    place = Place(id="r1", uris=("/anything/*",))

    def __init__(self, world: Any = None, **attributes: Any) -> None:
        """Build the plugin; `attributes` stand beside, or in place of, a client with a session."""
        self.world: SignInWorld = world or SignInWorld()
        self.active: dict[str, Any] = {}
        self.world.http.answers[INTROSPECTION] = lambda request: answer_json(self.active or {"active": False})
        self._attributes = attributes
        self.visitor = Visitor(self.world, self.build(**attributes))

    def build(self, **attributes: Any) -> Any:
        """Build another instance in the same world."""
        written = {
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "discovery": DISCOVERY, "redirect_uri": CALLBACK,
            "session": {"secret": SECRET}, **attributes,
        }  # fmt: skip
        config = plugin_type.config.model_validate({key: value for key, value in written.items() if value is not None})
        return plugin_type.build(config, self.world.services(self.place))

    def open(self, url: str = PAGE, **sent: Any) -> Settled:
        """Send a request (a navigation unless `headers` say otherwise); a fault becomes the gateway's answer."""
        return settle(self.wait(url, **sent))

    async def wait(self, url: str = PAGE, **sent: Any) -> Settled:
        """Do the same on a loop that runs already."""
        request = self.visitor.request(url, **sent)
        try:
            return await self.visitor.send(request, url)
        except Fault as fault:
            self.world.log.event("warning", fault.code, fault.detail or fault.code, reference=request.id)
            return build_fault_reply(fault, reference=request.id, accepts_html=accepts_html(request))

    def refuse(self, url: str = PAGE, **sent: Any) -> Reply:
        """Send a request that is not let through."""
        settled = self.open(url, **sent)
        assert isinstance(settled, Reply)
        return settled

    def ask(self) -> dict[str, str]:
        """Start a sign-in; return what the provider was asked for."""
        return dict(parse_qsl(urlsplit(location_of(self.open())).query))

    def come_back(self) -> str:
        """Start a sign-in; return the address that the provider sends the person back to."""
        return self.world.authorize(location_of(self.open()))

    def sign_in(self) -> Reply:
        """Go all the way; return the answer to the callback."""
        return self.refuse(self.come_back())

    def told(self, settled: Settled | None = None) -> dict[str, str]:
        """What the upstream is told with a request that is let through, by lower-case name."""
        admit = self.open() if settled is None else settled
        assert isinstance(admit, Admit), getattr(admit, "reason", admit)
        if admit.edits is None:
            return {}
        lines = admit.edits.block.decode("latin-1").splitlines()
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    def show(self, token: str, **headers: str) -> Settled:
        """Send a program's request with a bearer token."""
        return self.open(headers={"Accept": "*/*", "Authorization": f"Bearer {token}", **headers})

    def forget_provider(self) -> None:
        """Take the provider down, and build the plugin again as after a restart: nothing is in memory."""
        self.world.take_down()
        self.world.providers = ProviderDirectory(
            http=self.world.http, clock=self.world.clock, spawner=self.world.spawner, log=self.world.log
        )
        self.visitor.plugin = self.build(**self._attributes)

    def status(self, settled: Settled) -> int:
        """The status of an answer; 200 for a request that is let through."""
        return settled.status if isinstance(settled, Reply) else 200

    def calls(self, url: str) -> list[OutboundRequest]:
        """The calls to an address of the provider, in order."""
        return [call for call in self.world.http.calls if call.url == url]

    def forms(self, url: str = TOKEN_ENDPOINT) -> list[dict[str, str]]:
        """What was posted to an address of the provider, in order."""
        return [dict(parse_qsl(call.body.decode())) for call in self.calls(url)]

    def open_and_finish(self, url: str = PAGE, **sent: Any) -> Settled:
        """Send a request, and wait for what was begun beside it."""

        async def conversation() -> Settled:
            settled = await self.wait(url, **sent)
            await self.world.spawner.settle()
            return settled

        return settle(conversation())

    def refreshes(self) -> int:
        """How many refreshes there were."""
        return sum(form["grant_type"] == "refresh_token" for form in self.forms())


def settle(conversation: Coroutine[Any, Any, Found]) -> Found:
    """Hold a conversation on a loop of its own."""
    return asyncio.run(conversation)


def read_header(value: str) -> Mapping[str, Any]:
    """Read a header that is base64 of JSON."""
    read: dict[str, Any] = msgspec.json.decode(b64decode(value))
    return read
