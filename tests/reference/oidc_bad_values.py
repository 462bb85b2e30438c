"""One value for each option of `oidc` that `ostiary check` refuses. No test of its own.

`written` stands beside a configuration that is fine, and in place of its options of the same name; `LEFT_OUT` leaves
one out. `says` are words of the message: what is wrong, or what to write. The path is that of the option, unless the
mistake is told somewhere else.
"""

from typing import Any

from tests.reference.bad_values import LEFT_OUT, MAPPING, NUMBER, SWITCH, TEXT, URL, Bad

SECRET = "nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY="
HTTPS = {"redirect_url": "https://foo.bar.com/oauth2/callback"}
RULE = {"match_rule_domain": "*.bar.com", "match_rule_path": "/foo", "match_rule_type": "prefix"}
REDIS = {"session_store_type": "redis"}
GOOD: dict[str, Any] = {
    "redirect_url": "http://foo.bar.com/oauth2/callback",
    "oidc_issuer_url": "https://id.example/",
    "client_id": "shop",
    "client_secret": "a-client-secret-for-tests",
    "cookie_secret": SECRET,
}


def rule(**fields: Any) -> dict[str, Any]:
    """Write a rule with a field that is wrong."""
    return {"match_list": [{**RULE, **fields}]}


def redis(**fields: Any) -> dict[str, Any]:
    """Write sessions in a Redis with a field that is wrong."""
    return {**REDIS, "redis": fields}


