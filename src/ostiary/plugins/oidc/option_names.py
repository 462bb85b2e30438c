"""What the options of `oidc` are called, for remedies in the log that both plugins which sign people in share.

Names and halves of sentences; which remedy has which of them is `ostiary.relying_party.remedies`' to know.
"""

from ostiary.relying_party.option_names import OptionNames

OIDC_NAMES = OptionNames(
    secret="cookie_secret",  # noqa: S106 - a name
    redirect="redirect_url",
    issuer="oidc_issuer_url",
    answer_mode="by a redirect, and so by GET",
    one_more_login="; with `cookie_csrf_per_request: false` a second sign-in takes the place of the first",
    acr_values="the acr_values",
    resource="the resource that login_url asks for (RFC 8707)",
    prompt_none="`prompt: none`",
    keys="jwks_uri, or oidc_jwks_url,",
    token_endpoint="redeem_url",  # noqa: S106 - a name
    unsigned_tokens="never accepted",
    slack="",
    pkce="code_challenge_method",
    pkce_on="code_challenge_method: S256",
    client_authentication="allow client_secret_post for it",
    contents="session_cookie_minimal",
    storage="session_store_type",
    cookies="cookie_secure, cookie_samesite, cookie_domains and cookie_path",
)
