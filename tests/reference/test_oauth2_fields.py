"""Every field of `oauth2`: a test that shows where it matters, a value that is taken, and one that is refused.

A field that is accepted and does nothing is a defect: each names the test that would fail without it.
"""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostiary.cli.check import check_file
from ostiary.cli.presentation import Screen
from ostiary.plugins.oauth2.config import OAuth2Config
from tests.architecture.tree import ROOT
from tests.reference.oauth2_fields import CONSUMER, FIELDS, SECRET
from tools.reference import list_attributes

PLUGIN = "routes[0].plugins.oauth2"
NAMES = [attribute.name for attribute in list_attributes(OAuth2Config)]


@pytest.mark.parametrize("name", FIELDS)
def test_it_matters(name: str) -> None:
    """A test of that name is there."""
    file, _, test = FIELDS[name].matters.partition("::")

    assert re.search(rf"def {test}\(", (ROOT / file).read_text("utf-8")), f"{FIELDS[name].matters} is gone"


@pytest.mark.parametrize("name", FIELDS)
def test_a_good_value_is_taken(name: str, tmp_path: Path) -> None:
    """Exit code 0."""
    code, printed = check(FIELDS[name].good, tmp_path)

    assert code == 0, printed


@pytest.mark.parametrize("name", FIELDS)
def test_a_bad_value_is_refused(name: str, tmp_path: Path) -> None:
    """Exit code 1, and a message that names the field and says what is wrong or what to write."""
    field = FIELDS[name]
    code, printed = check(field.bad, tmp_path)
    path = PLUGIN if field.path is not None else f"{PLUGIN}.{name.replace('[]', '[0]')}"

    assert code == 1, printed
    assert re.search(rf"(^|\s){re.escape(path)}[:.\[ ]", printed, re.MULTILINE), printed
    assert field.says in printed
    assert SECRET not in printed


def test_the_table_is_complete() -> None:
    """One row for every field, and none for what is none."""
    assert sorted(NAMES) == sorted(FIELDS)


def check(written: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Check a file with these fields; return the exit code and what was printed."""
    rule = {"consumers": [CONSUMER], **written}
    route = {"uri": "/*", "plugins": {"oauth2": rule}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}
    file = folder / "ostiary.yaml"
    file.write_text(yaml.safe_dump({"routes": [route]}), encoding="utf-8")
    stream = StringIO()
    code = check_file(file, {}, screen=Screen(stream))
    return code, stream.getvalue()
