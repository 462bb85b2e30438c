"""What every test shares: repeatable property tests, and a summary that names what was skipped and how to get it.

Fixtures live beside the tests that use them, fakes in tests/fakes/, needs of the machine in tests/requires.py.
"""

import hypothesis
import pytest

from tests.e2e.counterparts.keycloak import Keycloak, KeycloakOfTheRun
from tests.requires import everything_is_required, summarise_skips

KEYCLOAK = pytest.StashKey[KeycloakOfTheRun]()

# No deadline: a shared machine stalls. In CI the same examples every time: a red run is repeated at home.
hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)


def pytest_configure() -> None:
    """Choose the profile of the property tests, and refuse a misspelt OSTIARY_TEST_REQUIRE before anything runs."""
    hypothesis.settings.load_profile("ci" if everything_is_required() else "home")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what takes half a minute to start, where a test will want it, while the others run."""
    # By its fixture, or by a parameter of a fixture that asks for it then.
    wanted = any("keycloak" in (*getattr(item, "fixturenames", ()), *item.keywords) for item in session.items)
    if wanted and not session.config.option.collectonly:
        session.config.stash.setdefault(KEYCLOAK, KeycloakOfTheRun()).start()


@pytest.fixture(scope="session")
def keycloak(pytestconfig: pytest.Config) -> Keycloak:
    """Keycloak itself, one for all tests of the run; skipped where it has not been fetched."""
    return pytestconfig.stash.setdefault(KEYCLOAK, KeycloakOfTheRun()).get()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what outlives single tests."""
    config.stash.setdefault(KEYCLOAK, KeycloakOfTheRun()).stop()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which everything is required and something was skipped, whatever the reason."""
    if everything_is_required() and skipped_in(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name in one line each what was skipped."""
    for line in summarise_skips(skipped_in(terminalreporter.config)):
        terminalreporter.write_line(line, yellow=True)


def skipped_in(config: pytest.Config) -> list[str]:
    """Return pytest's reason for each skip so far."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return [report.longrepr[2] for report in reporter.stats.get("skipped", [])] if reporter is not None else []
