"""Discovery: promises that the other tests show to be kept."""

from ostiary.demo.provider.metadata import build_metadata
from tests.unit.demo.provider.world import ISSUER

ENDPOINTS = {
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "introspection_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
}


def test_every_endpoint_is_at_the_issuer() -> None:
    """As absolute addresses."""
    document = build_metadata(ISSUER)
    assert document["issuer"] == ISSUER
    assert all(document[name].startswith(f"{ISSUER}/") for name in ENDPOINTS)
    assert {name for name in document if name.endswith(("_endpoint", "_uri"))} == ENDPOINTS


def test_what_a_gateway_decides_by_is_there() -> None:
    """PKCE, the issuer parameter, algorithms and grants."""
    document = build_metadata(ISSUER)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["response_types_supported"] == ["code"]
    assert set(document["grant_types_supported"]) == {
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
    }
    assert document["request_uri_parameter_supported"] is False  # absent would mean true