BAD_VALUES = {
    "client_id": Bad({"client_id": ""}, "at least 1 characters"),
    "client_secret": Bad({"client_secret": ""}, "such as $ENV://CLIENT_SECRET"),
    "provider": Bad({"provider": "google"}, "'oidc', 'aliyun' or 'github'"),
    "oidc_issuer_url": Bad({"oidc_issuer_url": LEFT_OUT}, "oidc_issuer_url is required, but missing", ""),
    "oidc_verifier_request_timeout": Bad({"oidc_verifier_request_timeout": "2s"}, NUMBER),
    "skip_oidc_discovery": Bad({"skip_oidc_discovery": "yes"}, SWITCH),
    "login_url": Bad({"login_url": "id.example/login"}, URL),
    "redeem_url": Bad({"redeem_url": "id.example/token"}, URL),
    "profile_url": Bad({"profile_url": "id.example/me"}, URL),
    "oidc_jwks_url": Bad({"oidc_jwks_url": "id.example/keys"}, URL),
    "oidc_extra_audiences": Bad({"oidc_extra_audiences": "orders"}, "a list"),
    "insecure_oidc_skip_nonce": Bad({"insecure_oidc_skip_nonce": 0}, SWITCH),
    "provider_ca_files": Bad({"provider_ca_files": ["/nowhere/ca.pem"]}, "absolute"),
    "ssl_insecure_skip_verify": Bad({"ssl_insecure_skip_verify": "yes"}, SWITCH),
    "service_name": Bad({"service_name": "nowhere.dns", "service_port": 443}, "service_sources", ""),
    "service_port": Bad({"service_name": "auth.dns", "service_port": 0}, "at least 1"),
    "service_host": Bad({"service_name": "auth.dns", "service_host": "127.0.0.1:9090"}, "is for static services"),
    "scope": Bad({"scope": ""}, "match"),
    "redirect_url": Bad({"redirect_url": "foo.bar.com/oauth2/callback"}, URL),
    "code_challenge_method": Bad({"code_challenge_method": "plain"}, "write S256"),
    "prompt": Bad({"prompt": "log\nin"}, "match"),
    "approval_prompt": Bad({"prompt": "login", "approval_prompt": "force"}, "does nothing beside prompt"),
    "acr_values": Bad({"acr_values": 2}, TEXT),
    "cookie_name": Bad({"cookie_name": "my session"}, "is no name of a cookie"),
    "cookie_secret": Bad({"cookie_secret": "too short"}, "16, 24 or 32 bytes"),
    "cookie_domains": Bad({"cookie_domains": "https://bar.com"}, "without scheme, port and path"),
    "cookie_path": Bad({"cookie_path": "poc"}, "match"),
    "cookie_expire": Bad({"cookie_expire": 3600}, "write 3600s for seconds"),
    "cookie_refresh": Bad({"cookie_refresh": "200h"}, "is not less than cookie_expire (168h0m0s)"),
    "cookie_secure": Bad({"cookie_secure": True}, "write an https redirect_url"),
    "cookie_httponly": Bad({"cookie_httponly": "yes"}, SWITCH),
    "cookie_samesite": Bad({"cookie_samesite": "Lax"}, "'lax'"),
    "cookie_csrf_per_request": Bad({"cookie_csrf_per_request": "yes"}, SWITCH),
    "cookie_csrf_expire": Bad({"cookie_csrf_expire": 0}, "such as 15m"),
    "match_type": Bad({"match_type": "greylist"}, "'whitelist' or 'blacklist'"),
    "match_list": Bad({"match_type": "blacklist", "match_list": []}, "nothing would need a sign-in"),
    "match_list[].match_rule_domain": Bad(rule(match_rule_domain="foo.bar.com:8080"), "write `foo.bar.com`"),
    "match_list[].match_rule_path": Bad(rule(match_rule_path="foo"), "a path begins with `/`"),
    "match_list[].match_rule_type": Bad(rule(match_rule_type="suffix"), "'exact', 'prefix' or 'regex'"),
    "skip_auth_preflight": Bad({"skip_auth_preflight": "yes"}, SWITCH),
    "api_routes": Bad({"api_routes": "("}, "this is no RE2 pattern"),
    "force_json_errors": Bad({"force_json_errors": 1}, SWITCH),
    "allowed_groups": Bad({"allowed_groups": [7]}, TEXT),
    "allowed_emails": Bad({"allowed_emails": "a@evil@bar.com"}, "is no email address"),
    "email_domains": Bad({"email_domains": "alice@bar.com"}, "what stands after the `@`"),
    "oidc_email_claim": Bad({"oidc_email_claim": ""}, "at least 1 characters"),
    "oidc_groups_claim": Bad({"oidc_groups_claim": ["groups"]}, TEXT),
    "insecure_oidc_allow_unverified_email": Bad({"insecure_oidc_allow_unverified_email": "yes"}, SWITCH),
    "pass_authorization_header": Bad({"pass_authorization_header": "yes"}, SWITCH),
    "pass_access_token": Bad({"pass_access_token": "yes"}, SWITCH),
    "pass_user_headers": Bad({"pass_user_headers": "yes"}, SWITCH),
    "set_xauthrequest": Bad({"set_xauthrequest": "yes"}, SWITCH),
    "skip_claims_from_profile_url": Bad({"skip_claims_from_profile_url": "yes"}, SWITCH),
    "proxy_prefix": Bad({"proxy_prefix": "/oauth2/"}, "write /oauth2"),
    "ping_path": Bad({"ping_path": "/oauth2/auth"}, "is the path of /oauth2/auth, too"),
    "ready_path": Bad({"ready_path": "/ready?a=1"}, "without a query"),
    "whitelist_domains": Bad({"whitelist_domains": "https://bar.com"}, "without scheme and path"),
    "session_store_type": Bad({"session_store_type": "memcached"}, "'redis'"),
    "session_cookie_minimal": Bad({"session_cookie_minimal": True}, "add pass_authorization_header: false"),
    "redis": Bad({**REDIS, "redis": "127.0.0.1:6379"}, MAPPING),
    "redis.host": Bad(redis(host="redis.example:6379"), "`port`"),
    "redis.port": Bad(redis(port=0), "at least 1"),
    "redis.sentinels": Bad(redis(sentinels=[], master_name="shop"), "at least one"),
    "redis.sentinels[].host": Bad(redis(sentinels=[{"host": "a:1"}], master_name="shop"), "`port`"),
    "redis.sentinels[].port": Bad(redis(sentinels=[{"host": "a1", "port": 0}], master_name="shop"), "at least 1"),
    "redis.master_name": Bad(redis(master_name="shop"), "write `sentinels`"),
    "redis.sentinel_username": Bad(redis(sentinel_username="door"), "write `sentinels`"),
    "redis.sentinel_password": Bad(redis(sentinel_password="hush"), "write `sentinels`"),
    "redis.cluster_nodes": Bad(redis(cluster_nodes=[]), "at least one"),
    "redis.cluster_nodes[].host": Bad(redis(cluster_nodes=[{"host": "a:1"}]), "`port`"),
    "redis.cluster_nodes[].port": Bad(redis(cluster_nodes=[{"host": "a1", "port": 0}]), "at least 1"),
    "redis.wait_replicas": Bad(redis(wait_replicas=-1), "at least 0"),
    "redis.password": Bad(redis(password=12345), "put it in quotes"),
    "redis.username": Bad(redis(username=""), "at least 1 characters"),
    "redis.database": Bad(redis(database=-1), "at least 0"),
    "redis.prefix": Bad(redis(prefix="a b"), "no spaces"),
    "redis.ssl": Bad(redis(ssl="yes"), SWITCH),
    "redis.ssl_verify": Bad(redis(ssl_verify="yes"), SWITCH),
    "redis.server_name": Bad(redis(server_name=5), TEXT),
    "redis.connect_timeout": Bad(redis(connect_timeout=0), "at least 1"),
    "redis.send_timeout": Bad(redis(send_timeout=0), "at least 1"),
    "redis.read_timeout": Bad(redis(read_timeout="1s"), NUMBER),
    "redis.keepalive_timeout": Bad(redis(keepalive_timeout=999), "at least 1000"),
    "sqlite": Bad({"session_store_type": "sqlite", "sqlite": "sessions.db"}, MAPPING),
    "sqlite.path": Bad({"session_store_type": "sqlite", "sqlite": {"path": "sessions/"}}, "ostiary.db"),
}
