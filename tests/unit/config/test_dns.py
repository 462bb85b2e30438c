"""`gateway.dns`."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.dns import DnsConfig, DnsSettings


def read(*servers: str, **more: Any) -> DnsSettings:
    """Read what was written."""
    return DnsConfig.model_validate({"servers": servers, **more}).settings


def refused(written: dict[str, Any]) -> list[str]:
    """Return the paths that were refused."""
    with pytest.raises(ValidationError) as error:
        DnsConfig.model_validate(written)
    return list(dict.fromkeys(str(line["loc"][0]) for line in error.value.errors()))


@pytest.mark.parametrize(
    ("written", "server"),
    [
        ("10.0.0.53", "10.0.0.53:53"),
        ("127.0.0.1:5353", "127.0.0.1:5353"),
        ("2001:DB8::53", "[2001:db8::53]:53"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
    ],
)
def test_a_server_is_an_address_with_or_without_a_port(written: str, server: str) -> None:
    """In one spelling for the resolver."""
    assert DnsSettings((server,), 2.0) == read(written)


def test_servers_keep_their_order() -> None:
    """They are tried in it; the time limit is for all of them."""
    assert DnsSettings(("10.0.0.2:53", "10.0.0.1:53"), 0.5) == read("10.0.0.2", "10.0.0.1", timeout_s=0.5)


@pytest.mark.parametrize(
    "server",
    [
        "",
        "dns.example",
        "10.0.0",
        "10.0.0.53:0",
        "10.0.0.53:65536",
        "10.0.0.53:",
        "[::1",
        "[::1]x",
        "[::1]:",
        "1.1.1.1:a",
    ],
)
def test_what_is_no_server_is_refused(server: str) -> None:
    """A name would need a name server."""
    assert ["servers"] == refused({"servers": [server]})


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ({}, "servers"),
        ({"servers": []}, "servers"),
        ({"servers": ["::1"] * 9}, "servers"),
        ({"servers": ["10.0.0.1", "10.0.0.1:53"]}, "servers"),
        ({"servers": ["::1"], "timeout_s": 0}, "timeout_s"),
        ({"servers": ["::1"], "timeout_s": 31}, "timeout_s"),
        ({"servers": ["::1"], "nameservers": ["::1"]}, "nameservers"),
    ],
)
def test_every_number_has_its_bounds(written: dict[str, Any], path: str) -> None:
    """No server, too many, one twice, no time, too much of it."""
    assert [path] == refused(written)
