"""Whatever a folder says, `import higress` writes down what decides the same, or refuses: levels, services, claims."""

from typing import Any

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from ostiary.config.higress.exporting import Export, export_resources
from ostiary.config.higress.loading import FolderReading
from ostiary.config.higress.writing import write_export
from ostiary.config.loading import load_content
from ostiary.config.router import Router
from ostiary.config.snapshot import build_snapshot
from tests.fakes.higress import Object, bridge, ingress, path_to, wasm
from tests.fakes.plugin_types import make_services
from tests.unit.config.higress.test_exporting import MORE, read

HOSTS = ["a.b", "x.a.b", "y.x.a.b", "xa.b", "www.c.d", "c.d", "[::1]", "elsewhere"]
PATHS = ["/", "/x", "/x/y", "/X/y", "/xy", "/z", "/cb0", "/cb1", "/cb9", "/x/cb0"]
CLAIMED = {"/cb0", "/cb1", "/cb9"}
INGRESS_HOSTS = [None, "*", "a.b", "*.a.b", "x.a.b", "*.x.a.b", "c.d", "www.c.d", "[::1]"]
PATTERNS = ["a.b", "*.a.b", "*a.b", "x.a.b", "*.x.a.b", "c.d", "*.d", "*", "www.*", "x*", "[::1]"]
NAMES = ["one", "team/one", "team.one", "two"]
SOURCES = bridge(
    {"name": "auth", "type": "dns", "domain": "id.example.com", "port": 443},
    {"name": "apps", "type": "static", "domain": "10.0.0.7:8000,10.0.0.8:8000", "port": 80},
    {"name": "safe", "type": "static", "domain": "10.0.0.9:8443", "port": 80, "protocol": "https", "sni": "s.internal"},
    {"name": "orders.team", "type": "static", "domain": "10.0.0.6:8000", "port": 80},
)
DESTINATIONS = {
    "apps.static": ["apps.static"],
    "auth.dns": ["auth.dns:443"],
    "safe.static": ["safe.static"],
    "70% apps.static\n30% auth.dns": ["apps.static:80", "auth.dns"],
    "orders.team.svc:80": ["orders.team.svc.cluster.local"],
}
NARROWED = "is written as the hosts of Ingresses that it fits"
RAW = {
    "ingress": "_match_route_",
    "service": "_match_service_",
    "domain": "_match_domain_",
    "prefix": "_match_route_prefix_",
}


