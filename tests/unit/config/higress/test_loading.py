"""A folder becomes a snapshot: mistakes refuse it, but those of a plugin's configuration close its routes only."""

from pathlib import Path
from typing import Any

import pytest

from ostiary.config.closed import ClosedPlugin
from ostiary.config.higress.loading import HigressFolder
from ostiary.config.loading import Loaded
from tests.fakes.counting import count_calls
from tests.fakes.higress import (
    TYPES,
    Object,
    bridge,
    found_at,
    ingress,
    load_folder,
    path_to,
    secret,
    wasm,
    write_folder,
    wrong,
)
from tests.fakes.plugin_types import FakePlugin, make_services

SHOP = ingress("shop", "a.b")
LEDGER = ingress("ledger", "c.d")
GOOD = {"ingress": ["shop"], "config": secret("shop")}
BAD = {"ingress": ["ledger"], "config": {"secret": "short"}}


def test_the_first_rule_that_fits_decides(tmp_path: Path) -> None:
    """By route, by host with any spelling of it, or the instance."""
    rules = ({"domain": ["*.A.B"], "config": secret("sub")}, GOOD, {"domain": ["c.d"], "config": secret("c")})
    folder = write_folder(tmp_path, bridge(), SHOP, ingress("wide", "*.b"), wasm(*rules, defaultConfig=secret("all")))

    loaded = load_folder(folder)

    assert () == loaded.problems
    assert ["oidc secret of shop"] == found_at(loaded, "a.b")
    assert ["oidc secret of sub"] == found_at(loaded, "x.a.b")
    assert ["oidc secret of all"] == found_at(loaded, "y.b")
    assert ["oidc secret of c"] == found_at(loaded, "c.d")
    assert ["oidc secret of all"] == found_at(loaded, "elsewhere")


def test_paths_match_as_the_ingress_says(tmp_path: Path) -> None:
    """Element by element, exact before prefix, with or without case."""
    folder = write_folder(
        tmp_path,
        bridge(),
        ingress("exact", "a.b", path_to("/foo", "Exact")),
        ingress("prefix", "a.b", path_to("/foo"), ignore_path_case="true"),
    )
    loaded = load_folder(folder)
    assert loaded.snapshot is not None, loaded.problems
    router = loaded.snapshot.router

    met = {path: router.find("a.b", path, "GET", "") for path in ("/foo", "/FOO", "/Foo/x", "/foobar", "/")}

    names = {path: None if route is None else route.name for path, route in met.items()}
    assert {"/foo": "exact", "/FOO": "prefix", "/Foo/x": "prefix", "/foobar": None, "/": None} == names


def test_a_host_with_an_ingress_of_its_own_gets_no_wider_ones(tmp_path: Path) -> None:
    """What is left of it is answered as where no route matches."""
    folder = write_folder(
        tmp_path,
        bridge(),
        ingress("own", "a.b", path_to("/x")),
        ingress("any", None),
        wasm(defaultConfig=secret("all")),
    )
    loaded = load_folder(folder)
    assert loaded.snapshot is not None, loaded.problems

    rest = loaded.snapshot.router.find("a.b", "/y", "GET", "")

    assert rest is not None
    assert ("", None) == (rest.name, rest.upstream)
    assert ["oidc secret of all"] == found_at(loaded, "a.b", "/y")


def test_a_mistake_in_a_plugins_configuration_closes_its_routes(tmp_path: Path) -> None:
    """The others are served, and the mistake is told with file, line and key."""
    folder = write_folder(tmp_path, bridge(), SHOP, LEDGER, wasm(GOOD, BAD))
    loaded = load_folder(folder)

    assert loaded.snapshot is not None
    line = (folder / "all.yaml").read_text().splitlines().index("      secret: short") + 1
    assert [("all.yaml", line, "WasmPlugin/login.spec.matchRules[1].config.secret")] == wrong(loaded)
    closed = loaded.snapshot.router.find("c.d", "/", "GET", "")
    assert closed is not None
    assert [ClosedPlugin] == [type(plugin) for plugin in closed.plugins]
    assert ["oidc secret of shop"] == found_at(loaded, "a.b")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"secret": "short"}, "config.secret"),
        ({"sekret": "0123456789"}, "config.sekret"),
        ("text", "config"),
        ({"_meta": {}}, "config._meta"),
        ({"secret": "$ENV://MISSING"}, "config.secret"),
        ({"cannot_work": True}, "config"),
        ({"breaks": True}, "config"),
    ],
)
def test_whatever_is_wrong_with_a_configuration_closes(tmp_path: Path, config: Any, key: str) -> None:
    """What its model refuses, what cannot be resolved, and what fails when it is built."""
    rule = {"ingress": ["shop"], "config": config}
    loaded = load_folder(write_folder(tmp_path, bridge(), SHOP, wasm(rule, defaultConfig=secret("all"))))

    assert loaded.snapshot is not None
    assert [f"WasmPlugin/login.spec.matchRules[0].{key}"] == [problem.path for problem in loaded.problems]
    assert [("all.yaml", True)] == [(problem.file, problem.line is not None) for problem in loaded.problems]
    assert ["closed WasmPlugin/login.spec.matchRules[0].config"] == found_at(loaded, "a.b")
    assert ["oidc secret of all"] == found_at(loaded, "c.d")


