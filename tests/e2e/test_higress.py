"""Higress's notation with real processes: `run`, `check`, `explain` and `import` of the same folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway, start_higress
from tests.e2e.counterparts.recording_upstream import RecordingUpstream

# The resources of the guide, with the service sources that they need here.
RESOURCES = """\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {name: machine-tokens, namespace: higress-system}
spec:
  url: oci://registry.example.com/plugins/oauth:1.0.0
  phase: AUTHN
  priority: 350
  failStrategy: FAIL_CLOSE
  defaultConfig:
    global_auth: false
    token_ttl: 3600
    consumers:
      - {name: billing, client_id: billing-id, client_secret: $ENV://BILLING_SECRET}
      - {name: reports, client_id: reports-id, client_secret: change-me-2}
  matchRules:
    - ingress: [shop/orders-route, ledger-route]
      config: {allow: [billing]}
    - domain: ["*.reports.example.com", reports.example.com]
      config: {allow: [reports]}
    - ingress: [partner-a, partner-b]
      config:
        global_credentials: false
        auth_path: /token
        consumers: [{name: a, client_id: ida, client_secret: sa}]
    - ingress: [shop/public-route]
      configDisable: true
---
apiVersion: networking.higress.io/v1
kind: McpBridge
metadata: {name: default, namespace: higress-system}
spec:
  registries:
    - {name: apps, type: static, domain: "UPSTREAM", port: 80}
    - {name: orders.shop, type: static, domain: "UPSTREAM", port: 80}
"""
INGRESSES = [
    ("shop", "orders-route", "shop.example.com", "/orders", {}),
    ("shop", "public-route", "shop.example.com", "/", {}),
    ("higress-system", "ledger-route", "ledger.example.com", "/Ledger", {"higress.io/ignore-path-case": "true"}),
    ("higress-system", "reports-route", "*.reports.example.com", "/", {}),
    ("higress-system", "partner-a", "partner.example.com", "/a", {}),
    ("higress-system", "partner-b", "partner.example.com", "/b", {}),
]
ENVIRONMENT = {"BILLING_SECRET": "a-secret-of-billing-with-32-bytes"}
BILLING = f"grant_type=client_credentials&client_id=billing-id&client_secret={ENVIRONMENT['BILLING_SECRET']}"
REPORTS = "grant_type=client_credentials&client_id=reports-id&client_secret=change-me-2"
PARTNER = "grant_type=client_credentials&client_id=ida&client_secret=sa"


def write_ingresses() -> str:
    """One that goes to a service of the cluster, and some to the McpBridge."""
    resource = {"resource": {"apiGroup": "networking.higress.io", "kind": "McpBridge", "name": "default"}}
    service = {"service": {"name": "orders", "port": {"number": 80}}}
    objects = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": name,
                "namespace": space,
                "annotations": {"higress.io/destination": "apps.static", **more},
            },
            "spec": {
                "ingressClassName": "higress",
                "rules": [
                    {
                        "host": host,
                        "http": {
                            "paths": [
                                {
                                    "path": path,
                                    "pathType": "Prefix",
                                    "backend": service if space == "shop" else resource,
                                }
                            ]
                        },
                    }
                ],
            },
        }
        for space, name, host, path, more in INGRESSES
    ]
    return yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": objects}, sort_keys=False)


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ostiary", *arguments],
        env={**os.environ, **ENVIRONMENT, "NO_COLOR": "1", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def upstream() -> Iterator[RecordingUpstream]:
    """What is behind all routes."""
    with RecordingUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, upstream: RecordingUpstream) -> Path:
    """The resources, in two files."""
    path = tmp_path_factory.mktemp("higress")
    (path / "plugins.yaml").write_text(RESOURCES.replace("UPSTREAM", upstream.address))
    (path / "routes").mkdir()
    (path / "routes" / "all.yml").write_text(write_ingresses())
    return path


@pytest.fixture(scope="module", params=["folder", "imported"])
def gateway(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """The folder as it is, and what `ostiary import` makes of it."""
    place = tmp_path_factory.mktemp("gateway")
    if request.param == "folder":
        with start_higress(folder, place, ENVIRONMENT) as running:
            yield running
        return
    printed = run_command("import", "higress", str(folder))
    assert printed.returncode == 0, printed.stderr
    assert ENVIRONMENT["BILLING_SECRET"] not in printed.stdout
    with start_gateway(yaml.safe_load(printed.stdout), place, ENVIRONMENT) as running:
        yield running


def ask(gateway: RunningGateway, host: str, path: str, token: str | None = None) -> Response:
    """Call a path on a host."""
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return call(gateway.url + path, "GET", {"Host": host, **bearer})


def read_token(answer: Response) -> str:
    """Return the token of an answer that has one."""
    assert answer.status == 200, answer
    token: str = answer.json()["access_token"]
    return token


def test_a_rule_for_routes_restricts_who_may_enter(gateway: RunningGateway) -> None:
    """Nobody, the wrong one, the right one; the tokens come from the rule's own routes."""
    host = "shop.example.com"
    billing = read_token(ask(gateway, host, f"/orders/oauth2/token?{BILLING}"))
    reports = read_token(ask(gateway, host, f"/orders/oauth2/token?{REPORTS}"))

    assert [401, 403, 200] == [ask(gateway, host, "/orders/7", token).status for token in (None, reports, billing)]
    assert [401, 200] == [ask(gateway, "ledger.example.com", "/ledger", token).status for token in (None, billing)]


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("SHOP.example.com", "/orders", 401),
        ("shop.example.com.", "/orders", 401),
        ("shop.example.com:8443", "/orders", 401),
        ("shop.example.com", "/orders/", 401),
        ("shop.example.com", "/%6Frders", 401),
        ("shop.example.com", "/ordersX", 200),
        ("ledger.example.com", "/LEDGER", 401),
        ("ledger.example.com", "/lEdGeR/x", 401),
        ("X.Reports.Example.COM", "/", 401),
        ("x.reports.example.com.:9", "/", 401),
    ],
)
def test_no_spelling_dodges_a_rule(gateway: RunningGateway, host: str, path: str, status: int) -> None:
    """Of a host or of a path; `/ordersX` is another path."""
    assert status == ask(gateway, host, path).status


