"""The attributes of APISIX's `openid-connect` as facts, and where ours differ on purpose. No test of its own.

One row for each attribute of its documentation: name, type, whether it is required, default, and which values are
valid where it says so. `default` None stands for none. The differences are the whole list: one that is not in it, or
no longer one, fails `tests/reference/test_page.py`.
"""

from typing import Any, NamedTuple


class Row(NamedTuple):
    """An attribute as it is documented."""

    name: str
    type: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    min_length: int | None = None


class Difference(NamedTuple):
    """What is otherwise here: `ours` is what stands in the generated page, `reason` why."""

    ours: str
    reason: str


ROWS = [
    Row("client_id", "string", required=True),
    Row("client_secret", "string", required=True),
    Row("discovery", "string", required=True),
    Row("scope", "string", default="openid"),
    Row("required_scopes", "array[string]"),
    Row("realm", "string", default="apisix"),
    Row("bearer_only", "boolean", default=False),
    Row("logout_path", "string", default="/logout"),
    Row("post_logout_redirect_uri", "string"),
    Row("redirect_uri", "string"),
    Row("timeout", "integer", default=3, minimum=1),
    Row("ssl_verify", "boolean", default=False),
    Row("introspection_endpoint", "string"),
    Row("introspection_endpoint_auth_method", "string", default="client_secret_basic"),
    Row("token_endpoint_auth_method", "string", default="client_secret_basic"),
    Row("public_key", "string"),
    Row("use_jwks", "boolean", default=False),
    Row("use_pkce", "boolean", default=False),
    Row("token_signing_alg_values_expected", "string"),
    Row("set_access_token_header", "boolean", default=True),
    Row("access_token_in_authorization_header", "boolean", default=False),
    Row("set_id_token_header", "boolean", default=True),
    Row("set_userinfo_header", "boolean", default=True),
    Row("set_refresh_token_header", "boolean", default=False),
    Row("session", "object"),
    Row("session.secret", "string", required=True, min_length=16),
    Row("session.cookie", "object"),
    Row("session.cookie.lifetime", "integer", default=3600),
    Row("session.storage", "string", default="cookie", choices=("cookie", "redis")),
    Row("session.redis", "object"),
    Row("session.redis.host", "string", default="127.0.0.1"),
    Row("session.redis.port", "integer", default=6379),
    Row("session.redis.password", "string"),
    Row("session.redis.username", "string"),
    Row("session.redis.database", "integer", default=0),
    Row("session.redis.prefix", "string", default="sessions"),
    Row("session.redis.ssl", "boolean", default=False),
    Row("session.redis.ssl_verify", "boolean", default=False),
    Row("session.redis.server_name", "string"),
    Row("session.redis.connect_timeout", "integer", default=1000),
    Row("session.redis.send_timeout", "integer", default=1000),
    Row("session.redis.read_timeout", "integer", default=1000),
    Row("session.redis.keepalive_timeout", "integer", default=10000),
    Row("session_contents", "object"),
    Row("session_contents.access_token", "boolean"),
    Row("session_contents.id_token", "boolean"),
    Row("session_contents.enc_id_token", "boolean"),
    Row("session_contents.user", "boolean"),
    Row("unauth_action", "string", default="auth", choices=("auth", "deny", "pass")),
    Row("proxy_opts", "object"),
    Row("proxy_opts.http_proxy", "string"),
    Row("proxy_opts.https_proxy", "string"),
    Row("proxy_opts.http_proxy_authorization", "string"),
    Row("proxy_opts.https_proxy_authorization", "string"),
    Row("proxy_opts.no_proxy", "string"),
    Row("authorization_params", "object"),
    Row("client_rsa_private_key", "string"),
    Row("client_rsa_private_key_id", "string"),
    Row("client_jwt_assertion_expires_in", "integer", default=60),
    Row("renew_access_token_on_expiry", "boolean", default=True),
    Row("access_token_expires_in", "integer"),
    Row("refresh_session_interval", "integer"),
    Row("iat_slack", "integer", default=120),
    Row("accept_none_alg", "boolean", default=False),
    Row("accept_unsupported_alg", "boolean", default=True),
    Row("access_token_expires_leeway", "integer", default=0),
    Row("force_reauthorize", "boolean", default=False),
    Row("use_nonce", "boolean", default=False),
    Row("revoke_tokens_on_logout", "boolean", default=False),
    Row("jwk_expires_in", "integer", default=86400),
    Row("jwt_verification_cache_ignore", "boolean", default=False),
    Row("cache_segment", "string"),
    Row("introspection_interval", "integer", default=0),
    Row("introspection_expiry_claim", "string", default="exp"),
    Row("introspection_addon_headers", "array[string]"),
    Row("claim_validator", "object"),
    Row("claim_validator.issuer.valid_issuers", "array[string]"),
    Row("claim_validator.audience", "object"),
    Row("claim_validator.audience.claim", "string", default="aud"),
    Row("claim_validator.audience.required", "boolean", default=False),
    Row("claim_validator.audience.match_with_client_id", "boolean", default=False),
    Row("claim_schema", "object"),
]

# (name, column) → what is otherwise, and why.
DIFFERENCES = {
    ("client_secret", "required"): Difference(
        "conditional", "local verification, PKCE as a public client and private_key_jwt need none"
    ),
    ("client_rsa_private_key", "required"): Difference(
        "conditional", "with private_key_jwt, as its description says, and found at load"
    ),
    ("ssl_verify", "default"): Difference("true", "the documented default is CVE-2026-31923"),
    ("session.secret", "type"): Difference("string or array[string]", "a list lets a secret be changed"),
    ("session.storage", "choices"): Difference(
        "cookie, redis, sqlite", "sqlite keeps sessions on the server without another server"
    ),
    ("session.redis", "required"): Difference("conditional", "with storage: redis, as its description says"),
    ("session.redis.ssl_verify", "default"): Difference("true", "unset is verified on every connection that is made"),
}
