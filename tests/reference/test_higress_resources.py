"""Resources as Higress's documents and the guide have them load as they are, with the real plugins."""

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

import pytest

from ostiary.cli.inert import make_inert_services
from ostiary.config.higress.loading import HigressFolder
from ostiary.config.loading import Loaded
from ostiary.wiring import load_registry
from tests.architecture.tree import ROOT
from tests.reference.documents import OIDC_AUTH0, OIDC_INGRESS

COOKIE_SECRET = "nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY="

AUTH0_SOURCE = """\
apiVersion: networking.higress.io/v1
kind: McpBridge
metadata: {name: default, namespace: higress-system}
spec:
  registries:
    - {name: auth, type: dns, domain: dev-o43xb1mz7ya7ach4.us.auth0.com, port: 443}
"""
# The same document's plugin configuration, where the console puts it.
AUTH0_PLUGIN = """\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata:
  name: oidc-1.0.0
  namespace: higress-system
  labels: {higress.io/wasm-plugin-name: oidc, higress.io/wasm-plugin-built-in: "true"}
  annotations: {higress.io/wasm-plugin-title: OIDC}
spec:
  url: oci://registry.example.com/plugins/oidc:1.0.0
  phase: AUTHN
  priority: 350
  defaultConfig:
""" + indent(OIDC_AUTH0, "    ")

MACHINE_TOKENS = """\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {name: machine-tokens, namespace: higress-system}
spec:
  url: oci://registry.example.com/plugins/oauth:1.0.0
  phase: AUTHN
  priority: 350
  failStrategy: FAIL_CLOSE
  defaultConfig:                 # instance level: who exists
    global_auth: false
    token_ttl: 3600
    consumers:
      - {name: billing, client_id: billing-id, client_secret: change-me-1}
      - {name: reports, client_id: reports-id, client_secret: change-me-2}
  matchRules:
    - ingress: [shop/orders-route, ledger-route]   # route level: who may enter
      config: {allow: [billing]}
    - domain: ["*.reports.example.com", reports.example.com]
      config: {allow: [reports]}
    - ingress: [shop/public-route]
      configDisable: true
"""
WHAT_THE_PLUGIN_RECEIVES = """\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {name: oauth}
spec:
  pluginConfig:
    global_auth: false
    token_ttl: 3600
    consumers:
      - {name: billing, client_id: billing-id, client_secret: change-me-1}
      - {name: reports, client_id: reports-id, client_secret: change-me-2}
    _rules_:
      - {_match_route_: [shop/orders-route, ledger-route], allow: [billing]}
      - {_match_domain_: ["*.reports.example.com", reports.example.com], allow: [reports]}
"""
BOUND_TOKENS = """\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {name: oauth}
spec:
  matchRules:
    - ingress: [partner-a, partner-b]
      config:
        global_credentials: false
        auth_path: /token
        consumers: [{name: a, client_id: ida, client_secret: sa}]
"""
TWO_APPLICATIONS = f"""\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {{name: web-login, namespace: higress-system}}
spec:
  pluginName: oidc
  phase: AUTHN
  priority: 350
  defaultConfigDisable: true
  matchRules:
    - domain: [wiki.example.com]
      config: &wiki
        redirect_url: https://wiki.example.com/oauth2/callback
        oidc_issuer_url: https://idp.example.com/realms/staff
        client_id: wiki
        client_secret: s1
        cookie_secret: {COOKIE_SECRET}
        cookie_name: _wiki
        cookie_secure: true
        service_name: idp.dns
        service_port: 443
        scope: openid email offline_access
    - domain: [shop.example.com]
      config:
        redirect_url: https://shop.example.com/oauth2/callback
        oidc_issuer_url: https://login.example.net/
        client_id: shop
        client_secret: s2
        cookie_secret: {COOKIE_SECRET}
        cookie_name: _shop
        service_name: login.dns
        service_port: 443
        match_type: whitelist
        match_list:
          - {{match_rule_domain: shop.example.com, match_rule_path: /catalog, match_rule_type: prefix}}
"""
SOURCES = """\
apiVersion: networking.higress.io/v1
kind: McpBridge
metadata: {name: default, namespace: higress-system}   # the name must be "default"
spec:
  registries:
    - {name: idp,      type: dns,    domain: idp.example.com, port: 443, protocol: https, sni: idp.example.com}
    - {name: login,    type: dns,    domain: login.example.net, port: 443}
    - {name: keycloak, type: static, domain: "10.0.0.5:9090,10.0.0.6:9090", port: 80}
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: NAME
  namespace: SPACE
  annotations:
    higress.io/destination: idp.dns
    higress.io/backend-protocol: "HTTPS"
    higress.io/ignore-path-case: "false"
spec:
  ingressClassName: higress
  rules:
    - host: NAME.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {resource: {apiGroup: networking.higress.io, kind: McpBridge, name: default}}
"""


def write_ingress(name: str, space: str = "higress-system") -> str:
    """An Ingress on a host of its own."""
    return INGRESS.replace("NAME", name).replace("SPACE", space)


SHOP = [write_ingress("orders-route", "shop"), write_ingress("public-route", "shop"), write_ingress("ledger-route")]


def load(folder: Path, *texts: str, environ: Mapping[str, str] | None = None) -> Loaded:
    """Load texts, one file each."""
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return HigressFolder(folder).load(environ or {}, load_registry(), make_inert_services)


def levels(loaded: Loaded, host: str) -> list[tuple[str, str]]:
    """The plugins that a request to a host meets, and the level that each comes from."""
    assert () == loaded.problems
    assert loaded.snapshot is not None
    assert loaded.document is not None
    route = loaded.snapshot.router.find(host, "/", "GET", "")
    declared = {each.id: each.policies for each in loaded.document.routes}
    policies = loaded.document.nowhere if route is None else declared.get(route.id, loaded.document.nowhere)
    winners = ((p.name, next((c for c in p.candidates if c.fits(host)), None)) for p in policies)
    return [(name, winner.level) for name, winner in winners if winner is not None]


