"""What the provider says about itself: OpenID Connect Discovery 1.0, with the fields of RFC 8414, 9207 and 7636.

It promises what the code does and not one thing more; a client that believes it must never be surprised.
"""

from typing import Any

from ostiary.demo.provider.accounts import EMAIL_CLAIMS, PROFILE_CLAIMS, SCOPES
from ostiary.demo.provider.client import AUTH_METHODS, GRANT_TYPES
from ostiary.demo.provider.keys import ALGORITHM

AUTHORIZE_PATH = "/authorize"
TOKEN_PATH = "/token"
USERINFO_PATH = "/userinfo"
JWKS_PATH = "/jwks"
INTROSPECT_PATH = "/introspect"
REVOKE_PATH = "/revoke"
END_SESSION_PATH = "/end-session"

ID_TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "azp")


def build_metadata(issuer: str) -> dict[str, Any]:
    """Return the discovery document of the provider at `issuer`."""
    methods = list(AUTH_METHODS)
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "userinfo_endpoint": issuer + USERINFO_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "introspection_endpoint": issuer + INTROSPECT_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "end_session_endpoint": issuer + END_SESSION_PATH,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [*ID_TOKEN_CLAIMS, *PROFILE_CLAIMS, *EMAIL_CLAIMS],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
