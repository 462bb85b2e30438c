"""fapi2-security-profile-final-client-test-remove-authorization-response-iss: an answer of nobody in particular.

The provider's metadata promise `iss` in its answers, and this one has none: providers may have been mixed up
(RFC 9207 §2.4).
"""

from tests.conformance.stage import Case


def test_the_answer_says_whose_it_is(case: Case) -> None:
    """Otherwise the code is redeemed nowhere."""
    case.provider.metadata["authorization_response_iss_parameter_supported"] = True
    case.provider.authorization["iss"] = None

    case.check_refused("callback_issuer_missing", 400)
    assert [] == case.provider.requests("/token")
