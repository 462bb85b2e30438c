"""One value for each attribute of the reference that `ostiary check` refuses. No test of its own.

`written` stands beside a client that is fine, and in place of its attributes of the same name; `LEFT_OUT` leaves one
out. `says` are words of the message: what is wrong or what to write. The path is that of the attribute, unless the
mistake is told somewhere else.
"""

from typing import Any, NamedTuple

LEFT_OUT = object()
SWITCH = "`true` or `false`"
NUMBER = "a whole number"
TEXT = "a text"
URL = "write it in full"
MAPPING = "a mapping"
REDIS = {"storage": "redis"}
SESSION = {"secret": "a-session-secret-for-tests"}
BEARER = {"bearer_only": True, "session": LEFT_OUT}
PROXY = {"http_proxy": "http://proxy.example:3128", "https_proxy": "http://proxy.example:3128"}


class Bad(NamedTuple):
    """What is written, and what the message says; `path` where it is not the attribute's own."""

    written: dict[str, Any]
    says: str
    path: str | None = None


def session(**fields: Any) -> dict[str, Any]:
    """Write a session with a field that is wrong."""
    return {"session": {**SESSION, **fields}}


def redis(**fields: Any) -> dict[str, Any]:
    """Write a session in a Redis with a field that is wrong."""
    return session(**REDIS, redis=fields)


def proxy(**fields: Any) -> dict[str, Any]:
    """Write proxies with a field that is wrong."""
    return {"proxy_opts": {**PROXY, **fields}}


def audience(**fields: Any) -> dict[str, Any]:
    """Write an audience rule with a field that is wrong."""
    return {**BEARER, "use_jwks": True, "claim_validator": {"audience": fields}}


