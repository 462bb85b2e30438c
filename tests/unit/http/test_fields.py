"""Header field names and their roles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.fields import (
    IDENTITY_NAMES,
    IDENTITY_PREFIXES,
    KNOWN,
    Role,
    classify,
    collect_fields,
    is_identity_name,
)

_OWNED = [
    *sorted(IDENTITY_NAMES),
    b"x-forwarded-prefix", b"x-forwarded-uri", b"x-forwarded-port", b"x-forwarded-user", b"x-forwarded-email",
    b"x-auth-request-user", b"x-auth-request-redirect", b"x-original-uri", b"x-original-method", b"x-ostiary-anything",
]  # fmt: skip


@pytest.mark.parametrize("lower", _OWNED)
def test_identity_names_are_dropped_in_every_spelling(lower: bytes) -> None:
    """Case, `_`, `.` and every other separator that an application server may fold into `-`."""
    title = b"-".join(part.capitalize() for part in lower.split(b"-"))
    spellings = [lower, lower.upper(), title, lower.swapcase()]
    spellings += [
        spelling.replace(b"-", mark) for spelling in (lower, title) for mark in (b"_", b".", b"~", b"+", b"!")
    ]
    spellings += [lower.replace(b"-", b"_", 1), lower[:1] + lower[1:].replace(b"-", b".", 1)]

    roles = {spelling: classify(spelling).role for spelling in spellings if spelling}

    kept = {spelling for spelling, role in roles.items() if role is Role.PASS}
    # A name without a hyphen has no separator to swap: `forwarded` is dropped by name alone.
    assert kept == set()


@pytest.mark.parametrize(
    "name",
    [
        b"X_Custom",
        b"X.Custom",
        b"Content_Length",
        b"Transfer_Encoding",
        b"a~b",
        b"a|b",
        b"a b",
        b"",
        b"\xc3\xa9",
        b"a\n",
    ],
)
def test_a_name_with_anything_but_letters_digits_and_hyphens_is_dropped(name: bytes) -> None:
    """Not refused: some clients send them in good faith; nobody behind the gateway may see them."""
    assert classify(name).role is Role.DROP


@pytest.mark.parametrize(
    "name",
    [
        b"Proxy-Connection",
        b"keep-alive",
        b"TE",
        b"Trailer",
        b"Proxy-Authorization",
        b"Proxy-Authenticate",
        b"HTTP2-Settings",
    ],
)
def test_hop_by_hop_fields_end_here(name: bytes) -> None:
    """RFC 9110 §7.6.1."""
    assert classify(name).role is Role.DROP


@pytest.mark.parametrize(
    "name",
    [
        b"Authorization", b"Content-Type", b"Range", b"Origin", b"Referer", b"User-Agent", b"If-Match",
        b"If-None-Match",
        b"If-Modified-Since", b"If-Unmodified-Since", b"If-Range",
    ],
)  # fmt: skip
def test_fields_of_which_one_value_counts_are_single(name: bytes) -> None:
    """Two of them are read differently by different servers."""
    assert classify(name).role is Role.SINGLE


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (b"hOsT", Role.HOST),
        (b"CONTENT-LENGTH", Role.CONTENT_LENGTH),
        (b"transfer-encoding", Role.TRANSFER_ENCODING),
        (b"Connection", Role.CONNECTION),
        (b"COOKIE", Role.COOKIE),
        (b"Expect", Role.EXPECT),
        (b"upgrade", Role.UPGRADE),
        (b"X-Forwarded-For", Role.FORWARDED_FOR),
        (b"x-forwarded-proto", Role.FORWARDED_PROTO),
        (b"X-FORWARDED-HOST", Role.FORWARDED_HOST),
        (b"Accept", Role.PASS),
        (b"X-Anything-Else", Role.PASS),
        (b"X-HTTP-Method-Override", Role.PASS),
        (b"9", Role.PASS),
    ],
)
def test_names_are_classified_whatever_their_case(name: bytes, role: Role) -> None:
    """Field names are case-insensitive (RFC 9110 §5.1)."""
    assert (classify(name).lower, classify(name).role) == (name.lower(), role)


def test_the_table_of_known_names_says_what_classifying_says() -> None:
    """It is a shortcut, never another opinion; both usual spellings are in it."""
    assert all(
        (known.lower, known.role) == (classify(name).lower, classify(name).role) for name, known in KNOWN.items()
    )
    assert {b"user-agent", b"User-Agent", b"x-userinfo", b"X-Userinfo", b"cookie", b"Cookie"} <= KNOWN.keys()


def test_identity_names_are_names_and_prefixes() -> None:
    """Whole families belong to the gateway."""
    assert all(is_identity_name(name) for name in IDENTITY_NAMES)
    assert all(is_identity_name(prefix + b"x") for prefix in IDENTITY_PREFIXES)
    assert not is_identity_name(b"x-user")


@given(st.binary(max_size=30))
def test_what_is_passed_on_is_a_plain_name_that_is_not_ours(name: bytes) -> None:
    """Whatever the bytes."""
    known = classify(name)

    if known.role in {Role.PASS, Role.SINGLE}:
        assert re.fullmatch(rb"[a-z0-9-]+", known.lower)
        assert not is_identity_name(known.lower)


def test_what_the_parser_calls_with_is_collected_in_order() -> None:
    """Into the one list, which whoever owns it may empty."""
    fields, on_header = collect_fields()
    on_header(b"A", b"1")
    on_header(b"A", b"2")
    assert [(b"A", b"1"), (b"A", b"2")] == fields

    fields.clear()
    on_header(b"B", b"3")
    assert [(b"B", b"3")] == fields
