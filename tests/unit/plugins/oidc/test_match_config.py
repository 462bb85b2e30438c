"""What rules may be written about who has to sign in."""

from typing import Any

import pytest

from ostiary.plugins.oidc.match_config import find_match_notices
from ostiary.plugins.oidc.match_list import MatchRule
from tests.fakes.oidc_configs import LEFT_OUT, find_problems, make_oidc

RULE = {"match_rule_domain": "*.bar.com", "match_rule_path": "/foo/", "match_rule_type": "prefix"}


def rule(**changes: Any) -> dict[str, Any]:
    """Return a rule with other fields."""
    return {name: value for name, value in {**RULE, **changes}.items() if value is not LEFT_OUT}


@pytest.mark.parametrize("written", [RULE, [RULE]])
def test_one_rule_is_a_list_of_one(written: Any) -> None:
    """As the document's type says."""
    [found] = make_oidc(match_list=written).match_list

    assert MatchRule("*.bar.com", "/foo/", "prefix") == found.rule


@pytest.mark.parametrize(
    "written",
    [
        rule(match_rule_domain="*"),
        rule(match_rule_domain="foo.*"),
        rule(match_rule_domain="[::1]"),
        rule(match_rule_domain="foo.bar.com."),
        rule(match_rule_type="regex", match_rule_path=r"\.(css|js)$"),
        rule(match_rule_type="exact", match_rule_path="/"),
        rule(match_rule_path="/a b/\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ],
)
def test_what_can_be_meant_is_taken(written: dict[str, Any]) -> None:
    """Without a word."""
    assert {} == find_problems(match_list=[written])


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"match_rule_domain": LEFT_OUT}, "match_rule_domain", "required, but missing"),
        ({"match_rule_domain": "[1:2]"}, "match_rule_domain", "is no host"),
        ({"match_rule_domain": "[::1.2]"}, "match_rule_domain", "is no host"),
        ({"match_rule_domain": ""}, "match_rule_domain", "write the host, or `*` for every host"),
        ({"match_rule_domain": "foo.bar.com:8080"}, "match_rule_domain", "write `foo.bar.com`"),
        ({"match_rule_domain": "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"}, "match_rule_domain", "xn--"),
        ({"match_rule_domain": "https://foo"}, "match_rule_domain", "is no host"),
        ({"match_rule_path": LEFT_OUT}, "match_rule_path", "required, but missing"),
        ({"match_rule_path": "foo"}, "match_rule_path", "a path begins with `/`"),
        ({"match_rule_path": "/foo?a=1"}, "match_rule_path", "no request has this path"),
        ({"match_rule_path": "/a/../b"}, "match_rule_path", "no request has this path"),
        ({"match_rule_path": "/a//b"}, "match_rule_path", "no request has this path"),
        ({"match_rule_path": "/a%20b"}, "match_rule_path", "write it decoded"),
        ({"match_rule_path": "/a;b"}, "match_rule_path", "no request has this path"),
        ({"match_rule_path": "(", "match_rule_type": "regex"}, "match_rule_path", "this is no RE2 pattern"),
        ({"match_rule_type": LEFT_OUT}, "match_rule_type", "required, but missing"),
        ({"match_rule_type": "suffix"}, "match_rule_type", "'exact', 'prefix' or 'regex'"),
        ({"path": "/foo"}, "path", "did you mean `match_rule_path`?"),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_what_could_never_match_is_refused(changes: dict[str, Any], field: str, says: str, is_list: bool) -> None:
    """With what is wrong or what to write, wherever the rule stands."""
    written = rule(**changes)
    problems = find_problems(match_list=[written] if is_list else written)
    path = f"match_list{'[0]' if is_list else ''}.{field}"

    assert [path] == list(problems)
    assert says in problems[path]


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"match_type": "greylist"}, "match_type", "'whitelist' or 'blacklist'"),
        (
            {"match_type": "blacklist"},
            "",
            "match_list is empty, so with `match_type: blacklist` nothing would need a sign-in",
        ),
        ({"match_type": "blacklist", "match_list": []}, "match_list", "nothing would need a sign-in"),
        ({"api_routes": ["^/api/", "("]}, "api_routes[1]", "this is no RE2 pattern"),
        ({"skip_auth_preflight": "on"}, "skip_auth_preflight", "`true` or `false`"),
    ],
)
def test_what_cannot_stand_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]


@pytest.mark.parametrize(
    ("match_type", "changes", "notice"),
    [
        ("whitelist", {}, None),
        ("whitelist", {"match_rule_path": "/foo"}, "the prefix /foo lets /foobar through, too"),
        ("whitelist", {"match_rule_path": "/"}, "lets every path of *.bar.com through"),
        ("whitelist", {"match_rule_path": r"\.css$", "match_rule_type": "regex"}, "begin it with ^"),
        ("whitelist", {"match_rule_path": "^/a$", "match_rule_type": "regex"}, None),
        ("blacklist", {"match_rule_path": "/foo"}, "whatever match_list does not name goes through"),
    ],
)
def test_what_lets_more_through_than_it_seems_is_told(match_type: str, changes: dict[str, Any], notice: str) -> None:
    """At every start."""
    notices = list(find_match_notices(make_oidc(match_type=match_type, match_list=[rule(**changes)])))

    assert ([] if notice is None else [True]) == [notice in found for found in notices]
