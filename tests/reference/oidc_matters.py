"""Where each option of `oidc` matters: the test that fails when it does nothing. No test of its own."""

from ostiary.config.stores import RedisServer

_EFFECTS = "tests/reference/test_oidc_effects.py"
_PLUGIN = "tests/unit/plugins/oidc/test_plugin.py"
_ENDPOINTS = "tests/unit/plugins/oidc/test_endpoints.py"
_PROVIDER = "tests/unit/plugins/oidc/test_compile_provider.py"
_MATCH = "tests/unit/plugins/oidc/test_match_list.py"

# Those whose test in `test_oidc_effects` has their own name.
_OWN = (
    "client_id", "client_secret", "provider", "oidc_issuer_url", "oidc_verifier_request_timeout", "skip_oidc_discovery",
    "login_url", "oidc_extra_audiences", "insecure_oidc_skip_nonce", "service_name", "scope", "redirect_url",
    "code_challenge_method", "cookie_name", "cookie_secret", "cookie_domains", "cookie_path", "cookie_expire",
    "cookie_refresh", "cookie_secure", "cookie_httponly", "cookie_samesite", "cookie_csrf_per_request",
    "cookie_csrf_expire", "pass_authorization_header", "pass_access_token", "pass_user_headers",
    "skip_claims_from_profile_url", "proxy_prefix", "whitelist_domains", "session_store_type", "session_cookie_minimal",
)  # fmt: skip
_SHARED = {
    "test_endpoints": ("redeem_url", "profile_url", "oidc_jwks_url"),
    "test_parameters": ("prompt", "approval_prompt", "acr_values"),
    "test_members": (
        "allowed_groups",
        "allowed_emails",
        "email_domains",
        "oidc_email_claim",
        "oidc_groups_claim",
        "insecure_oidc_allow_unverified_email",
    ),
    "test_ping_path_and_ready_path": ("ping_path", "ready_path"),
    "test_every_redis_field_reaches_the_store": ("redis", "sqlite", "sqlite.path"),
}
_ENTRIES = ("sentinels[].host", "sentinels[].port", "cluster_nodes[].host", "cluster_nodes[].port")

MATTERS = {
    **{name: f"{_EFFECTS}::test_{name}" for name in _OWN},
    **{name: f"{_EFFECTS}::{test}" for test, names in _SHARED.items() for name in names},
    **{
        f"redis.{name}": f"{_EFFECTS}::test_every_redis_field_reaches_the_store"
        for name in (*RedisServer.model_fields, *_ENTRIES)
    },
    "provider_ca_files": f"{_PROVIDER}::test_private_authorities_are_trusted",
    "ssl_insecure_skip_verify": f"{_PROVIDER}::test_calls_take_milliseconds_and_verify_certificates",
    "service_port": f"{_PROVIDER}::test_a_service_that_there_is_not_is_refused",
    "service_host": f"{_PROVIDER}::test_a_service_source_says_where_to_connect",
    "match_type": f"{_PLUGIN}::test_the_list_says_who_needs_to_sign_in",
    "match_list": f"{_PLUGIN}::test_the_list_says_who_needs_to_sign_in",
    "match_list[].match_rule_domain": f"{_MATCH}::test_hosts_are_compared_without_case_port_and_trailing_dot",
    "match_list[].match_rule_path": f"{_MATCH}::test_whitelisted_paths_are_compared_decoded_and_without_query",
    "match_list[].match_rule_type": f"{_MATCH}::test_whitelisted_paths_are_compared_decoded_and_without_query",
    "skip_auth_preflight": f"{_PLUGIN}::test_preflights_pass_where_they_should",
    "api_routes": f"{_PLUGIN}::test_programs_are_told_in_json",
    "force_json_errors": f"{_PLUGIN}::test_programs_are_told_in_json",
    "set_xauthrequest": f"{_ENDPOINTS}::test_auth_says_nothing_where_it_should_not",
}
