"""What the operator is told to do: one sentence for each cause, and nothing of what the provider wrote."""

import pytest

from ostiary.errors import ProviderFault
from ostiary.identity.authorization import AuthorizationDenied, CallbackRefused
from ostiary.identity.jose import TokenRefused
from ostiary.identity.login_flow import FLOW_VERSION, LoginFlow
from ostiary.relying_party.option_names import OptionNames
from ostiary.relying_party.remedies import (
    DENIALS,
    REFUSALS,
    find_denial_remedy,
    find_fault_remedy,
    find_refusal_remedy,
    is_about_client,
    is_about_pkce,
)

NAMES = OptionNames()


def make_flow(code_verifier: str | None) -> LoginFlow:
    """Make a login under way, with PKCE or without."""
    return LoginFlow(
        version=FLOW_VERSION,
        state="state",
        nonce="nonce",
        code_verifier=code_verifier,
        issuer="https://issuer.example",
        client_id="shop",
        redirect_uri="https://shop.example/callback",
        return_to="/",
        created_at=0.0,
    )


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_has_its_remedy(code: str) -> None:
    """Its own, in a sentence."""
    assert NAMES.fill(REFUSALS[code]) == find_refusal_remedy(code, CallbackRefused(code), NAMES)
    assert len(REFUSALS[code].split()) > 5


@pytest.mark.parametrize("code", ["callback_replayed", "never_heard_of"])
def test_where_the_page_says_everything_the_log_adds_nothing(code: str) -> None:
    """No empty advice."""
    assert "" == find_refusal_remedy(code, CallbackRefused(code), NAMES)


@pytest.mark.parametrize(
    ("ahead_s", "said"), [(431.4, "431 s ahead of this machine's"), (-86_500.0, "86500 s behind this machine's")]
)
def test_clocks_that_differ_are_told_by_how_much(ahead_s: float, said: str) -> None:
    """With what mends them, and what tolerates them."""
    remedy = find_refusal_remedy("token_issued_at", TokenRefused("token_issued_at", ahead_s=ahead_s), NAMES)

    assert said in remedy
    assert "NTP" in remedy
    assert "iat_slack" in remedy


def test_a_time_that_is_missing_is_no_matter_of_clocks() -> None:
    """A token without `iat` or `exp` is wrong, not late."""
    assert "" == find_refusal_remedy("token_issued_at", TokenRefused("token_issued_at"), NAMES)


@pytest.mark.parametrize(("error", "remedy"), DENIALS.items())
def test_a_denial_has_its_remedy(error: str, remedy: str) -> None:
    """By the error code alone; what the provider wrote beside it is not repeated."""
    assert NAMES.fill(remedy) == find_denial_remedy(AuthorizationDenied(error, "some words"), None, NAMES)


def test_an_error_that_nobody_knows_has_none() -> None:
    """The log has its code all the same."""
    assert "" == find_denial_remedy(AuthorizationDenied("teapot", ""), make_flow(None), NAMES)


@pytest.mark.parametrize(
    "words",
    [
        "Missing parameter: code_challenge_method",
        "Invalid parameter: code challenge method is not matching the configured one",
        "PKCE code verifier is required",
        "AADSTS501481: The Code_Verifier does not match",
    ],
)
def test_pkce_is_recognised_by_what_providers_write(words: str) -> None:
    """And the remedy depends on whether it was used."""
    denied = AuthorizationDenied("invalid_request", words)

    assert is_about_pkce(denied)
    assert "use_pkce: true" in find_denial_remedy(denied, make_flow(None), NAMES)
    assert "S256" in find_denial_remedy(denied, make_flow("verifier"), NAMES)
    assert "S256" in find_denial_remedy(denied, None, NAMES)


@pytest.mark.parametrize("words", ["", "Invalid parameter: redirect_uri", "the code is unknown"])
def test_other_errors_are_not_about_pkce(words: str) -> None:
    """A word that is merely near is not enough."""
    assert not is_about_pkce(AuthorizationDenied("invalid_request", words))


@pytest.mark.parametrize("detail", ["invalid_client", "status 401"])
def test_a_client_that_is_refused_is_told_what_to_compare(detail: str) -> None:
    """The secret, and the method; the spare status is what providers without JSON answer."""
    fault = ProviderFault("token_refused", detail, passing=False)

    assert is_about_client(fault)
    assert "client_secret" in find_fault_remedy(fault, None, NAMES)
    assert "token_endpoint_auth_method" in find_fault_remedy(fault, None, NAMES)


@pytest.mark.parametrize(
    "fault",
    [
        ProviderFault("token_refused", "invalid_client", passing=True),
        ProviderFault("token_refused", "invalid_grant", passing=False),
        ProviderFault("userinfo_refused", "status 401", passing=False),
    ],
)
def test_other_faults_are_not_about_the_client(fault: ProviderFault) -> None:
    """What passes by itself, and what other endpoints say."""
    assert not is_about_client(fault)


@pytest.mark.parametrize(("verifier", "names_pkce"), [(None, False), ("verifier", True)])
def test_a_code_that_is_refused_may_be_about_pkce(verifier: str | None, names_pkce: bool) -> None:
    """Only where it was used."""
    fault = ProviderFault("token_refused", "invalid_grant", passing=False)

    assert names_pkce == ("use_pkce" in find_fault_remedy(fault, make_flow(verifier), NAMES))
    assert "redirect_uri" in find_fault_remedy(fault, None, NAMES)


def test_other_faults_say_where_to_look() -> None:
    """How a provider is reached is in the fault's own detail."""
    assert "token_endpoint" in find_fault_remedy(ProviderFault("token_answer_invalid"), None, NAMES)
    assert "" == find_fault_remedy(ProviderFault("provider_timeout", "3 s"), None, NAMES)
