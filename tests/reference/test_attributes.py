"""Every attribute: a case where it matters, and a value that `ostiary check` refuses.

Those of the reference, and those that came after it; an attribute that is accepted and does nothing is a defect.
"""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostiary.cli.check import check_file
from ostiary.cli.presentation import Screen
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from tests.architecture.tree import ROOT
from tests.reference import matters
from tests.reference.bad_values import BAD_VALUES, LEFT_OUT
from tests.reference.openid_connect import ROWS
from tools.reference import list_attributes

DOCUMENTED = [row.name for row in ROWS]
NAMES = list(dict.fromkeys([*DOCUMENTED, *(each.name for each in list_attributes(OpenIdConnectConfig))]))
PLUGIN = "routes[0].plugins.openid-connect"
GOOD: dict[str, Any] = {
    "client_id": "shop",
    "client_secret": "a-client-secret-for-tests",
    "discovery": "https://id.example/.well-known/openid-configuration",
    "redirect_uri": "http://localhost:9080/anything/callback",
    "session": {"secret": "a-session-secret-for-tests"},
}


@pytest.mark.parametrize("name", NAMES)
def test_it_matters(name: str) -> None:
    """Something is otherwise with the attribute than without it."""
    if name in matters.ELSEWHERE:
        file, _, test = matters.ELSEWHERE[name].partition("::")
        assert re.search(rf"def {test}\b", (ROOT / file).read_text("utf-8")), f"{matters.ELSEWHERE[name]} is gone"
        return
    case: Callable[[], None] | None = getattr(matters, case_of(name), None)

    assert case is not None, f"write {case_of(name)} in tests/reference/matters.py: where does {name} matter?"
    case()


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_value_is_refused(name: str, tmp_path: Path) -> None:
    """Exit code 1, and a message that names the attribute and says what is wrong or what to write."""
    assert name in BAD_VALUES, f"write a bad value for {name} in tests/reference/bad_values.py"
    bad = BAD_VALUES[name]
    code, printed = check(bad.written, tmp_path)
    path = f"{PLUGIN}.{name.replace('[]', '[0]')}" if bad.path is None else PLUGIN

    assert "not supported yet" not in printed, f"{name} does not work yet: {printed}"
    assert code == 1, printed
    assert re.search(rf"(^|\s){re.escape(path)}[:.\[ ]", printed, re.MULTILINE), printed
    assert bad.says in printed


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"session_content": {"access_token": True}}, "did you mean `session_contents`?"),
        ({"redirect_uri": "http://localhost:9080/anything/*"}, "which the route protects"),
        ({"logout_path": "/anything/callback"}, "where sign-ins return to"),
        ({"backchannel_logout_path": "/anything/callback"}, "where sign-ins return to"),
        ({"backchannel_logout": True}, "did you mean `backchannel_logout_path`?"),
        (
            {"backchannel_logout_path": "/anything/told", "bearer_only": True, "use_jwks": True},
            "add `session`, or leave it out",
        ),
        (
            {"redirect_uri": "http://shop.example/cb", "response_mode": "form_post"},
            "response_mode: form_post needs https",
        ),
        ({"authorization_params": {"response_mode": "form_post"}}, "is an attribute of its own"),
        ({"ssl_verify": False, "ssl_ca_file": "ca.pem"}, "remove one of the two"),
    ],
)
def test_what_people_get_wrong_is_found_at_load(written: dict[str, Any], says: str, tmp_path: Path) -> None:
    """The manual's own slip, a callback that is a page, two that cannot both be meant."""
    code, printed = check(written, tmp_path)

    assert code == 1
    assert says in printed


def test_what_the_bad_values_stand_beside_is_good(tmp_path: Path) -> None:
    """So that they are what is refused."""
    assert check({}, tmp_path)[0] == 0


def test_the_tables_are_complete() -> None:
    """One of each for every attribute, and none for what is no attribute."""
    cases = {name for name in vars(matters) if name.startswith("matters_")}

    assert set(NAMES) == set(BAD_VALUES)
    assert set() == cases - {case_of(name) for name in NAMES}
    assert set() == set(matters.ELSEWHERE) - set(NAMES)


def test_no_secret_is_printed(tmp_path: Path) -> None:
    """Whatever is wrong: what was written where secrets stand is not repeated."""
    for bad in BAD_VALUES.values():
        printed = check(bad.written, tmp_path)[1]
        assert [] == [secret for secret in ("a-client-secret", "a-session-secret", "hush-hush") if secret in printed]


def case_of(name: str) -> str:
    """The function that shows where an attribute matters."""
    return f"matters_{name.replace('[]', '').replace('.', '_')}"


def check(written: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Check a file with these attributes; return the exit code and what was printed."""
    attributes = {key: value for key, value in {**GOOD, **written}.items() if value is not LEFT_OUT}
    route = {"uri": "/anything/*", "plugins": {"openid-connect": attributes}, "upstream": {"nodes": {"127.0.0.1:1": 1}}}
    file = folder / "ostiary.yaml"
    file.write_text(yaml.safe_dump({"routes": [route]}), encoding="utf-8")
    stream = StringIO()
    code = check_file(file, {}, screen=Screen(stream))
    return code, stream.getvalue()
