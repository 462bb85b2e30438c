"""The generated page of `oidc`: complete against Higress's document, and every option explained."""

import pytest

from ostiary.plugins.oidc.config import OidcConfig
from tests.reference.oidc import DIFFERENCES, ROWS, TYPES, Row
from tools.reference import MANUALS, Attribute, list_attributes, list_refusals, write_type

(MANUAL,) = [manual for manual in MANUALS if manual.plugin == "oidc"]
ATTRIBUTES = {attribute.name: attribute for attribute in list_attributes(OidcConfig)}
COLUMNS = ("type", "default", "choices")


def test_the_rows_are_those_of_the_document() -> None:
    """27, each once."""
    assert 27 == len(ROWS) == len({row.name for row in ROWS})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_option_of_the_document_is_there(row: Row) -> None:
    """With its type, its default and its valid values, or a listed difference."""
    assert row.place in ATTRIBUTES, f"{row.name} is not among the options that work"

    ours = {column: tell_ours(ATTRIBUTES[row.place], row, column) for column in COLUMNS}
    expected = {column: tell_expected(row, column) for column in COLUMNS}

    assert expected == ours


@pytest.mark.parametrize(("name", "column"), DIFFERENCES)
def test_every_difference_is_one_and_has_its_reason(name: str, column: str) -> None:
    """What became the same leaves the list, and what is otherwise says why."""
    (row,) = [row for row in ROWS if row.name == name]

    assert DIFFERENCES[name, column].ours != tell_row(row, column)
    assert len(DIFFERENCES[name, column].reason.split()) > 3


def test_every_difference_is_told() -> None:
    """Somebody who comes from Higress finds it on the page that says what differs."""
    page = (MANUAL.path.parents[1] / "compatibility.md").read_text("utf-8")

    assert [] == sorted({name for name, _ in DIFFERENCES if f"`{name}" not in page})


def test_every_undocumented_option_works_or_is_refused_by_name() -> None:
    """Those that Higress's plugin accepts without saying so: people use them."""
    known = {*ATTRIBUTES, *(name for name, _ in list_refusals(OidcConfig, "refused"))}

    assert [] == sorted(UNDOCUMENTED - known)


def tell_expected(row: Row, column: str) -> str:
    """What the page should say: the documented fact, or the difference that is listed."""
    difference = DIFFERENCES.get((row.name, column))
    return tell_row(row, column) if difference is None else difference.ours


def tell_row(row: Row, column: str) -> str:
    """A documented fact as text."""
    if column == "type":
        return TYPES[row.type]
    return ", ".join(row.choices) if column == "choices" else row.default


def tell_ours(attribute: Attribute, row: Row, column: str) -> str:
    """The same fact of ours. Choices are compared only where the document has some."""
    if column == "type":
        return write_type(attribute)
    if column == "choices":
        return ", ".join(attribute.alternatives[0].get("enum", [])) if row.choices else ""
    default = attribute.default
    return str(default).lower() if isinstance(default, bool) else "" if default is None else str(default)


UNDOCUMENTED = {
    "proxy_prefix", "reverse_proxy", "relative_redirect_url", "whitelist_domains", "session_store_type",
    "session_cookie_minimal", "skip_auth_preflight", "encode_state", "pass_access_token", "verifier_interval",
    "update_keys_interval", "validate_service_name", "validate_service_port", "validate_service_host", "login_url",
    "redeem_url", "profile_url", "validate_url", "redeem_timeout", "prompt", "approval_prompt", "acr_values",
    "user_id_claim", "allowed_groups", "oidc_email_claim", "oidc_groups_claim", "oidc_audience_claims",
    "oidc_extra_audiences", "oidc_jwks_url", "skip_oidc_discovery", "insecure_oidc_skip_issuer_verification",
    "insecure_oidc_skip_nonce", "code_challenge_method", "skip_claims_from_profile_url",
}  # fmt: skip
