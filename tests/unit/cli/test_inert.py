"""Services that do nothing: a check starts nothing, sends nothing and keeps nothing."""

import asyncio

import pytest

from ostiary.cli.inert import make_inert_services
from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest
from ostiary.plugin import Place
from ostiary.ports import Clock, HttpClient, Log, Random, Spawner


def test_they_are_whole_and_know_the_place() -> None:
    """A plugin finds everything it may use."""
    place = Place(id="a")
    services = make_inert_services(place, "https://g", lambda host, path, fingerprint: host == "h")
    ports: tuple[Clock, Random, HttpClient, Spawner, Log] = (
        services.clock,
        services.random,
        services.http,
        services.spawner,
        services.log,
    )

    assert None not in ports
    assert (services.place, services.public_url) == (place, "https://g")
    assert services.reaches("h", "/", "f")
    assert len(services.random.token_bytes(8)) == 8
    assert services.clock.now() > 1_700_000_000
    assert len(services.generated_secret()) >= 32


def test_they_do_nothing() -> None:
    """No call goes out, no task starts, no line is written."""
    services = make_inert_services(Place(id="a"), None, lambda *_: False)

    async def work() -> None:
        raise AssertionError("was started")

    services.spawner.spawn("work", work())
    services.log.event("error", "code", "message", field=1)
    with pytest.raises(ProviderFault, match="provider_unreachable"):
        asyncio.run(services.http.send(OutboundRequest(method="GET", url="https://id.example.com/")))
