"""Names that will never be options of `oidc`, each with what stands in its place: refused, not ignored.

Options of Higress's plugin that it does not document, and options of oauth2-proxy. People use both.
"""

from types import MappingProxyType

_NOT_OFFERED = "leave it out: it is not offered"
_ONE_TIMEOUT = "write oidc_verifier_request_timeout: it holds for every call to the provider"
_BY_ITSELF = "leave it out: metadata and keys are read again by themselves"
_GITHUB_HOSTS = "leave it out: GitHub's API is called at its own address"
_VARIABLE = "write the value as $ENV://NAME, which is read from the environment"
_PROGRAMS = "let programs through by the plugin `openid-connect` with use_jwks, on a route of their own"
_RULES = "write the paths in match_list"
_OWN_PAGES = "leave it out: the gateway has pages of its own"
_UPSTREAM = "write `upstream` on the route"
_GATEWAY = "write it under `gateway`"
_LOG = "leave it out: the gateway writes the log"
_NO_GROUPS_OF_PROVIDER = "leave it out: write allowed_groups, for groups that the provider names"

REFUSED = MappingProxyType({
    # Undocumented options of Higress's plugin.
    "reverse_proxy": "write gateway.trusted_proxies: only those are believed",
    "relative_redirect_url": "leave it out: write redirect_url as a path",
    "encode_state": "leave it out: `state` is opaque",
    "verifier_interval": _BY_ITSELF,
    "update_keys_interval": _BY_ITSELF,
    "validate_service_name": _GITHUB_HOSTS,
    "validate_service_port": _GITHUB_HOSTS,
    "validate_service_host": _GITHUB_HOSTS,
    "validate_url": "leave it out: a session is judged by what was verified at sign-in and at each refresh",
    "redeem_timeout": _ONE_TIMEOUT,
    "user_id_claim": "write oidc_email_claim",
    "oidc_audience_claims": "leave it out: `aud` says whom an ID token is for (OpenID Connect Core §3.1.3.7)",
    "insecure_oidc_skip_issuer_verification": "write the issuer that the tokens name as oidc_issuer_url",
    # oauth2-proxy's.
    "cookie_secret_file": _VARIABLE,
    "client_secret_file": _VARIABLE,
    "cookie_csrf_per_request_limit": "leave it out: five sign-ins can be under way, and the oldest leave",
    "cookie_csrf_samesite": "leave it out: the cookie of a sign-in is what the provider's answer needs",
    "redis_connection_url": "write redis: {host: ..., port: ...}",
    "redis_password": "write redis.password",
    "redis_use_sentinel": "write redis.sentinels and redis.master_name",
    "redis_use_cluster": "write redis.cluster_nodes",
    "skip_auth_routes": _RULES,
    "skip_auth_regex": _RULES,
    "trusted_ips": "make a route with `remote_addrs` and without the plugin",
    "authenticated_emails_file": "write the addresses in allowed_emails",
    "skip_provider_button": "leave it out: sign-ins start at once",
    "skip_jwt_bearer_tokens": _PROGRAMS,
    "extra_jwt_issuers": _PROGRAMS,
    "bearer_token_login_fallback": _PROGRAMS,
    "pass_basic_auth": _NOT_OFFERED,
    "basic_auth_password": _NOT_OFFERED,
    "set_basic_auth": _NOT_OFFERED,
    "set_authorization_header": _NOT_OFFERED,
    "prefer_email_to_user": _NOT_OFFERED,
    "htpasswd_file": _NOT_OFFERED,
    "signature_key": _NOT_OFFERED,
    "backend_logout_url": "leave it out: send people to the provider's logout page by `rd`",
    "custom_templates_dir": _OWN_PAGES,
    "banner": _OWN_PAGES,
    "footer": _OWN_PAGES,
    "provider_display_name": _OWN_PAGES,
    "upstreams": _UPSTREAM,
    "pass_host_header": _UPSTREAM,
    "http_address": _GATEWAY,
    "https_address": _GATEWAY,
    "real_client_ip_header": "write gateway.trusted_proxies: those tell the client's address",
    "trusted_proxy_ips": "write gateway.trusted_proxies",
    "force_https": "write it under `gateway`, or as a route of its own",
    "silence_ping_logging": _LOG,
    "request_logging": _LOG,
    "auth_logging": _LOG,
    "github_org": _NO_GROUPS_OF_PROVIDER,
    "github_team": _NO_GROUPS_OF_PROVIDER,
    "github_repo": _NO_GROUPS_OF_PROVIDER,
    "github_users": _NO_GROUPS_OF_PROVIDER,
})  # fmt: skip
