"""https towards services, with real gateways and real TLS servers: whole answers, or 502 and a reason in the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.stand_in import Answer, Call, serve_site
from tests.fakes.certificates import Authority, make_authority

NAME = "orders.internal"
LARGE = b"x" * 3_000_000


def answer(call: Call) -> Answer:
    """Say what came, or something large."""
    if call.path == "/large":
        return Answer(200, LARGE)
    return Answer(200, f"{call.method} {call.host} {call.path} {len(call.body)}".encode(), (("X-Seen", "1"),))


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A private authority."""
    return make_authority()


@contextmanager
def scene(folder: Path, authority: Authority, **upstream: Any) -> Iterator[tuple[RunningGateway, list[Call]]]:
    """A gateway before a service that has a certificate for `NAME`."""
    seen: list[Call] = []

    def attend(call: Call) -> Answer:
        seen.append(call)
        return answer(call)

    (folder / "ca.pem").write_text(authority.pem)
    with serve_site(authority, folder, (NAME,), attend) as port:
        written = {"scheme": "https", "nodes": {f"127.0.0.1:{port}": 1}, **upstream}
        config = {"routes": [{"id": "orders", "uri": "/*", "upstream": written}]}
        with start_gateway(config, folder) as gateway:
            yield gateway, seen


TRUSTED = {"ca_file": "ca.pem", "server_name": NAME}


def test_requests_and_answers_come_through_whole(tmp_path: Path, authority: Authority) -> None:
    """Small and large, one after the other on the same connections."""
    with scene(tmp_path, authority, tls=TRUSTED) as (gateway, seen):
        first = call(f"{gateway.url}/a?b=c", headers={"Host": "shop.example"})
        sent = call(f"{gateway.url}/upload", "POST", {"Content-Type": "application/octet-stream"}, LARGE)
        large = call(f"{gateway.url}/large")
        again = call(f"{gateway.url}/a")

    assert (200, b"GET shop.example /a 0") == (first.status, first.body)
    assert (200, f"POST 127.0.0.1 /upload {len(LARGE)}".encode()) == (sent.status, sent.body)
    assert (200, LARGE) == (large.status, large.body)
    assert 200 == again.status
    assert 4 == len(seen)


def test_the_name_may_be_that_of_the_fixed_host(tmp_path: Path, authority: Authority) -> None:
    """`pass_host: rewrite` says what the service is asked for, and what its certificate is held to."""
    fixed = {"pass_host": "rewrite", "upstream_host": NAME, "tls": {"ca_file": "ca.pem"}}
    with scene(tmp_path, authority, **fixed) as (gateway, seen):
        assert 200 == call(f"{gateway.url}/a").status
    assert [NAME] == [each.host for each in seen]


@pytest.mark.parametrize(
    "tls", [{}, {"server_name": NAME}, {"ca_file": "ca.pem"}, {"ca_file": "ca.pem", "server_name": "other.internal"}]
)
def test_a_certificate_that_is_not_good_is_502_and_nothing_is_sent(
    tmp_path: Path, authority: Authority, tls: dict[str, Any]
) -> None:
    """An unknown authority, or another name; the client is told nothing of it, the log everything."""
    with scene(tmp_path, authority, tls=tls) as (gateway, seen):
        refused = call(f"{gateway.url}/a", headers={"Authorization": "Bearer a-secret-token"})
        line = gateway.wait_for_log(lambda line: line["status"] == 502)
        output = gateway.output()

    assert 502 == refused.status
    assert b"certificate" not in refused.body.lower()
    assert "upstream_tls" in str(line)
    assert "certificate is refused" in output
    assert "a-secret-token" not in output
    assert [] == seen


def test_what_is_not_checked_is_told_at_start(tmp_path: Path, authority: Authority) -> None:
    """`verify: false` has to be typed."""
    with scene(tmp_path, authority, tls={"verify": False}) as (gateway, seen):
        assert 200 == call(f"{gateway.url}/a").status
        assert "tls.verify is off" in gateway.output()
    assert 1 == len(seen)


def test_a_source_brings_its_scheme_and_name(tmp_path: Path, authority: Authority) -> None:
    """As Higress's registries do, and certificates are checked all the same."""
    (tmp_path / "ca.pem").write_text(authority.pem)
    environment = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    with serve_site(authority, tmp_path, (NAME,), answer) as port:
        source = {"name": "orders", "type": "static", "domain": f"127.0.0.1:{port}", "protocol": "https", "sni": NAME}
        config = {
            "service_sources": [source],
            "routes": [{"uri": "/*", "upstream": {"service_name": "orders.static"}}],
        }
        with start_gateway(config, tmp_path, environment) as gateway:
            assert 200 == call(f"{gateway.url}/a").status


def test_a_service_that_speaks_plain_http_gets_no_request(tmp_path: Path) -> None:
    """Nothing that was meant for TLS goes out without it; one that never answers the handshake is out of time."""
    with RecordingUpstream() as upstream:
        written = {"scheme": "https", "nodes": {f"127.0.0.1:{upstream.port}": 1}, "timeout": {"connect": 1}}
        with start_gateway({"routes": [{"uri": "/*", "upstream": written}]}, tmp_path) as gateway:
            assert call(f"{gateway.url}/a").status in {502, 504}
    assert [] == upstream.requests