def test_the_instances_configuration_closes_what_only_it_reaches(tmp_path: Path) -> None:
    """Also where no route matches."""
    loaded = load_folder(write_folder(tmp_path, bridge(), SHOP, LEDGER, wasm(GOOD, defaultConfig={"secret": "short"})))

    closed = ["closed WasmPlugin/login.spec.defaultConfig"]
    assert [["oidc secret of shop"], closed, closed] == [found_at(loaded, host) for host in ("a.b", "c.d", "e.f")]


def test_a_condition_that_lacks_a_value_refuses_the_folder(tmp_path: Path) -> None:
    """Nobody can tell which routes it would close, also where the configuration around it is closed."""
    rules = [{"_match_domain_": ["$ENV://MISSING"], **secret("x")}, {"_match_route_": ["shop"], "_disable_": True}]
    folder = write_folder(tmp_path, bridge(), SHOP, wasm(pluginConfig={"secret": "short", "_rules_": rules}))

    loaded = load_folder(folder)

    assert loaded.snapshot is None
    assert {"secret", "_rules_[0]._match_domain_[0]"} == {
        problem.path.removeprefix("WasmPlugin/login.spec.pluginConfig.") for problem in loaded.problems
    }


def test_two_resources_of_a_plugin_are_two(tmp_path: Path) -> None:
    """Each with its levels: what one names finer is nothing to the other, and the cookies of both stay here."""
    one = wasm({"ingress": ["ledger"], "config": secret("rule")}, name="one", defaultConfig=secret("first"))
    two = wasm(name="two", defaultConfig=secret("second"))
    loaded = load_folder(write_folder(tmp_path, bridge(), SHOP, LEDGER, one, two))

    assert loaded.snapshot is not None, loaded.problems
    route = loaded.snapshot.router.find("a.b", "/", "GET", "")
    assert route is not None
    assert {"oidc secret of first": True, "oidc secret of second": False} == {
        plugin.fingerprint: plugin.services.has_finer for plugin in route.plugins if isinstance(plugin, FakePlugin)
    }
    kept = {instance.plugin.fingerprint for instance in loaded.snapshot.instances.values()}
    assert {f"oidc secret of {each}" for each in ("rule", "first", "second")} == kept


def test_rules_that_others_cover_still_are_rules(tmp_path: Path) -> None:
    """The instance knows of finer ones, wherever the covered stand in the list."""
    rules = [{"domain": ["a.b"], "config": secret(f"{number}")} for number in range(2)]
    loaded = load_folder(write_folder(tmp_path, bridge(), SHOP, LEDGER, wasm(*rules, defaultConfig=secret("all"))))

    assert loaded.snapshot is not None
    (plugin,) = loaded.snapshot.router.find("c.d", "/", "GET", "").plugins  # type: ignore[union-attr]
    assert isinstance(plugin, FakePlugin)
    assert ("oidc secret of all", True) == (plugin.fingerprint, plugin.services.has_finer)
    assert "oidc secret of 1" not in {each.plugin.fingerprint for each in loaded.snapshot.instances.values()}


def test_a_rule_for_several_routes_stands_on_all_their_hosts(tmp_path: Path) -> None:
    """Plugins trust those hosts; of one by route and of one by service."""
    rules = {"ingress": ["shop", "ledger"], "config": secret("r")}, {"service": ["auth.dns"], "config": secret("s")}
    others = [ingress(name, f"{name}.e", destination="auth.dns") for name in ("x", "y")]
    loaded = load_folder(write_folder(tmp_path, bridge(), SHOP, LEDGER, *others, wasm(*rules)))

    assert loaded.snapshot is not None, loaded.problems
    assert [("a.b", "c.d"), ("x.e", "y.e")] == [each.place.hosts for each in loaded.snapshot.instances.values()]


