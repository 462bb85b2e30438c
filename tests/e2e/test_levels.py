"""Plugins of the whole gateway, of domains and of services, met by real requests: which one answers, and where.

Each level's plugin answers with a realm of its own, so that an answer tells whose it is.
"""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.processes import POLL_S
from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.fakes.issuer import access_claims, discovery_document, make_key, public_pem, sign

LIMIT_S = 15.0


def document(upstream: RecordingUpstream, provider: RecordingUpstream) -> dict[str, Any]:
    """Every level at once."""
    node = {"nodes": {upstream.address: 1}}

    def guard(realm: str) -> dict[str, Any]:
        """Bearer tokens only, and a realm that tells which configuration it is."""
        return guard_with(provider, realm)

    return {
        "instance": {"plugins": guard("instance")},
        "domains": [
            {"hosts": ["*.example.com"], "plugins": guard("wide")},
            {"hosts": ["*.shop.example.com", "www.example.com"], "plugins": guard("near")},
            {"hosts": ["empty.example"], "plugins": {}},
        ],
        "service_sources": [{"name": "echo", "type": "static", "domain": upstream.address}],
        "services": [
            {"id": "books", "hosts": ["books.example.com"], "plugins": guard("service"), "upstream": node},
            {"id": "plain", "upstream": {"service_name": "echo.static"}},
        ],
        "routes": [
            {"id": "all", "uri": "/all/*", "upstream": node},
            {"id": "own", "uri": "/own/*", "plugins": guard("own"), "upstream": node},
            {"id": "shelf", "uri": "/shelf/*", "service_id": "books"},
            {"id": "desk", "uri": "/desk/*", "service_id": "books", "plugins": guard("desk")},
            {"id": "elsewhere", "uri": "/elsewhere/*", "host": "other.example", "service_id": "books"},
            {"id": "plain", "uri": "/plain/*", "service_id": "plain"},
        ],
    }


@pytest.fixture(scope="module")
def upstream() -> Iterator[RecordingUpstream]:
    """An upstream that echoes."""
    with RecordingUpstream() as made:
        yield made


@pytest.fixture(scope="module")
def provider() -> Iterator[RecordingUpstream]:
    """A provider that says what it is, and no more: the key stands in the configuration."""

    def answer(_: object) -> Answer:
        document = discovery_document(issuer=f"http://{made.address}")
        return Answer(build_response(200, json.dumps(document).encode(), [("Content-Type", "application/json")]))

    with RecordingUpstream(answer) as made:
        yield made


@pytest.fixture(scope="module")
def token(provider: RecordingUpstream) -> str:
    """Return an access token that every level admits."""
    return sign(access_claims(time.time(), iss=f"http://{provider.address}"))


