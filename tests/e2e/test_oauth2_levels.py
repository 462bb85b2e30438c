"""`oauth2` at the levels of the document: one list of consumers, and rules of routes and domains that restrict it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostiary.identity.jose import parse_compact_token
from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.machine_tokens import CLIENT_ID, NAME, OTHER_ID, OTHER_NAME, OTHER_SECRET, SECRET

CONSUMERS = [
    {"name": NAME, "client_id": CLIENT_ID, "client_secret": SECRET},
    {"name": OTHER_NAME, "client_id": OTHER_ID, "client_secret": OTHER_SECRET},
]
CREDENTIALS = {NAME: (CLIENT_ID, SECRET), OTHER_NAME: (OTHER_ID, OTHER_SECRET)}
OWN = {"consumers": [{"name": "own", "client_id": "own-id", "client_secret": "a-secret-of-this-routes-own-rule-1"}]}


class Site:
    """A gateway, asked by host and path."""

    def __init__(self, gateway: RunningGateway) -> None:
        """Hold it."""
        self.gateway = gateway

    def get(self, address: str, token: str | None = None) -> Response:
        """Get `host/path`, with a token or without."""
        host, _, path = address.partition("/")
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return call(f"{self.gateway.url}/{path}", headers={"Host": host, **bearer})

    def ask(self, address: str, credentials: tuple[str, str]) -> Response:
        """Ask for a token at `host/path`, as the document recommends."""
        client_id, secret = credentials
        query = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}"
        return self.get(f"{address}?{query}")

    def token(self, consumer: str, address: str = "nowhere.example/oauth2/token") -> str:
        """Return a token of a consumer; by default where no route is matched."""
        answer = self.ask(address, CREDENTIALS[consumer])
        assert answer.status == 200, answer
        token: str = answer.json()["access_token"]
        return token


def configure(upstream: RecordingUpstream, instance: dict[str, Any]) -> dict[str, Any]:
    """Return the document's global configuration with its routes and domains, and an open route besides."""

    def route(name: str, uri: str, rule: dict[str, Any] | None, **others: Any) -> dict[str, Any]:
        plugins = {} if rule is None else {"oauth2": rule}
        return {"id": name, "uri": uri, "plugins": plugins, "upstream": {"nodes": {upstream.address: 1}}, **others}

    return {
        "instance": {"plugins": {"oauth2": {"consumers": CONSUMERS, **instance}}},
        "domains": [{"hosts": ["*.example.com", "test.com"], "plugins": {"oauth2": {"allow": [OTHER_NAME]}}}],
        "routes": [
            route("route-a", "/a/*", {"allow": [NAME]}),
            route("route-b", "/b/*", {"allow": [NAME]}),
            route("nobody", "/nobody/*", {"allow": []}),
            route("own", "/own/*", OWN),
            route("open", "/open/*", None),
        ],
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The document's configuration: `global_auth: false`."""
    with (
        RecordingUpstream() as upstream,
        start_gateway(configure(upstream, {"global_auth": False}), tmp_path_factory.mktemp("levels")) as gateway,
    ):
        yield Site(gateway)


@pytest.mark.parametrize(
    ("address", "statuses"),
    [
        ("any.host/a/x", (401, 200, 403)),
        ("any.host/b/x", (401, 200, 403)),
        ("www.example.com/open/x", (401, 403, 200)),
        ("test.com/open/x", (401, 403, 200)),
        ("test.com/a/x", (401, 200, 403)),
        ("example.com/open/x", (200, 200, 200)),
        ("any.host/open/x", (200, 200, 200)),
        ("any.host/nobody/x", (401, 403, 403)),
        ("any.host/own/x", (401, 401, 401)),
        ("any.host/nowhere", (404, 404, 404)),
        ("test.com/nowhere", (401, 403, 404)),
    ],
)
def test_each_address_is_opened_by_whom_its_rule_names(site: Site, address: str, statuses: tuple[int, ...]) -> None:
    """Nobody, consumer1 and consumer2, in this order; a route's rule goes before its domain's."""
    tokens = [None, site.token(NAME), site.token(OTHER_NAME)]

    assert statuses == tuple(site.get(address, token).status for token in tokens)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("nowhere.example/oauth2/token", 200),
        ("nowhere.example/any/path/oauth2/token", 200),
        ("test.com/oauth2/token", 200),
        ("www.example.com/open/oauth2/token", 200),
        ("any.host/a/oauth2/token", 200),
        ("any.host/nobody/oauth2/token", 200),
        ("any.host/own/oauth2/token", 401),
    ],
)
def test_tokens_are_had_wherever_a_rule_is_in_force_and_where_no_route_is(
    site: Site, address: str, status: int
) -> None:
    """`allow` is not asked there; a route with its own consumers knows those alone."""
    answer = site.ask(address, CREDENTIALS[NAME])

    assert status == answer.status
    if status == 200:
        assert "default" == parse_compact_token(answer.json()["access_token"].encode()).claims["aud"]


