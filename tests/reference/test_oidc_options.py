"""Every option of `oidc`: a test that shows where it matters, and a value that `ostiary check` refuses.

An option that is accepted and does nothing is a defect: `MATTERS` names for each the test that would fail without it.
"""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostiary.cli.check import check_file
from ostiary.cli.presentation import Screen
from ostiary.plugins.oidc.config import OidcConfig
from tests.architecture.tree import ROOT
from tests.reference.bad_values import LEFT_OUT
from tests.reference.oidc_bad_values import BAD_VALUES, GOOD, SECRET
from tests.reference.oidc_matters import MATTERS
from tools.reference import list_attributes

NAMES = [attribute.name for attribute in list_attributes(OidcConfig)]
PLUGIN = "routes[0].plugins.oidc"


@pytest.mark.parametrize("name", NAMES)
def test_it_matters(name: str) -> None:
    """A test of that name is there."""
    assert name in MATTERS, f"where does {name} matter? write the test's name in tests/reference/oidc_matters.py"
    file, _, test = MATTERS[name].partition("::")

    assert re.search(rf"def {test}\(", (ROOT / file).read_text("utf-8")), f"{MATTERS[name]} is gone"


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_value_is_refused(name: str, tmp_path: Path) -> None:
    """Exit code 1, and a message that names the option and says what is wrong or what to write."""
    assert name in BAD_VALUES, f"write a bad value for {name} in tests/reference/oidc_bad_values.py"
    bad = BAD_VALUES[name]
    code, printed = check(bad.written, tmp_path)
    path = PLUGIN if bad.path is not None else f"{PLUGIN}.{name.replace('[]', '[0]')}"

    assert code == 1, printed
    assert re.search(rf"(^|\s){re.escape(path)}[:.\[ ]", printed, re.MULTILINE), printed
    assert bad.says in printed


def test_what_the_bad_values_stand_beside_is_good(tmp_path: Path) -> None:
    """So that they are what is refused."""
    assert check({}, tmp_path)[0] == 0


def test_the_tables_are_complete() -> None:
    """One of each for every option, and none for what is no option."""
    assert set(NAMES) == set(BAD_VALUES) == set(MATTERS)


def test_no_secret_is_printed(tmp_path: Path) -> None:
    """Whatever is wrong: what was written where secrets stand is not repeated."""
    for bad in BAD_VALUES.values():
        printed = check(bad.written, tmp_path)[1]
        assert [] == [secret for secret in ("a-client-secret", SECRET, "too short", "hush") if secret in printed]


def check(written: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Check a file with these options; return the exit code and what was printed."""
    options = {key: value for key, value in {**GOOD, **written}.items() if value is not LEFT_OUT}
    route = {"uri": "/*", "plugins": {"oidc": options}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}
    file = folder / "ostiary.yaml"
    file.write_text(yaml.safe_dump({"routes": [route]}), encoding="utf-8")
    stream = StringIO()
    code = check_file(file, {}, screen=Screen(stream))
    return code, stream.getvalue()
