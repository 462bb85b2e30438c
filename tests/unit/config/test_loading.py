"""A file → a snapshot or problems; a file with a problem never replaces a good snapshot; nothing breaks the loader."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ostiary.config import reading
from ostiary.config.loading import Loaded, load, load_content
from ostiary.config.section import Section, refuse
from ostiary.config.snapshot import Snapshot
from ostiary.plugin import Place, Services
from tests.fakes.plugin_types import FakePlugin, FakePluginType, make_services, registry_of

GOOD = """
routes:
  - id: orders
    uri: /orders/*
    plugins:
      fake: {secret: $ENV://SECRET}
    upstream: {nodes: {"127.0.0.1:8000": 1}}
"""
ENVIRON = {"SECRET": "hushed-secret"}
TYPES = registry_of()


def load_text(text: str, previous: Snapshot | None = None, environ: dict[str, str] = ENVIRON) -> Loaded:
    """Load a text with the `fake` plugin known."""
    return load_content(text.encode(), environ, TYPES, make_services, previous)


def said(text: str) -> list[str]:
    """The problems, as lines."""
    loaded = load_text(text)
    assert loaded.snapshot is None
    return [str(problem) for problem in loaded.problems]


def test_a_good_file_is_a_snapshot_that_takes_effect(tmp_path: Path) -> None:
    """Its plugins reach each other through it."""
    file = tmp_path / "ostiary.yaml"
    file.write_text(GOOD)
    loaded = load(file, ENVIRON, TYPES, make_services)

    assert loaded.problems == ()
    assert loaded.snapshot is not None
    assert loaded.document is not None
    (route,) = loaded.snapshot.routes
    (plugin,) = route.plugins
    assert isinstance(plugin, FakePlugin)
    assert plugin.config.secret == "hushed-secret"
    assert plugin.services.reaches("h", "/orders/7", plugin.fingerprint)
    assert "hushed" not in repr(loaded)


def test_a_file_that_cannot_be_read_is_an_oserror(tmp_path: Path) -> None:
    """That is not a problem of the configuration."""
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.yaml", {}, {}, make_services)
    with pytest.raises(IsADirectoryError):
        load(tmp_path, {}, {}, make_services)


@pytest.mark.parametrize("written", ["./ostiary.yaml", "ostiary.yaml", "elsewhere/../ostiary.yaml", "{file}"])
def test_state_is_not_kept_in_the_configuration_itself(tmp_path: Path, written: str) -> None:
    """It is disposable: what is no database would be set aside as a damaged one, and the configuration with it."""
    file = tmp_path / "ostiary.yaml"
    (tmp_path / "elsewhere").mkdir()
    file.write_text(f"state: {{type: sqlite, path: '{written.format(file=file)}'}}\n{GOOD}")
    loaded = load(file, ENVIRON, TYPES, make_services)

    assert loaded.snapshot is None
    assert [(problem.path, problem.line) for problem in loaded.problems] == [("state.path", 1)]


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/zero has none."""
    monkeypatch.setattr("ostiary.config.loading.MAX_FILE_BYTES", 10)
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10)
    loaded = load(Path("/dev/zero"), {}, {}, make_services)

    assert "larger than" in loaded.problems[0].problem


def test_problems_come_in_the_files_order_with_their_lines() -> None:
    """Also those that are found late, and those of what is not there."""
    text = """
routes:
  - uri: /a
    plugins: {fake: {claimed: /cb, breaks: false}}
    upstream: {nodes: {"a:80": 1}}
  - uri: /b
    plugins:
      fake:
        claimed: /cb
        secret: another-one
    upstream: {nodes: {"a:80": 1}}
  - uri: /c
    plugins: {fake: {timeout: 0}}
    status: 1
    status: 1
    upstream: {}
"""

    conflict, *others = said(text)
    assert conflict == (
        "routes[1].plugins.fake (line 8): `/cb` (callback, on every host) is also wanted by routes[0].plugins.fake, "
        "whose configuration differs; give each its own path, or its own host"
    )
    assert [line.split(";")[0] for line in others] == [
        "routes[2].plugins.fake.timeout (line 13): expected at least 1, found a number (0)",
        "routes[2].status (line 15): this name stands here twice",
        "routes[2].upstream (line 16): an upstream needs `nodes`, or a `service_name`",
    ]


def test_a_text_that_is_no_yaml_is_one_problem() -> None:
    """Nothing is guessed behind it."""
    (line,) = said("routes: [")
    assert line.startswith("the file (line 2): this is no valid YAML: ")


def test_what_a_plugin_says_about_a_referenced_secret_is_taken_out() -> None:
    """A plugin's own words may hold it."""
    text = GOOD.replace("fake: {", "fake: {cannot_work: true, ")

    assert said(text) == ["routes[0].plugins.fake (line 6): the secret *** cannot work"]


def test_a_remedy_does_not_show_it_either() -> None:
    """Whatever a model suggests."""

    class Suggesting(Section):
        secret: str

        @classmethod
        def check_shape(cls, written: Any) -> Any:
            yield "secret", refuse("no", f"not {written['secret']}")

    kind = FakePluginType()
    kind.config = Suggesting
    loaded = load_content(GOOD.encode(), ENVIRON, registry_of(kind), make_services)

    assert loaded.problems[0].remedy == "not ***"


def test_a_file_with_a_problem_never_replaces_a_good_snapshot() -> None:
    """Its router does not become the one that plugins reach through."""
    good = load_text(GOOD).snapshot
    assert good is not None
    bad = load_text(GOOD.replace("/orders/", "/other/") + "  - {}\n", good)

    assert bad.snapshot is None
    assert good.reach.router is good.router
    worse = load_text(GOOD.replace("/orders/", "/other/").replace("fake: {", "fake: {breaks: true, "), good)
    assert worse.snapshot is None
    assert good.reach.router is good.router


def test_instances_are_taken_over_from_the_previous_snapshot() -> None:
    """As far as nothing changed, resolved values included."""
    good = load_text(GOOD).snapshot
    assert good is not None
    same = load_text(GOOD, good).snapshot
    other = load_text(GOOD, good, {"SECRET": "another-secret"}).snapshot

    assert same is not None
    assert other is not None
    assert same.routes[0].plugins[0] is good.routes[0].plugins[0]
    assert other.routes[0].plugins[0] is not good.routes[0].plugins[0]


def test_services_that_cannot_be_made_are_a_problem_too() -> None:
    """Not a traceback."""

    def make_none(place: Place, public_url: str | None, reaches: object, state: object) -> Services:
        raise OSError("no directory for the secret")

    loaded = load_content(GOOD.encode(), ENVIRON, TYPES, make_none)

    assert [problem.problem for problem in loaded.problems] == ["the plugin failed to start (OSError)"]


FRAGMENTS = st.sampled_from(
    [
        *(
            "gateway:",
            "routes:",
            "-",
            "uri:",
            "/*",
            "/a",
            "hosts:",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "upstream:",
            "nodes:",
        ),
        *("plugins:", "fake:", "$ENV://SECRET", "$ENV://A/b", "&a", "*a", "<<", "?", "|", ">", "'", '"', "#", "!!str"),
        *("!x", "---", "...", "1", "-1", "1.5", "null", "true", "\t", "\n", "\n  ", "\n    ", " "),
    ]
)
SCALARS = st.sampled_from(["/", "/*", "a:80", "$ENV://SECRET", "x"])
NAMES = st.sampled_from(
    [
        *(
            "gateway",
            "routes",
            "listen",
            "uri",
            "uris",
            "hosts",
            "upstream",
            "nodes",
            "plugins",
            "fake",
            "id",
            "timeout",
        ),
        "x",
    ]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=25,
)


@given(st.binary(max_size=300) | st.lists(FRAGMENTS, max_size=60).map(lambda parts: " ".join(parts).encode()))
def test_no_bytes_break_the_loader(content: bytes) -> None:
    """A snapshot or problems, whatever the file says."""
    loaded = load_content(content, ENVIRON, TYPES, make_services)

    assert (loaded.snapshot is None) == bool(loaded.problems)
    assert "hushed-secret" not in "".join(map(str, loaded.problems))


@given(TREES, TREES)
def test_no_values_break_the_loader(gateway: object, route: object) -> None:
    """Right names with wrong values in every combination."""
    text = yaml.safe_dump({"gateway": gateway, "routes": [route, {"uri": "/", "plugins": {"fake": route}}]})
    loaded = load_text(text)

    assert (loaded.snapshot is None) == bool(loaded.problems)