def test_the_documents_auth0_example_loads(tmp_path: Path) -> None:
    """Ingress, service source and plugin; the whole host goes to Auth0 there, over https."""
    loaded = load(tmp_path, OIDC_INGRESS, AUTH0_SOURCE, AUTH0_PLUGIN)

    assert [("oidc", "instance")] == levels(loaded, "foo.bar.com")
    assert loaded.snapshot is not None
    (route,) = loaded.snapshot.routes
    assert route.upstream is not None
    assert ("auth0-ingress", (("dev-o43xb1mz7ya7ach4.us.auth0.com", 443, 1),)) == (route.name, route.upstream.nodes)
    assert route.upstream.tls is not None


@pytest.mark.parametrize("plugin", [MACHINE_TOKENS, WHAT_THE_PLUGIN_RECEIVES], ids=["resource", "raw"])
def test_one_store_of_credentials_is_enforced_where_it_is_granted(tmp_path: Path, plugin: str) -> None:
    """In both notations the same."""
    loaded = load(tmp_path, SOURCES, plugin, *SHOP)

    assert {
        "orders-route.example.com": [("oauth2", "route")],
        "ledger-route.example.com": [("oauth2", "route")],
        "public-route.example.com": [("oauth2", "instance")],
        "a.reports.example.com": [("oauth2", "domain")],
        "elsewhere.example.com": [("oauth2", "instance")],
    } == {
        host: levels(loaded, host)
        for host in (
            "orders-route.example.com",
            "ledger-route.example.com",
            "public-route.example.com",
            "a.reports.example.com",
            "elsewhere.example.com",
        )
    }


def test_tokens_bound_to_routes_need_no_instance(tmp_path: Path) -> None:
    """Rule level only."""
    loaded = load(tmp_path, SOURCES, BOUND_TOKENS, write_ingress("partner-a"), write_ingress("partner-b"))

    assert [("oauth2", "route")] == levels(loaded, "partner-a.example.com")
    assert [] == levels(loaded, "elsewhere.example.com")


def test_two_applications_have_their_own_clients(tmp_path: Path) -> None:
    """By their hosts; the second does not use the first one's provider."""
    loaded = load(tmp_path, SOURCES, TWO_APPLICATIONS, write_ingress("wiki"), write_ingress("shop"))

    assert [[("oidc", "domain")]] * 2 == [levels(loaded, f"{name}.example.com") for name in ("wiki", "shop")]
    assert loaded.snapshot is not None
    wiki, shop = (loaded.snapshot.router.find(f"{name}.example.com", "/", "GET", "") for name in ("wiki", "shop"))
    assert wiki is not None
    assert shop is not None
    assert wiki.plugins != shop.plugins


def test_the_guides_resources_load(tmp_path: Path) -> None:
    """What a reader copies works."""
    page = (ROOT / "docs/higress.md").read_text("utf-8")
    (text,) = re.findall(r"^```yaml\n(apiVersion: .*?)^```$", page, re.DOTALL | re.MULTILINE)
    environ = dict.fromkeys(re.findall(r"\$ENV://(\w+)", text), COOKIE_SECRET)

    assert [("oidc", "domain")] == levels(load(tmp_path, text, environ=environ), "shop.example.com")


def test_the_example_folder_loads() -> None:
    """With the gateway's settings beside it."""
    folder = HigressFolder(ROOT / "examples/higress/resources", ROOT / "examples/higress/gateway.yaml")

    loaded = folder.load({"BILLING_SECRET": "x" * 33}, load_registry(), make_inert_services)

    assert () == loaded.problems
    assert {"shop.orders", "open"} == {route.id for route in loaded.document.routes} if loaded.document else set()


def test_the_rules_of_one_resource_take_nothing_from_another(tmp_path: Path) -> None:
    """`global_auth` is unset: the second resource has no rules, and so holds everywhere, whatever the first one has."""
    consumers = "consumers: [{name: a, client_id: a, client_secret: a-secret-of-at-least-32-characters}]"
    written = (
        "apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: %s}\nspec:\n  url: x/oauth\n"
    )
    first = f"{written % 'first'}  matchRules:\n    - ingress: [partner-a]\n      config:\n        {consumers}\n"
    second = f"{written % 'second'}  defaultConfig:\n    {consumers}\n"

    loaded = load(tmp_path, SOURCES, first, second, write_ingress("partner-a"), write_ingress("partner-b"))

    assert [("oauth2", "instance")] == levels(loaded, "partner-b.example.com")
    assert loaded.snapshot is not None
    route = loaded.snapshot.router.find("partner-b.example.com", "/", "GET", "")
    assert route is not None
    assert [True] == [plugin.authenticates for plugin in route.plugins]


def test_the_cookies_of_every_resource_are_kept_from_services(tmp_path: Path) -> None:
    """Also of two that name one plugin for one route."""
    old = "    redirect_url: 'http://foo.bar.com/oauth2/callback'"
    new = "    redirect_url: 'http://foo.bar.com/%s/callback'\n    proxy_prefix: /%s\n    cookie_name: _%s"
    texts = [
        AUTH0_PLUGIN.replace("oidc-1.0.0", f"oidc-{name}").replace(old, new.replace("%s", name))
        for name in ("one", "two")
    ]

    loaded = load(tmp_path, OIDC_INGRESS, AUTH0_SOURCE, *texts)

    assert () == loaded.problems
    assert loaded.snapshot is not None
    assert {b"_one", b"_two"} <= set(loaded.snapshot.cookie_names)
