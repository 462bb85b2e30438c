"""The folder's stage, and each test's case on it.

A test that takes `case` gets an issuer and a route of its own; `@pytest.mark.client(...)` gives attributes of that
route's plugin. Modules of the form post plan run twice: with the provider's answers in the query, and posted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.modules import FORM_POST, read_module_name
from tests.conformance.stage import Case, Stage

FOLDER = Path(__file__).parent
ROUTE = pytest.StashKey[str]()
ID_LIMIT = 64  # of a route


def pytest_configure(config: pytest.Config) -> None:
    """Declare the folder's mark."""
    config.addinivalue_line("markers", "client(**attributes): attributes of the case's openid-connect plugin")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try the modules of the form post plan in both response modes."""
    if "case" in metafunc.fixturenames and read_module_name(metafunc.module.__doc__) in FORM_POST:
        metafunc.parametrize("case", ["query", "form_post"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test that takes a case the name of its route."""
    for number, item in enumerate(items):
        if item.path.parent == FOLDER and "case" in getattr(item, "fixturenames", ()):
            stem = item.path.stem.removeprefix("test_").replace("_", "-")
            item.stash[ROUTE] = f"{number}-{stem}"[:ID_LIMIT]


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run everything, with a route for each case that was collected."""
    routes = {item.stash[ROUTE]: _find_attributes(item) for item in request.session.items if ROUTE in item.stash}
    with Stage(routes, tmp_path_factory.mktemp("conformance")) as stage:
        yield stage
        stage.check_log()


@pytest.fixture
def case(request: pytest.FixtureRequest, stage: Stage) -> Case:
    """The test's own issuer, route and browser."""
    return Case(stage, request.node.stash[ROUTE])


def _find_attributes(item: pytest.Item) -> dict[str, Any]:
    """Return what the test's mark says, and its response mode."""
    mark = item.get_closest_marker("client")
    mode = item.callspec.params.get("case", "query") if hasattr(item, "callspec") else "query"
    return {"response_mode": mode, **(mark.kwargs if mark is not None else {})}
