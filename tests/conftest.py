"""What every test shares: repeatable property tests, and a summary that names what was skipped and how to get it.

Fixtures live beside the tests that use them, fakes in tests/fakes/, needs of the machine in tests/requires.py.
"""

import hypothesis
import pytest

from tests.requires import everything_is_required, summarise_skips

# No deadline: a shared machine stalls. In CI the same examples every time: a red run is repeated at home.
hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)


def pytest_configure() -> None:
    """Choose the profile of the property tests, and refuse a misspelt OSTIARY_TEST_REQUIRE before anything runs."""
    hypothesis.settings.load_profile("ci" if everything_is_required() else "home")


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
