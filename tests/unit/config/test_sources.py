"""A file and a folder are loaded by the same call, and places in both are found again."""

from pathlib import Path

import pytest

from ostiary.config.higress.loading import HigressFolder
from ostiary.config.sources import find_state_folder, load_source, load_with_lines, make_line_finder, name_source
from tests.fakes.higress import TYPES, bridge, ingress, write_folder
from tests.fakes.plugin_types import make_services

FILE = "gateway: {}\nroutes:\n  - {uri: /*, id: shop, upstream: {nodes: {'10.0.0.7:80': 1}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration file."""
    path = tmp_path / "ostiary.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> HigressFolder:
    """A folder in Higress's notation."""
    return HigressFolder(write_folder(tmp_path / "folder", bridge(), ingress("shop", None)))


def test_both_become_snapshots(file: Path, folder: HigressFolder) -> None:
    """With the same routes."""
    for source in (file, folder):
        loaded = load_source(source, {}, TYPES, make_services)

        assert loaded.snapshot is not None, loaded.problems
        assert ["shop"] == [route.id for route in loaded.snapshot.routes]


def test_both_tell_the_lines_of_places(file: Path, folder: HigressFolder) -> None:
    """Of the nearest thing that stands there."""
    _, in_file = load_with_lines(file, {}, TYPES, make_services)
    _, in_folder = load_with_lines(folder, {}, TYPES, make_services)

    assert f"routes[0].upstream, {file} line 3" == in_file("routes[0].upstream")
    assert "McpBridge/default.kind, all.yaml line 2" == in_folder("McpBridge/default.kind")


def test_both_have_a_name_and_a_place_for_state(file: Path, folder: HigressFolder, tmp_path: Path) -> None:
    """A file's is its folder."""
    assert [str(file), str(folder.path)] == [name_source(file), name_source(folder)]
    assert [tmp_path, folder.path] == [find_state_folder(file), find_state_folder(folder)]


def test_a_place_that_stands_nowhere_stays_a_place() -> None:
    """Without a line."""
    assert "elsewhere" == make_line_finder("o.yaml", {"routes": 3})("elsewhere")
