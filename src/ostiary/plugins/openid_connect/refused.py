"""Names that will never be attributes of `openid-connect`, each with what stands in its place: refused, not ignored.

Most are options of the library below APISIX's plugin, which passes on whatever it does not know; they were never
documented, and people use them. The rest came up after the reference and is not offered.
"""

from types import MappingProxyType

_TEN_MINUTES = "leave it out: the browser has ten minutes for each of five sign-ins at a time"
_ALWAYS_SENT = "leave it out: at sign-out the provider is always told id_token_hint and client_id"
_BEARER_ONLY = "send access tokens as `Authorization: Bearer <token>` (RFC 6750)"
_NOT_OFFERED = "leave it out: it is not offered"

REFUSED = MappingProxyType({
    "prompt": "write `prompt` under authorization_params",
    "display": "write `display` under authorization_params",
    "discovery_expires_in": "leave it out: the metadata are read again every hour, and old ones serve meanwhile",
    "keepalive": "leave it out: connections to the provider are kept and used again by themselves",
    "redirect_uri_scheme": "write gateway.public_url, or a whole redirect_uri",
    "local_redirect_uri_path": "write redirect_uri, which is the path, too",
    "symmetric_key": "use use_jwks, public_key or introspection: HMAC is never accepted on bearer tokens",
    "introspection_params": "put parameters into the query of introspection_endpoint",
    "introspection_token_param_name": "leave it out: it is `token` (RFC 7662)",
    "introspection_cache_ignore": "write jwt_verification_cache_ignore, or a short introspection_interval",
    "introspection_enable_negative_cache": "leave it out: inactive answers are remembered for ten seconds",
    "pass_cookies": "leave it out: the provider is never sent the cookies of a client",
    "auth_accept_token_as": _BEARER_ONLY,
    "auth_accept_token_as_header_name": _BEARER_ONLY,
    "redirect_after_logout_uri": "write post_logout_redirect_uri",
    "redirect_after_logout_with_id_token_hint": _ALWAYS_SENT,
    "redirect_after_logout_with_client_id": _ALWAYS_SENT,
    "authorization_state_expires_in": _TEN_MINUTES,
    "authorization_state_max_number": _TEN_MINUTES,
    "par": _NOT_OFFERED,
    "dpop": _NOT_OFFERED,
    "dpop_nonce": _NOT_OFFERED,
})  # fmt: skip