BAD_VALUES = {
    "client_id": Bad({"client_id": ""}, "at least 1 characters"),
    "client_secret": Bad({"client_secret": LEFT_OUT}, "add it, such as $ENV://CLIENT_SECRET", ""),
    "discovery": Bad({"discovery": "id.example"}, "write it in full"),
    "scope": Bad({"scope": ""}, "match"),
    "required_scopes": Bad({"required_scopes": "orders"}, "a list"),
    "realm": Bad({"realm": "a\nb"}, "match"),
    "bearer_only": Bad({"bearer_only": "yes"}, SWITCH),
    "logout_path": Bad({"logout_path": "logout"}, "/logout"),
    "backchannel_logout_path": Bad({"backchannel_logout_path": "/logout"}, "is the path of logout_path"),
    "frontchannel_logout_path": Bad({"frontchannel_logout_path": "/bye?a=1"}, "is no plain path"),
    "post_logout_redirect_uri": Bad({"post_logout_redirect_uri": "example.com/bye"}, "http"),
    "redirect_uri": Bad(
        {"redirect_uri": "shop.example/callback"}, "redirect_uri is neither a path nor an http(s) URL", ""
    ),
    "timeout": Bad({"timeout": 0}, "at least 1"),
    "ssl_verify": Bad({"ssl_verify": "maybe"}, SWITCH),
    "introspection_endpoint": Bad({**BEARER, "introspection_endpoint": "id.example/i"}, "write it in full"),
    "introspection_endpoint_auth_method": Bad(
        {**BEARER, "introspection_endpoint_auth_method": "basic"}, "client_secret_basic"
    ),
    "token_endpoint_auth_method": Bad({"token_endpoint_auth_method": "basic"}, "private_key_jwt"),
    "public_key": Bad({**BEARER, "public_key": "a key"}, "public_key", ""),
    "use_jwks": Bad({"use_jwks": "on"}, SWITCH),
    "response_mode": Bad({"response_mode": "fragment"}, "'query' or 'form_post'"),
    "use_pkce": Bad({"use_pkce": 1}, SWITCH),
    "token_signing_alg_values_expected": Bad(
        {**BEARER, "use_jwks": True, "token_signing_alg_values_expected": "none"}, "RS256"
    ),
    "set_access_token_header": Bad({"set_access_token_header": "yes"}, SWITCH),
    "access_token_in_authorization_header": Bad({"access_token_in_authorization_header": "yes"}, SWITCH),
    "set_id_token_header": Bad({"set_id_token_header": "yes"}, SWITCH),
    "set_userinfo_header": Bad({"set_userinfo_header": "yes"}, SWITCH),
    "set_refresh_token_header": Bad({"set_refresh_token_header": "yes"}, SWITCH),
    "session": Bad({"session": "a-session-secret-for-tests"}, MAPPING),
    "session.secret": Bad({"session": {"secret": "short"}}, "openssl rand"),
    "session.cookie": Bad(session(cookie=3600), MAPPING),
    "session.cookie.lifetime": Bad(session(cookie={"lifetime": 0}), "at least 1"),
    "session.storage": Bad(session(storage="memcached"), "redis"),
    "session.redis": Bad(session(**REDIS, redis="127.0.0.1:6379"), MAPPING),
    "session.redis.host": Bad(redis(host="redis.example:6379"), "`port`"),
    "session.redis.port": Bad(redis(port=0), "at least 1"),
    "session.redis.password": Bad(redis(password=12345), "put it in quotes"),
    "session.redis.username": Bad(redis(username=""), "at least 1 characters"),
    "session.redis.database": Bad(redis(database=-1), "at least 0"),
    "session.redis.prefix": Bad(redis(prefix="a b"), "no spaces"),
    "session.redis.ssl": Bad(redis(ssl="yes"), SWITCH),
    "session.redis.ssl_verify": Bad(redis(ssl_verify="yes"), SWITCH),
    "session.redis.server_name": Bad(redis(server_name=5), TEXT),
    "session.redis.connect_timeout": Bad(redis(connect_timeout=0), "at least 1"),
    "session.redis.send_timeout": Bad(redis(send_timeout=0), "at least 1"),
    "session.redis.read_timeout": Bad(redis(read_timeout="1s"), NUMBER),
    "session.redis.sentinels": Bad(redis(sentinels=[], master_name="shop"), "at least one"),
    "session.redis.sentinels[].host": Bad(redis(sentinels=[{"host": "a:1"}], master_name="shop"), "`port`"),
    "session.redis.sentinels[].port": Bad(
        redis(sentinels=[{"host": "a1", "port": 0}], master_name="shop"), "at least 1"
    ),
    "session.redis.master_name": Bad(redis(master_name="shop"), "write `sentinels`"),
    "session.redis.sentinel_username": Bad(redis(sentinel_username="door"), "write `sentinels`"),
    "session.redis.sentinel_password": Bad(redis(sentinel_password="hush"), "write `sentinels`"),
    "session.redis.cluster_nodes": Bad(redis(cluster_nodes=[]), "at least one"),
    "session.redis.cluster_nodes[].host": Bad(redis(cluster_nodes=[{"host": "a:1"}]), "`port`"),
    "session.redis.cluster_nodes[].port": Bad(redis(cluster_nodes=[{"host": "a1", "port": 0}]), "at least 1"),
    "session.redis.wait_replicas": Bad(redis(wait_replicas=-1), "at least 0"),
    "session.redis.keepalive_timeout": Bad(redis(keepalive_timeout=999), "at least 1000"),
    "session_contents": Bad({"session_contents": ["user"]}, MAPPING),
    "session_contents.access_token": Bad({"session_contents": {"access_token": "yes"}}, SWITCH),
    "session_contents.id_token": Bad({"session_contents": {"id_token": "yes"}}, SWITCH),
    "session_contents.enc_id_token": Bad({"session_contents": {"enc_id_token": "yes"}}, SWITCH),
    "session_contents.user": Bad({"session_contents": {"user": "yes"}}, SWITCH),
    "unauth_action": Bad({"unauth_action": "allow"}, "'auth', 'deny' or 'pass'"),
    "proxy_opts": Bad({"proxy_opts": "http://proxy.example:3128"}, MAPPING),
    "proxy_opts.http_proxy": Bad(proxy(http_proxy="proxy.example:3128"), "http://proxy.example.com:3128"),
    "proxy_opts.https_proxy": Bad(proxy(https_proxy="socks5://proxy.example"), "http://proxy.example.com:3128"),
    "proxy_opts.http_proxy_authorization": Bad(proxy(http_proxy_authorization="door:hush-hush"), "base64"),
    "proxy_opts.https_proxy_authorization": Bad(proxy(https_proxy_authorization="Bearer x"), "base64"),
    "proxy_opts.no_proxy": Bad(proxy(no_proxy="a b"), "no host name"),
    "authorization_params": Bad({"authorization_params": {"state": "mine"}}, "leave it out"),
    "client_rsa_private_key": Bad({"client_rsa_private_key": "a key"}, "PEM"),
    "client_rsa_private_key_id": Bad({"client_rsa_private_key_id": ""}, "at least 1 characters"),
    "client_jwt_assertion_expires_in": Bad({"client_jwt_assertion_expires_in": 0}, "at least 1"),
    "renew_access_token_on_expiry": Bad({"renew_access_token_on_expiry": "yes"}, SWITCH),
    "access_token_expires_in": Bad({"access_token_expires_in": "an hour"}, NUMBER),
    "refresh_session_interval": Bad({"refresh_session_interval": 1.5}, NUMBER),
    "iat_slack": Bad({"iat_slack": -1}, "at least 0"),
    "accept_none_alg": Bad({"accept_none_alg": "yes"}, SWITCH),
    "accept_unsupported_alg": Bad({"accept_unsupported_alg": "yes"}, SWITCH),
    "access_token_expires_leeway": Bad({"access_token_expires_leeway": -1}, "at least 0"),
    "force_reauthorize": Bad({"force_reauthorize": "yes"}, SWITCH),
    "use_nonce": Bad({"use_nonce": "yes"}, SWITCH),
    "revoke_tokens_on_logout": Bad({"revoke_tokens_on_logout": "yes"}, SWITCH),
    "jwk_expires_in": Bad({"jwk_expires_in": "a day"}, NUMBER),
    "jwt_verification_cache_ignore": Bad({"jwt_verification_cache_ignore": "yes"}, SWITCH),
    "cache_segment": Bad({"cache_segment": 5}, TEXT),
    "introspection_interval": Bad({"introspection_interval": -1}, "at least 0"),
    "introspection_expiry_claim": Bad({"introspection_expiry_claim": 5}, TEXT),
    "introspection_addon_headers": Bad({"introspection_addon_headers": ["X-Tenant: a"]}, "header"),
    "claim_validator": Bad({"claim_validator": True}, MAPPING),
    "claim_validator.issuer.valid_issuers": Bad(
        {"claim_validator": {"issuer": {"valid_issuers": "https://id.example"}}}, "a list"
    ),
    "claim_validator.audience": Bad({"claim_validator": {"audience": "shop"}}, MAPPING),
    "claim_validator.audience.claim": Bad(audience(claim=5), TEXT),
    "claim_validator.audience.required": Bad(audience(required="yes"), SWITCH),
    "claim_validator.audience.match_with_client_id": Bad(audience(match_with_client_id="yes"), SWITCH),
    "claim_schema": Bad({"claim_schema": {"type": "an object"}}, "type"),
    # What came after the reference.
    "authorization_endpoint": Bad({"authorization_endpoint": "id.example/a"}, URL),
    "token_endpoint": Bad({"token_endpoint": "id.example/t"}, URL),
    "userinfo_endpoint": Bad({"userinfo_endpoint": "id.example/u"}, URL),
    "jwks_uri": Bad({"jwks_uri": "id.example/k"}, URL),
    "end_session_endpoint": Bad({"end_session_endpoint": "id.example/e"}, URL),
    "revocation_endpoint": Bad({"revocation_endpoint": "id.example/r"}, URL),
    "ssl_ca_file": Bad({"ssl_ca_file": "/nowhere/ca.pem"}, "absolute"),
    "client_jwt_assertion_alg": Bad({"client_jwt_assertion_alg": "none"}, "RS256"),
    "client_jwt_assertion_audience": Bad({"client_jwt_assertion_audience": ""}, "at least 1 characters"),
    "session.cookie_name": Bad(session(cookie_name="a b"), "match"),
    "session.cookie_path": Bad(session(cookie_path="shop"), "match"),
    "session.cookie_domain": Bad(session(cookie_domain="a b"), "match"),
    "session.cookie_secure": Bad(session(cookie_secure="yes"), SWITCH),
    "session.cookie_http_only": Bad(session(cookie_http_only="yes"), SWITCH),
    "session.cookie_same_site": Bad(session(cookie_same_site="lax"), "'Lax'"),
    "session.idling_timeout": Bad(session(idling_timeout=-1), "at least 0"),
    "session.rolling_timeout": Bad(session(rolling_timeout=-1), "at least 0"),
    "session.absolute_timeout": Bad(session(absolute_timeout=-1), "at least 0"),
    "session.revalidate_s": Bad(session(revalidate_s="soon"), "a number"),
    "session.sqlite": Bad(session(storage="sqlite", sqlite="sessions.db"), MAPPING),
    "session.sqlite.path": Bad(session(storage="sqlite", sqlite={"path": "sessions/"}), "ostiary.db"),
    "claim_validator.issuer": Bad({"claim_validator": {"issuer": "https://id.example"}}, MAPPING),
    "set_raw_id_token_header": Bad({"set_raw_id_token_header": "yes"}, SWITCH),
}
