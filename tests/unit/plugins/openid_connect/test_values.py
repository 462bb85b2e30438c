"""The kinds of values that attributes have: what is taken, and what is refused with what to write instead."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ostiary.config.urls import Url
from ostiary.identity.algorithms import MODELS
from ostiary.plugins.openid_connect.values import (
    Algorithm,
    Parameters,
    ScopeName,
    Seconds,
    VerifySwitch,
    read_fraction,
    read_switch,
)


def take(kind: Any, value: object) -> Any:
    """Read a value of a kind."""
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: object) -> str:
    """Say why a value is refused."""
    with pytest.raises(ValidationError) as refused:
        take(kind, value)
    return str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example",
        "http://127.0.0.1:8080/a?b=c",
        "https://id.example/a%20b",
        "HTTPS://id.example/",
        "https://[::1]/",
    ],
)
def test_addresses_are_taken_as_they_are(url: str) -> None:
    """Nothing is normalised."""
    assert take(Url, url) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "/path", "id.example/d", "ftp://id.example/", "https://", "https:///d", "https://user@id.example/",
        "https://u:p@id.example/", "https://id.example/#f", "https://id.example/a b", "https://id.example/\n",
        "https://id.example:x/", "https://id.example:0/", "https://id.example:99999/", "https://[::1/", "javascript:x",
        7, None,
    ],
)  # fmt: skip
def test_what_is_no_whole_address_is_refused(url: object) -> None:
    """Relative ones, other schemes, credentials, fragments, spaces, ports that are none; and nothing raises."""
    refusal(Url, url)


@given(st.text(max_size=40))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    """Whatever somebody writes."""
    for kind in (Url, Algorithm, ScopeName):
        try:
            assert take(kind, text) == text
        except ValidationError:
            continue


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_algorithm_that_is_known_may_be_named(name: str) -> None:
    """By its registered name."""
    assert take(Algorithm, name) == name


@pytest.mark.parametrize("name", ["none", "NONE", "rs256", "RS1", "", "HS1", "dir"])
def test_no_other_algorithm_may(name: str) -> None:
    """`none` is none."""
    assert "no signature algorithm" in refusal(Algorithm, name)


@pytest.mark.parametrize(
    ("value", "taken"), [("true", True), ("false", False), (True, True), ("no", False), (False, False)]
)
def test_certificates_have_an_old_spelling(value: object, taken: bool) -> None:
    """APISIX takes `no` for false at `ssl_verify`, and nothing else does."""
    assert take(VerifySwitch, value) is taken


@pytest.mark.parametrize("value", ["yes", "No", "off", 0, 1, "", None])
def test_what_is_merely_like_a_truth_value_is_refused(value: object) -> None:
    """A typo switches nothing off."""
    refusal(VerifySwitch, value)


@pytest.mark.parametrize(
    ("value", "taken"),
    [("1", 1.0), ("0.5", 0.5), ("0", 0.0), ("10.25", 10.25), (0.5, 0.5), (3, 3), ("1e3", "1e3"), (".5", ".5"),
     ("1.", "1."), ("-1", "-1"), ("nan", "nan"), ("٣", "٣"), ("12345678901", "12345678901"), (None, None)],
)  # fmt: skip
def test_fractions_may_come_from_a_variable(value: object, taken: object) -> None:
    """Digits, with or without a fraction; what is none is left for the model to refuse."""
    assert read_fraction(value) == taken


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_fraction(value: object) -> None:
    """Python would take it for one or zero."""
    with pytest.raises(ValueError, match="is no number"):
        read_fraction(value)


def test_a_switch_reads_the_texts_of_a_variable_only() -> None:
    """What rules between fields see is what the field will be."""
    assert [read_switch(value) for value in ("true", "false", "True", 1, None)] == [True, False, "True", 1, None]


@pytest.mark.parametrize(("value", "accepted"), [(1, True), ("60", True), (2**31, True), (0, False), (2**31 + 1, False),
                                                 (-1, False), (1.5, False), (True, False)])  # fmt: skip
def test_seconds_are_whole_and_there_is_at_least_one(value: object, accepted: bool) -> None:
    """And no more than fit into 32 bits."""
    if accepted:
        assert take(Seconds, value) == int(str(value))
    else:
        refusal(Seconds, value)


def test_parameters_are_written_as_they_are_sent() -> None:
    """Numbers and truth values as text; the protocol's own names are not to be had."""
    assert take(Parameters, {"max_age": 60, "x": True, "y": "z"}) == {"max_age": "60", "x": "true", "y": "z"}
    refused: list[dict[str, Any]] = [
        {"x": {}},
        {"x": None},
        {"x": 1.5},
        {"x": "y" * 1025},
        {"": "x"},
        {"state": "x"},
        {"response_mode": "form_post"},
        {"response_mode": "query"},
    ]
    for bad in refused:
        refusal(Parameters, bad)
    assert "is an attribute of its own" in refusal(Parameters, {"state": "x", "response_mode": "query"})


@pytest.mark.parametrize(("scope", "accepted"), [("openid", True), ("api:read", True), ("a b", False), ("", False),
                                                 ('a"b', False), ("a\\b", False), ("é", False)])  # fmt: skip
def test_a_scope_is_one_word(scope: str, accepted: bool) -> None:
    """RFC 6749 §3.3."""
    if accepted:
        assert take(ScopeName, scope) == scope
    else:
        refusal(ScopeName, scope)
