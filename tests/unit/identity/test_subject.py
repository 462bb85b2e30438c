"""Subjects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.subject import digest_subject, read_kind


def test_a_digest_is_16_characters_and_stable() -> None:
    """It may be searched for in old logs."""
    assert "abb5879c9ab41818" == digest_subject("https://issuer.example", "user-1")


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_issuer_and_subject_do_not_run_into_each_other(one: tuple[str, str], other: tuple[str, str]) -> None:
    """("ab", "c") and ("a", "bc") are two subjects."""
    assert (one == other) == (digest_subject(*one) == digest_subject(*other))
    assert digest_subject("ab", "c") != digest_subject("a", "bc")


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"sub": "user-1", "azp": "shop"}, "person"),
        ({"sub": "user-1", "client_id": "shop"}, "person"),
        ({"sub": "user-1"}, "person"),
        ({"sub": "shop", "azp": "shop"}, "machine"),
        ({"sub": "shop", "client_id": "shop"}, "machine"),
        ({"azp": "shop"}, "machine"),
        ({"sub": None, "client_id": "shop"}, "machine"),
        ({"sub": "shop@clients", "gty": "client-credentials"}, "machine"),
        ({"sub": "0d1f", "idtyp": "app"}, "machine"),
        ({"sub": "0d1f", "azp": "Shop", "preferred_username": "service-account-shop"}, "machine"),
        ({"sub": "0d1f", "azp": "shop", "preferred_username": "service-account-shop", "sid": "1"}, "person"),
        ({"sub": "0d1f", "azp": "other", "preferred_username": "service-account-shop"}, "person"),
        ({"sub": "0d1f", "azp": None, "preferred_username": "service-account-None"}, "person"),
        ({"sub": "0d1f", "azp": "shop", "preferred_username": "shop"}, "person"),
    ],
)
def test_a_machine_is_its_client(claims: dict[str, Any], kind: str) -> None:
    """No subject, the client as subject, or the issuer's word for it."""
    assert kind == read_kind(claims)
