"""The attributes of `openid-connect` that are not supported yet: refused by name, never ignored.

Each name has what to do until then; an empty text means that there is nothing to do but to leave it out. A name leaves
this table on the day it works.
"""

from types import MappingProxyType

_LIBRARY = "it was never documented, and a later release may bring it"
_PASS_THROUGH = "write it under authorization_params"

NOT_YET = MappingProxyType({
    "logout_path": "leave it out: sessions end by session.cookie.lifetime",
    "post_logout_redirect_uri": "leave it out, with logout_path",
    "revoke_tokens_on_logout": "leave it out, with logout_path",
    "set_refresh_token_header": "leave it out: no upstream is given refresh tokens",
    "set_raw_id_token_header": "set_id_token_header gives the claims",
    "session_contents": "leave it out: everything is kept in the session",
    "proxy_opts": "the provider has to be reachable without a proxy",
    "client_rsa_private_key": "authenticate by client_secret_basic or client_secret_post",
    "client_rsa_private_key_id": "authenticate by client_secret_basic or client_secret_post",
    "client_jwt_assertion_expires_in": "authenticate by client_secret_basic or client_secret_post",
    "client_jwt_assertion_alg": "authenticate by client_secret_basic or client_secret_post",
    "client_jwt_assertion_audience": "authenticate by client_secret_basic or client_secret_post",
    "renew_access_token_on_expiry": "leave it out: an expired access token starts a new login",
    "access_token_expires_in": "leave it out: one hour is assumed where the provider does not say",
    "access_token_expires_leeway": "leave it out: an expired access token starts a new login",
    "refresh_session_interval": "leave it out: sessions end by session.cookie.lifetime",
    "accept_none_alg": "leave it out: unsigned tokens are refused",
    "accept_unsupported_alg": "leave it out: every registered signature algorithm is verified",
    "force_reauthorize": "leave it out, or shorten session.cookie.lifetime",
    "jwk_expires_in": "leave it out: keys are refreshed by themselves",
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

SESSION_NOT_YET = MappingProxyType({
    "redis": "leave it out: the session is sealed into cookies",
    "cookie_name": "leave it out: the name is made of provider and client",
    "cookie_path": "leave it out: the path is `/`",
    "cookie_domain": "leave it out: the cookie is for one host",
    "cookie_secure": "leave it out: the cookie is Secure wherever the public scheme is https",
    "cookie_http_only": "leave it out: the cookie is always HttpOnly",
    "cookie_same_site": "leave it out: the cookie is SameSite=Lax",
    "idling_timeout": "write session.cookie.lifetime",
    "rolling_timeout": "write session.cookie.lifetime",
    "absolute_timeout": "write session.cookie.lifetime",
    "secret_fallbacks": "write a list under session.secret: the first seals, all of them open",
    "revalidate_s": "leave it out",
})  # fmt: skip