@pytest.fixture(scope="module")
def gateway(
    upstream: RecordingUpstream, provider: RecordingUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """One gateway for the module."""
    with start_gateway(document(upstream, provider), tmp_path_factory.mktemp("levels")) as made:
        yield made


def guard_with(provider: RecordingUpstream, realm: str) -> dict[str, Any]:
    """Return a plugin for bearer tokens only, whose realm tells which configuration it is."""
    return {
        "openid-connect": {
            "client_id": "api",
            "client_secret": "only-for-tests",
            "discovery": f"http://{provider.address}/.well-known/openid-configuration",
            "bearer_only": True,
            "public_key": public_pem(make_key()).decode("ascii"),
            "realm": realm,
        }
    }


def get(gateway: RunningGateway, address: str, token: str | None = None) -> Response:
    """GET `host/path`."""
    host, slash, path = address.partition("/")
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return call(f"{gateway.url}{slash}{path}", headers={"Host": host, **bearer})


def realm_of(answer: Response) -> str:
    """Return whose 401 this is; of any other answer the status."""
    found = re.search(r'realm="([a-z]+)"', answer.header("www-authenticate") or "")
    return found[1] if answer.status == 401 and found else str(answer.status)


@pytest.mark.parametrize(
    ("address", "realm"),
    [
        ("any.test/all/1", "instance"),
        ("example.com/all/1", "instance"),
        ("empty.example/all/1", "instance"),
        ("a.example.com/all/1", "wide"),
        ("shop.example.com/all/1", "wide"),
        ("a.shop.example.com/all/1", "near"),
        ("a.b.shop.example.com/all/1", "near"),
        ("www.example.com/all/1", "near"),
        ("A.Shop.Example.COM.:8080/all/1", "near"),
        ("any.test/own/1", "own"),
        ("a.shop.example.com/own/1", "own"),
        ("books.example.com/shelf/1", "service"),
        ("books.example.com/desk/1", "desk"),
        ("other.example/elsewhere/1", "service"),
        ("any.test/plain/1", "instance"),
        ("a.example.com/plain/1", "wide"),
    ],
)
def test_the_finest_level_answers(gateway: RunningGateway, address: str, realm: str) -> None:
    """Route before service before domain (names before wildcards, the longest first) before instance."""
    assert realm == realm_of(get(gateway, address))


@pytest.mark.parametrize(
    ("address", "realm"),
    [
        ("any.test/", "instance"),
        ("a.example.com/none", "wide"),
        ("a.shop.example.com/none", "near"),
        ("any.test/shelf/1", "instance"),
        ("books.example.com/none", "wide"),
    ],
)
def test_where_no_route_matches_the_wider_levels_decide(
    gateway: RunningGateway, token: str, address: str, realm: str
) -> None:
    """Who may not come in is not told what there is; who may is told that there is nothing."""
    assert realm == realm_of(get(gateway, address))
    assert 404 == get(gateway, address, token).status


def test_a_token_opens_what_the_levels_guard(gateway: RunningGateway, upstream: RecordingUpstream, token: str) -> None:
    """Through a service's upstream, and through one that a service source names."""
    upstream.clear()

    for address in ("any.test/all/1", "a.example.com/own/1", "books.example.com/shelf/1", "any.test/plain/1"):
        assert 200 == get(gateway, address, token).status
    assert ["/all/1", "/own/1", "/shelf/1", "/plain/1"] == [request.target for request in upstream.requests]


def test_the_access_log_names_the_route_or_none(gateway: RunningGateway) -> None:
    """Variants of a route by host are the route."""
    get(gateway, "a.shop.example.com/all/logged")
    get(gateway, "a.shop.example.com/nowhere-logged")

    assert "all" == gateway.wait_for_log(lambda line: line.get("path") == "/all/logged")["route"]
    assert "" == gateway.wait_for_log(lambda line: line.get("path") == "/nowhere-logged").get("route", "")


def test_without_wider_levels_nothing_is_where_no_route_is(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """404 for everybody, as ever."""
    config = {"routes": [{"id": "a", "uri": "/a", "upstream": {"nodes": {upstream.address: 1}}}]}
    with start_gateway(config, tmp_path) as gateway:
        assert (200, 404) == (get(gateway, "any.test/a").status, get(gateway, "any.test/b").status)


def test_a_reload_changes_the_levels_and_a_mistake_changes_nothing(
    upstream: RecordingUpstream, provider: RecordingUpstream, tmp_path: Path
) -> None:
    """A domain's policy appears, changes and goes; one for an unknown service is refused as a whole."""
    config = document(upstream, provider)
    with start_gateway(config, tmp_path) as gateway:
        domain = {"hosts": ["new.test"], "plugins": guard_with(provider, "new")}
        reload(gateway, tmp_path, {**config, "domains": [*config["domains"], domain]})
        assert "new" == wait_for_realm(gateway, "new.test/all/1", "new")
        assert "near" == realm_of(get(gateway, "www.example.com/all/1"))

        mistaken = {"id": "x", "uri": "/x", "service_id": "boks"}
        reload(gateway, tmp_path, {**config, "routes": [*config["routes"], mistaken]})
        wait_for_message(gateway, "reload_refused")
        assert "new" == realm_of(get(gateway, "new.test/all/1"))

        reload(gateway, tmp_path, config)
        assert "instance" == wait_for_realm(gateway, "new.test/all/1", "instance")


def reload(gateway: RunningGateway, folder: Path, config: dict[str, Any]) -> None:
    """Write the file anew and have it read."""
    written = {"gateway": {"listen": [{"host": "127.0.0.1", "port": 0}]}, **config}
    (folder / "ostiary.yaml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    os.kill(gateway.pid, signal.SIGHUP)


def wait_for_realm(gateway: RunningGateway, address: str, realm: str) -> str:
    """Ask until that realm answers; return the last one that did."""
    deadline = time.monotonic() + LIMIT_S
    while (met := realm_of(get(gateway, address))) != realm and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return met


def wait_for_message(gateway: RunningGateway, code: str) -> None:
    """Return when the log has it. Raises AssertionError when time is up."""
    deadline = time.monotonic() + LIMIT_S
    while code not in gateway.output():
        assert time.monotonic() < deadline, gateway.output()[-2000:]
        time.sleep(POLL_S)