def test_an_open_route_forwards_the_token_path_like_any_other(site: Site) -> None:
    """Nothing of the plugin is in force there."""
    assert {"method", "target"} <= set(site.get("any.host/open/oauth2/token").json())


def test_a_rule_with_its_own_consumers_is_in_force_whatever_the_instance_says(site: Site) -> None:
    """And its tokens open it alone."""
    token = site.ask("any.host/own/oauth2/token", ("own-id", "a-secret-of-this-routes-own-rule-1")).json()[
        "access_token"
    ]

    assert "own" == parse_compact_token(token.encode()).claims["aud"]
    assert (200, 401) == (site.get("any.host/own/x", token).status, site.get("any.host/a/x", token).status)


@pytest.mark.parametrize(("instance", "is_open"), [({"global_auth": True}, False), ({}, True)])
def test_global_auth_decides_where_no_finer_rule_is(tmp_path: Path, instance: dict[str, Any], is_open: bool) -> None:
    """True: a token of anybody known; not written: open, because finer rules exist."""
    with RecordingUpstream() as upstream, start_gateway(configure(upstream, instance), tmp_path) as gateway:
        site = Site(gateway)
        statuses = [site.get("any.host/open/x", token).status for token in (None, site.token(OTHER_NAME))]

        assert [200 if is_open else 401, 200] == statuses


def test_an_instance_without_finer_rules_is_in_force_everywhere(tmp_path: Path) -> None:
    """As long as nobody says `global_auth: false`; what no route takes is 401 before it is 404."""
    with RecordingUpstream() as upstream:
        config = configure(upstream, {})
        config["domains"] = []
        config["routes"] = [config["routes"][-1]]
        with start_gateway(config, tmp_path) as gateway:
            site = Site(gateway)
            token = site.token(NAME, "any.host/open/oauth2/token")

            assert (401, 200) == (site.get("h/open/x").status, site.get("h/open/x", token).status)
            assert (401, 404) == (site.get("h/nowhere").status, site.get("h/nowhere", token).status)


def test_a_removed_consumer_and_a_changed_secret_end_their_tokens_with_the_reload(tmp_path: Path) -> None:
    """Whatever was remembered; the others' tokens go on."""
    with RecordingUpstream() as upstream:
        config = configure(upstream, {"global_auth": True})
        config["routes"] = [config["routes"][-1]]
        config["domains"] = []
        with start_gateway(config, tmp_path) as gateway:
            site = Site(gateway)
            tokens = [site.token(name, "h/oauth2/token") for name in (NAME, OTHER_NAME)]
            assert [200, 200] == [site.get("h/open/x", token).status for token in tokens]

            config["instance"]["plugins"]["oauth2"]["consumers"] = [CONSUMERS[1]]
            reload(gateway, tmp_path, config, times=1)
            assert [401, 200] == [site.get("h/open/x", token).status for token in tokens]

            changed = CONSUMERS[1] | {"client_secret": "another-secret-of-more-than-32-bytes"}
            config["instance"]["plugins"]["oauth2"]["consumers"] = [changed]
            reload(gateway, tmp_path, config, times=2)
            assert [401, 401] == [site.get("h/open/x", token).status for token in tokens]


def reload(gateway: RunningGateway, folder: Path, config: dict[str, Any], times: int) -> None:
    """Change the file and have it read again; `times` counts how often that was done by now."""
    file = folder / "ostiary.yaml"
    written = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump(written | {key: config[key] for key in ("instance", "routes")}), "utf-8")
    os.kill(gateway.pid, signal.SIGHUP)
    deadline = time.monotonic() + 15
    while gateway.output().count('"code":"reloaded"') < times:
        assert time.monotonic() < deadline, gateway.output()[-2000:]
        time.sleep(0.05)
