"""What a test needs of the machine: a real server, a package from elsewhere.

`require("nginx", "apt-get install nginx")` gives the program's path. Without it the test is skipped and the summary
names in one line how to get it; with `OSTIARY_TEST_REQUIRE=all`, as in CI, it fails instead.
"""

import os
import shutil

import pytest

VARIABLE = "OSTIARY_TEST_REQUIRE"
SKIPPED_FOR_WANT_OF = "needs "
_SYSTEM_DIRECTORIES = "/usr/local/sbin:/usr/sbin:/sbin"  # where servers are, and a user's PATH often is not


def require(program_or_condition: str | bool, how_to_get: str) -> str:
    """Return the path of a program; skip the calling test (or module) when it is not there.

    A program is given by name. Anything else is given as its truth, and `how_to_get` then also says what it is; the
    result is then empty. With OSTIARY_TEST_REQUIRE=all the test fails instead of being skipped.
    """
    if isinstance(program_or_condition, str):
        path = find_program(program_or_condition)
        wanted = f"{program_or_condition}: {how_to_get}"
    else:
        path = "" if program_or_condition else None
        wanted = how_to_get
    if path is not None:
        return path
    if everything_is_required():
        pytest.fail(f"{SKIPPED_FOR_WANT_OF}{wanted} ({VARIABLE}=all forbids skipping)", pytrace=False)
    pytest.skip(f"{SKIPPED_FOR_WANT_OF}{wanted}", allow_module_level=True)


def find_program(name: str) -> str | None:
    """Return the path of a program, also from the directories of system servers."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_DIRECTORIES}")


def everything_is_required() -> bool:
    """Return whether a missing server is a failure; raises UsageError for a value nobody defined."""
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "all"):
        message = f"{VARIABLE} is 'all' or unset, not {value!r}"
        raise pytest.UsageError(message)
    return value == "all"


def summarise_skips(reasons: list[str]) -> list[str]:
    """Turn pytest's skip reasons into one line for each thing that was missing, with the number of tests it cost.

    Skips for any other reason are named as they are: nothing is skipped in silence.
    """
    counts: dict[str, int] = {}
    for reason in reasons:
        text = reason.removeprefix("Skipped: ")
        counts[text] = counts.get(text, 0) + 1
    return [f"{count} skipped: {text}" for text, count in sorted(counts.items())]