def test_a_rule_for_domains_counts_on_its_hosts(gateway: RunningGateway) -> None:
    """Whichever route it is."""
    reports = read_token(ask(gateway, "x.reports.example.com", f"/oauth2/token?{REPORTS}"))
    billing = read_token(ask(gateway, "x.reports.example.com", f"/oauth2/token?{BILLING}"))

    assert [200, 403] == [ask(gateway, "y.reports.example.com", "/", token).status for token in (reports, billing)]


def test_a_disabled_rule_is_as_if_it_were_not_there(gateway: RunningGateway) -> None:
    """The instance enforces nothing."""
    assert 200 == ask(gateway, "shop.example.com", "/open").status


def test_a_token_of_one_route_does_not_open_another(gateway: RunningGateway) -> None:
    """With a rule for both that binds tokens to routes."""
    host = "partner.example.com"
    token = read_token(ask(gateway, host, f"/a/token?{PARTNER}"))

    assert [200, 403] == [ask(gateway, host, path, token).status for path in ("/a", "/b")]


def test_where_no_ingress_fits_nothing_is_found(gateway: RunningGateway) -> None:
    """Also on a host that has some."""
    assert [404, 404] == [ask(gateway, host, "/c").status for host in ("partner.example.com", "nobody.example.com")]


def test_check_and_explain_take_the_folder(folder: Path) -> None:
    """The rule that won is named with its file and line."""
    checked = run_command("check", "--higress", str(folder))
    explained = run_command("explain", "GET", "http://shop.example.com/orders/7", "--higress", str(folder))

    assert (0, "") == (checked.returncode, checked.stderr)
    assert "shop.orders-route" in checked.stdout
    assert 0 == explained.returncode, explained.stderr
    assert "WasmPlugin/machine-tokens.spec.matchRules[0].config, plugins.yaml line 17" in explained.stdout


def test_a_mistake_closes_its_routes_until_it_is_mended(tmp_path: Path, upstream: RecordingUpstream) -> None:
    """The gateway starts, says what is wrong, and serves the rest; SIGHUP reads the folder again."""
    folder = tmp_path / "folder"
    folder.mkdir()
    resources = RESOURCES.replace("UPSTREAM", upstream.address)
    (folder / "plugins.yaml").write_text(resources.replace("client_secret: sa", "client_sekret: sa"))
    (folder / "routes.yaml").write_text(write_ingresses())

    checked = run_command("check", "--higress", str(folder))
    assert 1 == checked.returncode
    line = resources.splitlines().index("        consumers: [{name: a, client_id: ida, client_secret: sa}]") + 1
    assert f"plugins.yaml:{line}: WasmPlugin/machine-tokens.spec.matchRules[2].config.consumers[0]" in checked.stdout

    with start_higress(folder, tmp_path, ENVIRONMENT) as gateway:
        assert "are closed and answer 503, the others are served" in gateway.output()
        assert [503, 401] == [
            ask(gateway, *where).status for where in (("partner.example.com", "/a"), ("shop.example.com", "/orders"))
        ]
        (folder / "plugins.yaml").write_text(resources)
        os.kill(gateway.pid, signal.SIGHUP)
        wait_for_status(gateway, 401)


def wait_for_status(gateway: RunningGateway, status: int) -> None:
    """Return when the partner's route answers so."""
    for _ in range(500):
        if ask(gateway, "partner.example.com", "/a").status == status:
            return
    raise AssertionError(gateway.output()[-4000:])


def test_a_mistake_in_a_resource_starts_nothing(tmp_path: Path) -> None:
    """With file, line and key."""
    text = write_ingresses().replace("backend:", "backends:", 1)
    (tmp_path / "a.yaml").write_text(text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "backends:" in line)

    started = run_command("run", "--higress", str(tmp_path))

    assert 1 == started.returncode
    assert f"a.yaml:{line}: Ingress/shop/orders-route.spec.rules[0].http.paths[0].backends" in started.stderr
    assert "nothing was started or changed" in started.stderr
