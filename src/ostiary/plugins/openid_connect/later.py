"""The attributes of `openid-connect` that are not supported yet: refused by name, never ignored.

Each name has what to do until then; an empty text means that there is nothing to do but to leave it out. A name leaves
this table on the day it works.
"""

from types import MappingProxyType

_LIBRARY = "it was never documented, and a later release may bring it"
_PASS_THROUGH = "write it under authorization_params"

NOT_YET = MappingProxyType({
    "accept_none_alg": "leave it out: unsigned tokens are refused",
    "accept_unsupported_alg": "leave it out: every registered signature algorithm is verified",
    "jwt_verification_cache_ignore": "leave it out: a token is remembered no longer than it is valid",
    "cache_segment": "leave it out: no two configurations share what they remember",
    "introspection_interval": "leave it out: answers are remembered until the token expires",
    "introspection_expiry_claim": "leave it out: `exp` is read",
    "introspection_addon_headers": "leave it out",
    "claim_validator": "leave it out: the issuer is always checked",
    "claim_schema": "leave it out",
    "par": "leave it out",
    "dpop": "leave it out",
    "backchannel_logout": "leave it out",
    "prompt": _PASS_THROUGH,
    "display": _PASS_THROUGH,
    "response_mode": "leave it out: answers come in the query",
    "discovery_expires_in": _LIBRARY,
    "keepalive": _LIBRARY,
    "redirect_uri_scheme": "write the whole redirect_uri, or gateway.public_url",
    "local_redirect_uri_path": _LIBRARY,
    "symmetric_key": _LIBRARY,
    "introspection_params": _LIBRARY,
    "introspection_token_param_name": _LIBRARY,
    "introspection_cache_ignore": _LIBRARY,
    "introspection_enable_negative_cache": _LIBRARY,
    "pass_cookies": _LIBRARY,
    "auth_accept_token_as": "send tokens as `Authorization: Bearer`",
    "auth_accept_token_as_header_name": "send tokens as `Authorization: Bearer`",
    "redirect_after_logout_uri": "leave it out, with logout_path",
    "redirect_after_logout_with_id_token_hint": "leave it out, with logout_path",
    "redirect_after_logout_with_client_id": "leave it out, with logout_path",
    "authorization_state_expires_in": "leave it out: a login may take ten minutes",
    "authorization_state_max_number": "leave it out: five logins may be under way in a browser",
    "dpop_nonce": _LIBRARY,
})  # fmt: skip
