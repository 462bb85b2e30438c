"""fapi2-security-profile-final-client-test-invalid-authorization-response-iss: an answer of another provider.

The provider's metadata promise `iss` in its answers, and this one names another issuer: providers may have been mixed
up (RFC 9207 §2.4).
"""

from tests.conformance.stage import Case


def test_the_answer_is_from_the_provider_that_was_asked(case: Case) -> None:
    """Otherwise the code is redeemed nowhere."""
    case.provider.metadata["authorization_response_iss_parameter_supported"] = True
    case.provider.authorization["iss"] = "https://other.example"

    case.check_refused("callback_issuer_differs", 400)
    assert [] == case.provider.requests("/token")


def test_an_issuer_that_nobody_promised_has_to_be_right_too(case: Case) -> None:
    """Where it is, it counts."""
    case.provider.authorization["iss"] = "https://other.example"

    case.check_refused("callback_issuer_differs", 400)
    assert [] == case.provider.requests("/token")