RULE_KINDS = {
    "ingress": lambda number: {"ingress": [f"r{number}"]},
    "domain": lambda number: {"domain": [f"h{number}.example.com"]},
    "service": lambda number: {"service": [f"s{number}.static"]},
    "wildcard": lambda number: {"domain": [f"*.h{number}.example.com"]},
}


@pytest.mark.parametrize("kind", [*RULE_KINDS, "one rule"])
def test_the_work_of_loading_grows_with_rules_and_routes_and_not_with_their_product(tmp_path: Path, kind: str) -> None:
    """Counted in calls: four times as many rules and routes are four times the work."""
    small, large = (count_loading(write_many(tmp_path / f"{count}", kind, count)) for count in (50, 200))

    assert large < 4.4 * small


def write_many(folder: Path, kind: str, count: int) -> Path:
    """As many rules as routes, each route met by one of them."""
    if kind == "one rule":
        rules = [{"domain": [f"h{number}.example.com" for number in range(count)], "config": secret("x")}]
    else:
        rules = [{**RULE_KINDS[kind](number), "config": secret("x")} for number in range(count)]
    sources = ({"name": f"s{number}", "type": "static", "domain": "10.0.0.7:80"} for number in range(count))
    star = "*." if kind == "wildcard" else ""
    ingresses = (
        ingress(f"r{number}", f"{star}h{number}.example.com", destination=f"s{number}.static")
        for number in range(count)
    )
    return write_folder(folder, bridge(*sources), *ingresses, wasm(*rules, defaultConfig=secret("all")))


def count_loading(folder: Path) -> int:
    """Load a folder, and count the calls of functions that this takes."""
    loaded: list[Loaded] = []
    count = count_calls(lambda: loaded.append(load_folder(folder)))
    assert () == loaded[0].problems
    return count


def test_a_reload_with_any_mistake_keeps_what_serves(tmp_path: Path) -> None:
    """Only a start closes routes; a typo takes no route away that was there."""
    first = load_folder(write_folder(tmp_path, bridge(), SHOP, LEDGER, wasm(GOOD)))
    again = load_folder(write_folder(tmp_path, bridge(), SHOP, LEDGER, wasm(GOOD, BAD)), previous=first.snapshot)

    assert first.snapshot is not None
    assert again.snapshot is None
    assert 1 == len(again.problems)


SECURE: Object = {**SHOP, "spec": {**SHOP["spec"], "tls": [{"secretName": "x"}]}}


@pytest.mark.parametrize(
    ("objects", "place"),
    [
        ([{**SHOP, "kind": "Secret"}], "Secret/shop.kind"),
        ([{**SHOP, "sepc": {}}], "Ingress/shop.sepc"),
        ([SHOP, SHOP], "Ingress/shop.metadata.name"),
        ([{**bridge(), "metadata": {"name": "x"}}], "McpBridge/x.metadata.name"),
        ([ingress("x", "a.b", rewrite_target="/")], 'Ingress/x.metadata.annotations["higress.io/rewrite-target"]'),
        ([ingress("x", "a.b", destination="n.dns")], 'Ingress/x.metadata.annotations["higress.io/destination"]'),
        ([SECURE], "Ingress/shop.spec.tls"),
        ([wasm({"ingress": ["nobody"], "config": secret("x")})], "WasmPlugin/login.spec.matchRules[0].ingress[0]"),
        ([wasm({"service": ["nobody.dns"], "config": secret("x")})], "WasmPlugin/login.spec.matchRules[0].service[0]"),
        ([wasm({"config": secret("x")})], "WasmPlugin/login.spec.matchRules[0]"),
        ([{**wasm(GOOD), "metadata": {"name": "x", "namespace": "team"}}], "WasmPlugin/team/x.metadata.namespace"),
        ([wasm(GOOD, failStrategy="FAIL_OPEN")], "WasmPlugin/login.spec.failStrategy"),
        ([wasm(GOOD, image="key-auth")], "WasmPlugin/login.spec.url"),
    ],
)
def test_a_mistake_in_a_resource_refuses_the_folder(tmp_path: Path, objects: list[Object], place: str) -> None:
    """With file, line and key; nothing is skipped in silence."""
    kinds = {each["metadata"]["name"] for each in objects}
    beside = [
        each
        for each in (bridge(), SHOP)
        if each["metadata"]["name"] not in kinds and each["kind"] != objects[0].get("kind")
    ]
    loaded = load_folder(write_folder(tmp_path, *beside, *objects))

    assert loaded.snapshot is None
    assert [place] == [problem.path for problem in loaded.problems]
    assert [("all.yaml", True)] == [(problem.file, problem.line is not None) for problem in loaded.problems]