def some(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    """One or two of these."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


KINDS = st.sampled_from(["own", "own", "own", "claims", "allow", "off", "disabled"])
INSTANCES = st.sampled_from([None, "own", "own", "disabled"])
PATH = st.tuples(st.sampled_from(["/", "/x", "/x/", "/x/y", "/z"]), st.sampled_from(["Prefix", "Prefix", "Exact"]))
INGRESSES = st.lists(
    st.tuples(
        st.sampled_from(INGRESS_HOSTS),
        st.lists(PATH, min_size=1, max_size=2, unique=True),
        st.sampled_from([*DESTINATIONS]),
        st.sampled_from(["false", "false", "true"]),
        st.sampled_from([None, None, "HTTPS"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=len(NAMES),
)


def make_ingress(full_name: str, drawn: tuple[Any, ...]) -> Object:
    """An Ingress of what was drawn; one may have the same paths on a second host."""
    host, paths, destination, case, protocol, is_twice = drawn
    namespace, _, name = full_name.rpartition("/")
    more = {} if protocol is None else {"backend_protocol": protocol}
    tree = ingress(
        name,
        host,
        *(path_to(path, kind) for path, kind in paths),
        namespace=namespace or None,
        destination=destination,
        ignore_path_case=case,
        **more,
    )
    if is_twice:
        tree["spec"]["rules"].append({**tree["spec"]["rules"][0], "host": "e.f" if host is None else "c.d"})
    return tree


def make_config(kind: str, label: str, number: int, image: str) -> Object:
    """A configuration that can be told from others."""
    if image == "fake":
        return {"allow": ["a"]} if kind == "allow" else {"members": ["a", label]}
    claim = {"claimed": f"/cb{number}"} if kind == "claims" else {}
    return {"secret": f"secret of {label}", **claim}


def make_plugin(image: str, rules: list[tuple[Object, str]], instance: str | None, *, is_raw: bool) -> Object:
    """A WasmPlugin in either notation."""
    spec: Object = {}
    if instance is not None:
        spec["defaultConfig"] = make_config(instance, f"{image} all", 9, image)
        spec["defaultConfigDisable"] = instance == "disabled"
    configs = [make_config(kind, f"{image} {number}", number, image) for number, (_, kind) in enumerate(rules)]
    if not is_raw:
        written = [
            {**{key: value for key, value in rule.items() if key != "prefix"}, "config": config}
            | ({"configDisable": True} if kind in {"disabled", "off"} else {})
            for (rule, kind), config in zip(rules, configs, strict=True)
        ]
        return wasm(*written, image=image, name=f"of-{image}", **spec)
    raw = [
        {**{RAW[key]: value for key, value in rule.items()}, **({"_disable_": True} if kind == "off" else config)}
        for (rule, kind), config in zip(rules, configs, strict=True)
        if kind != "disabled"
    ]
    own = spec.get("defaultConfig", {}) if instance != "disabled" else {}
    return wasm(image=image, name=f"of-{image}", pluginConfig={**own, **({"_rules_": raw} if raw else {})})


@st.composite
def draw_conditions(draw: st.DrawFn, ingresses: list[tuple[Any, ...]]) -> Object:
    """What a rule names is there; of services all that some route has."""
    kind = draw(st.sampled_from(["domain", "domain", "domain", "ingress", "service", "prefix", "both", "ignored"]))
    if kind == "domain":
        return {"domain": draw(some(PATTERNS))}
    if kind == "prefix":
        return {"prefix": ["t"] if len(ingresses) > 1 else ["o"]}
    number = draw(st.integers(0, len(ingresses) - 1))
    services = {"service": DESTINATIONS[ingresses[number][2]]}
    if kind == "service":
        return services
    named = {"ingress": [NAMES[number]] if kind == "both" else draw(some(NAMES[: len(ingresses)]))}
    more: dict[str, Object] = {"ingress": {}, "both": services, "ignored": {"domain": draw(some(PATTERNS))}}
    return named | more[kind]


@st.composite
def draw_plugins(draw: st.DrawFn, ingresses: list[tuple[Any, ...]]) -> list[Object]:
    """One or two."""
    images = draw(st.lists(st.sampled_from(["oidc", "oauth", "fake"]), min_size=1, max_size=2, unique=True))
    rules = st.lists(st.tuples(draw_conditions(ingresses), KINDS), min_size=1, max_size=5)
    return [make_plugin(image, draw(rules), draw(INSTANCES), is_raw=draw(st.booleans())) for image in images]


def decide(router: Router, host: str, path: str) -> tuple[Any, ...]:
    """What a request meets: the route's name, where it goes, and its plugins with what they know of their place."""
    route = router.find(host, path, "GET", "")
    if route is None or (route.upstream is None and not route.plugins):
        return ()
    plugins = []
    for plugin in route.plugins:
        services: Any = getattr(plugin, "services", None)
        level = None if services is None else services.place.level
        has_finer = services.has_finer if level == "instance" else None
        wider = getattr(getattr(plugin, "wider", None), "fingerprint", None)
        plugins.append((plugin.fingerprint, getattr(plugin, "members", ()), level, has_finer, wider))
    return (route.name if route.upstream is not None else "", route.upstream, sorted(plugins, key=repr))


def compare(reading: FolderReading, exported: Export) -> None:
    """Ask both what they make of every host and path."""
    built = build_snapshot(reading.document, make_services)
    text = write_export(exported, "folder", ())
    loaded = load_content(text.encode(), {}, MORE, make_services)
    if built.problems:
        event("contradicts itself")
        return
    if loaded.snapshot is None and all("is also wanted by" in problem.problem for problem in loaded.problems):
        event("contradicts itself, which is told")
        return
    assert loaded.snapshot is not None, (loaded.problems, text)
    for host in HOSTS:
        for path in PATHS:
            expected = decide(built.snapshot.router, host, path)
            found = decide(loaded.snapshot.router, host, path)
            if not forwards(expected) and not forwards(found) and (not expected or NARROWED in text):
                continue  # what is not found is answered otherwise, which is a note
            if not forwards(expected) and not forwards(found) and not is_claimed(built.snapshot.router, host, path):
                continue  # a path that is nobody's where this rule wins: 404 behind either verdict
            if path in CLAIMED:  # who decides is the same; what stands behind a plugin's own path need not be
                expected, found = expected[2:], found[2:]
            assert expected == found, (host, path, text)


def is_claimed(router: Router, host: str, path: str) -> bool:
    """Say whether a plugin that decides there has the path for itself."""
    route = router.find(host, path, "GET", "")
    return route is not None and any(claim.path == path for plugin in route.plugins for claim in plugin.claims)


def forwards(decision: tuple[Any, ...]) -> bool:
    """Say whether there is anything behind a decision."""
    return bool(decision) and decision[1] is not None and decision[1].nodes != ()


@settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(st.data())
def test_what_is_imported_decides_what_the_folder_decides(data: st.DataObject) -> None:
    """For every host and path, or nothing is written."""
    ingresses = data.draw(INGRESSES)
    made = [make_ingress(name, drawn) for name, drawn in zip(NAMES, ingresses, strict=False)]
    assume(not read([SOURCES, *made]).problems)
    reading = read([SOURCES, *made, *data.draw(draw_plugins(ingresses))])
    assume(not reading.problems and not reading.closing)
    exported = export_resources(reading.resources)
    event("refused" if exported.problems else "written")
    assume(not exported.problems)

    compare(reading, exported)
