"""A domain's policy holds however a client spells the domain: no spelling reaches the upstream without a token.

The route takes every host and asks nobody who they are: only the domain's plugin stands before the upstream. A spelling
is the domain (401), another host by every reading of RFC 9110 (200, and the upstream sees that host), or none (400).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.issuer import make_key, public_pem
from tests.hostile.trial import Door, get
from tests.hostile.wire import CUTS, Answer, Wire

GUARD = {
    "openid-connect": {
        "client_id": "api",
        "client_secret": "only-for-tests",
        "discovery": "http://127.0.0.1:9/.well-known/openid-configuration",
        "bearer_only": True,
        "public_key": public_pem(make_key()).decode("ascii"),
    }
}
GUARDED = ("guarded.example", "*.wild.example", "192.0.2.7", "[2001:db8::1]")

_THE_DOMAIN = [
    b"guarded.example", b"guarded.example:80", b"guarded.example:8080", b"guarded.example:65535", b"GUARDED.EXAMPLE",
    b"gUaRdEd.eXaMpLe", b"guarded.example.", b"GUARDED.Example.", b"guarded.example.:80", b"Guarded.Example.:4711",
    b"a.wild.example", b"A.WILD.EXAMPLE", b"a.b.c.wild.example", b"a.wild.example.", b"x.A.Wild.Example.:8443",
    b"a_b.wild.example", b"guarded.example.wild.example", b"xn--4ca.wild.example",
    b"192.0.2.7", b"192.0.2.7:8080", b"192.0.2.7.",
    b"[2001:db8::1]", b"[2001:DB8::1]", b"[2001:0db8:0:0:0:0:0:1]", b"[2001:db8:0::0:1]:8080",
]  # fmt: skip
_NO_HOST = [
    b"guarded.example..", b".guarded.example", b"guarded..example", b"guarded.example:", b"guarded.example:0",
    b"guarded.example:80:80", b"guarded.example,other.example", b"guarded.example other.example",
    b"user@guarded.example",
    b"guarded.example@other.example", b"guarded.example/", b"guarded.example#", b"guarded.example?",
    b"guarded%2eexample", b"guarded\xe3\x80\x82example", b"gu\xc3\xa4rded.example", b"guarded.example\x00",
    b"http://guarded.example", b"*.wild.example", b".wild.example", b"[::ffff:192.0.2.7", b"[2001:db8::1%25eth0]",
]  # fmt: skip
_ANOTHER_HOST = [b"notguarded.example", b"guarded.example.org", b"wild.example", b"notwild.example", b"localhost"]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One open route for every host; domains with a policy of their own."""
    with RecordingUpstream() as upstream:
        config: dict[str, Any] = {
            "routes": [{"id": "all", "uri": "/*", "upstream": {"nodes": {upstream.address: 1}}}],
            "domains": [{"hosts": list(GUARDED), "plugins": GUARD}],
        }
        with start_gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
            yield Door(gateway, upstream)


def ask(door: Door, sent: bytes, cut: str = "whole") -> Answer:
    """Send one request, and return its answer."""
    door.upstream.clear()
    with Wire(door.gateway.port) as wire:
        wire.send(CUTS[cut](sent))
        return wire.read_answer()


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("host", _THE_DOMAIN, ids=repr)
def test_every_spelling_of_the_domain_meets_its_policy(door: Door, host: bytes, cut: str) -> None:
    """In the Host header: 401, and the upstream hears nothing."""
    assert 401 == ask(door, get(host=b"Host: " + host), cut).status
    assert [] == door.upstream.requests


@pytest.mark.parametrize("host", _THE_DOMAIN, ids=repr)
def test_an_absolute_target_is_a_spelling_too(door: Door, host: bytes) -> None:
    """RFC 9112 §3.2.2: the target's authority counts, and a Host beside it has to say the same."""
    target = b"http://" + host + b"/v"

    assert 401 == ask(door, get(host=b"Host: " + host, target=target)).status
    assert 400 == ask(door, get(host=b"Host: open.example", target=target)).status
    assert 400 == ask(door, get(host=b"Host: " + host, target=b"http://open.example/v")).status
    assert [] == door.upstream.requests


@pytest.mark.parametrize("host", _NO_HOST, ids=repr)
def test_what_is_no_host_is_refused_before_any_policy(door: Door, host: bytes) -> None:
    """400: a host that needs repairing is not repaired into another one."""
    assert 400 == ask(door, get(host=b"Host: " + host)).status
    assert [] == door.upstream.requests


@pytest.mark.parametrize("host", _ANOTHER_HOST, ids=repr)
def test_another_host_is_another_host(door: Door, host: bytes) -> None:
    """The policy is the domain's alone; the upstream sees which host was meant."""
    assert 200 == ask(door, get(host=b"Host: " + host)).status
    (seen,) = door.upstream.requests
    assert host.decode("ascii") == seen.value("host")


@pytest.mark.parametrize(
    "line",
    [
        b"X-Forwarded-Host: open.example", b"X-Forwarded-Host:open.example, guarded.example", b"X-Host: open.example",
        b"Forwarded: host=open.example", b"X-Original-Host: open.example", b"X-HTTP-Host-Override: open.example",
        b"X-Original-URL: http://open.example/v", b":authority: open.example",
    ],
    ids=repr,
)  # fmt: skip
def test_no_other_header_names_the_host(door: Door, line: bytes) -> None:
    """From a peer that nobody trusts; a header name that is none is refused."""
    assert ask(door, get(line)).status in {200, 400}
    assert ask(door, get(line, host=b"Host: guarded.example")).status in {400, 401}
    assert [] == door.upstream.requests


def test_one_connection_carries_requests_for_different_hosts(door: Door) -> None:
    """Each is judged by its own host, also when they come in one piece: nothing is remembered for the next."""
    door.upstream.clear()
    hosts = [
        b"open.example",
        b"guarded.example",
        b"other.example",
        b"GUARDED.example.",
        b"open.example",
        b"a.wild.example",
    ]
    with Wire(door.gateway.port) as wire:
        wire.send([b"".join(get(host=b"Host: " + host) for host in hosts)])
        answers = [wire.read_answer() for _ in hosts]

    assert [200, 401, 200, 401, 200, 401] == [answer.status for answer in answers]
    assert ["open.example", "other.example", "open.example"] == [seen.value("host") for seen in door.upstream.requests]


def test_a_trusted_proxys_word_for_the_host_is_the_host_that_policies_see(tmp_path: Path) -> None:
    """X-Forwarded-Host of a trusted peer: the guarded domain by whichever of the two names."""
    with RecordingUpstream() as upstream:
        config: dict[str, Any] = {
            "gateway": {"trusted_proxies": ["127.0.0.1"]},
            "routes": [{"id": "all", "uri": "/*", "upstream": {"nodes": {upstream.address: 1}}}],
            "domains": [{"hosts": list(GUARDED), "plugins": GUARD}],
        }
        with start_gateway(config, tmp_path) as gateway:
            door = Door(gateway, upstream)
            for said in (b"guarded.example", b"GUARDED.example.:443", b"a.wild.example:8080"):
                line = b"X-Forwarded-Host: " + said
                assert 401 == ask(door, get(line, host=b"Host: inside.example")).status, said
                assert [] == upstream.requests
