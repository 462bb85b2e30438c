"""References: resolved before anything is validated, refused when they cannot be, never taken literally."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.config.references import resolve_references

JSON = '{"a": "text", "n": 5, "t": true, "o": {}, "e": "", "x/y": "z", "z": null}'
ENVIRON = {"NAME": "hushed", "EMPTY": "", "JSON": JSON}


def resolve(value: object, environ: Mapping[str, str] = ENVIRON) -> object:
    """The value of a reference that resolves."""
    resolution = resolve_references({"field": value}, environ)
    assert resolution.problems == ()
    return resolution.tree["field"]


def problem(value: str) -> str:
    """What is said about a reference that does not; the value stays as it was written."""
    resolution = resolve_references({"list": [{"field": value}]}, ENVIRON)
    assert resolution.tree == {"list": [{"field": value}]}
    (found,) = resolution.problems
    assert found.path == "list[0].field"
    return f"{found.problem}; {found.remedy}"


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("$ENV://NAME", "hushed"),
        ("$env://NAME", "hushed"),
        ("$Env://JSON/a", "text"),
        ("$ENV://JSON/n", 5),
        ("$ENV://JSON/t", True),
        ("$ENV://JSON/x/y", "z"),
        ("$ENV://JSON", ENVIRON["JSON"]),
    ],
)
def test_a_reference_is_its_value(reference: str, value: object) -> None:
    """A variable's text, or what its JSON holds under a key."""
    assert resolve(reference) == value


@pytest.mark.parametrize(
    "text", ["", "$", "$HOME", "$ENVIRONMENT://A", "x $ENV://NAME", "ENV://NAME", "$5", " $ENV://NAME"]
)
def test_other_texts_are_left_alone(text: str) -> None:
    """A reference is the whole value."""
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("$ENV://NOPE", "NOPE is not set; set NOPE before"),
        ("$ENV://EMPTY", "EMPTY is empty"),
        ("$ENV://", '"" cannot be the name'),
        ("$ENV://A B", '"A B" cannot be the name'),
        ("$ENV:///key", '"" cannot be the name'),
        ("$ENV://NAME/key", "NAME holds no JSON object"),
        ("$ENV://NOPE/key", "NOPE is not set"),
        ("$ENV://JSON/b", 'no member "b"'),
        ("$ENV://JSON/z", 'no member "z"'),
        ("$ENV://JSON/", 'no member ""'),
        ("$ENV://JSON/o", 'member "o" of the JSON in JSON is an empty mapping'),
        ("$ENV://JSON/e", 'member "e" of the JSON in JSON is an empty string'),
        ("$secret://vault/1/a/b", "`$secret://` references are not supported yet"),
        ("$SECRET://vault/1/a/b", "`$secret://` references are not supported yet"),
    ],
)
def test_an_unresolved_reference_is_a_problem(reference: str, words: str) -> None:
    """Which names the variable, and never what it holds."""
    said = problem(reference)

    assert words in said
    assert "hushed" not in said


def test_references_are_found_anywhere_and_names_are_left_alone() -> None:
    """Below lists and mappings; a mapping's names are no references."""
    tree = {"$ENV://NAME": ["$ENV://NAME", {"a": "$ENV://JSON/n"}], "n": 1}

    resolution = resolve_references(tree, ENVIRON)

    assert resolution.tree == {"$ENV://NAME": ["hushed", {"a": 5}], "n": 1}
    assert resolution.sources == {'["$ENV://NAME"][0]': "NAME", '["$ENV://NAME"][1].a': "JSON"}
    assert resolution.secrets == {"hushed", "5"}
    assert repr(resolution) == "Resolution(2 resolved, 0 not)"


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)


@given(NAMES, st.text(min_size=1))
def test_any_variable_can_be_referred_to(name: str, value: str) -> None:
    """What the environment says is what the configuration gets."""
    assert resolve(f"$ENV://{name}", {name: value}) == value


@given(NAMES, st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1))
def test_any_member_of_json_can_be_referred_to(name: str, members: dict[str, str]) -> None:
    """Slashes in the key included."""
    for key, value in members.items():
        assert resolve(f"$ENV://{name}/{key}", {name: json.dumps(members)}) == value


@given(st.text(), st.dictionaries(NAMES, st.text(), max_size=2))
def test_no_reference_breaks_the_resolver(rest: str, environ: dict[str, str]) -> None:
    """It resolves, or it is a problem and stays."""
    resolution = resolve_references([f"$ENV://{rest}", *(f"$ENV://{name}/{rest}" for name in environ)], environ)

    assert len(resolution.sources) + len(resolution.problems) == 1 + len(environ)