def test_two_plugins_that_want_the_same_path_refuse_the_folder(tmp_path: Path) -> None:
    """Nobody is closed there, so nobody may serve."""
    rules = [{"ingress": [name], "config": {**secret(name), "claimed": "/callback"}} for name in ("shop", "ledger")]
    other = ingress("ledger", "a.b", path_to("/ledger"))

    loaded = load_folder(write_folder(tmp_path, bridge(), SHOP, other, wasm(*rules)))

    assert loaded.snapshot is None
    assert ["WasmPlugin/login.spec.matchRules[1].config"] == [problem.path for problem in loaded.problems]


def test_all_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    """In the order of files and lines."""
    gateway = tmp_path / "gateway.yaml"
    gateway.write_text("gatway: {}\n")
    folder = write_folder(
        tmp_path / "folder", bridge(), SHOP, LEDGER, wasm(BAD, phase="X"), a_yaml="x: [\n", z_yaml="kind: Pod\n"
    )

    loaded = load_folder(folder, gateway=gateway)

    assert loaded.snapshot is None
    assert sorted([str(gateway), "a.yaml", "all.yaml", "all.yaml", "z.yaml"]) == [each[0] for each in wrong(loaded)]


def test_values_of_references_are_never_shown(tmp_path: Path) -> None:
    """The plugin's own complaint names its secret."""
    rule = {"ingress": ["shop"], "config": {"secret": "$ENV://SECRET", "cannot_work": True}}
    folder = write_folder(tmp_path, bridge(), SHOP, wasm(rule))

    loaded = load_folder(folder, environ={"SECRET": "hushed-secret"})

    assert ["the secret *** cannot work"] == [problem.problem for problem in loaded.problems]


def test_instances_are_taken_over_from_one_reading_to_the_next(tmp_path: Path) -> None:
    """Sessions and memories outlive a reload."""
    folder = write_folder(tmp_path, bridge(), SHOP, wasm(GOOD))
    first = load_folder(folder)
    second = load_folder(folder, previous=first.snapshot)

    assert first.snapshot is not None
    assert second.snapshot is not None
    assert first.snapshot.routes[0].plugins == second.snapshot.routes[0].plugins


def test_a_place_is_found_again_with_its_file_and_line(tmp_path: Path) -> None:
    """For people; a name that another begins with is not taken for it."""
    folder = write_folder(
        tmp_path, bridge(), SHOP, wasm(GOOD, name="login"), wasm({"domain": ["x.y"]}, name="login.two")
    )
    _, find_line = HigressFolder(folder).load_with_lines({}, TYPES, make_services)

    lines = (folder / "all.yaml").read_text().splitlines()
    starts = [number for number, line in enumerate(lines, 1) if line.startswith("apiVersion")]
    assert f"WasmPlugin/login.two.metadata, all.yaml line {starts[3] + 2}" == find_line("WasmPlugin/login.two.metadata")
    assert f"Ingress/shop, all.yaml line {starts[1]}" == find_line("Ingress/shop")
    assert "elsewhere.spec" == find_line("elsewhere.spec")


def test_state_stands_beside_the_gateways_settings(tmp_path: Path) -> None:
    """Or in the folder, where there are none."""
    folder = write_folder(tmp_path / "folder", bridge())

    assert folder == HigressFolder(folder).state_folder
    assert folder == HigressFolder(folder / "all.yaml").state_folder
    assert tmp_path == HigressFolder(folder, tmp_path / "gateway.yaml").state_folder


@pytest.mark.parametrize("missing", ["folder", "gateway.yaml"])
def test_what_is_not_there_cannot_be_read(tmp_path: Path, missing: str) -> None:
    """An OSError, whichever of the two it is."""
    if missing != "folder":
        write_folder(tmp_path / "folder", bridge())
    else:
        (tmp_path / "gateway.yaml").write_text("gateway: {}\n")

    with pytest.raises(OSError, match="No such file") as caught:
        load_folder(tmp_path / "folder", gateway=tmp_path / "gateway.yaml")
    assert str(tmp_path / missing) == str(caught.value.filename)
