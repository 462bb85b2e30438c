"""What the operator should read about a configuration at start: what weakens, and what is not what it may seem.

What cannot work at all is no notice: the rules of each subject (`*_config.py`) refuse it.
"""

from collections.abc import Iterator

import msgspec

from ostiary.config.urls import is_plain
from ostiary.plugins.oidc.config import OidcConfig
from ostiary.plugins.oidc.match_config import find_match_notices


def find_notices(config: OidcConfig) -> tuple[str, ...]:
    """Return the sentences."""
    of_store = () if config.redis is None else tuple(f"redis.{notice}" for notice in config.redis.notices)
    return (*_find_weaknesses(config), *find_match_notices(config), *of_store)


def _find_weaknesses(config: OidcConfig) -> Iterator[str]:
    plain = [name for name, url in _list_addresses(config) if is_plain(url)]
    is_http = (config.redirect_url or "").lower().startswith("http://")
    notices = {
        "ssl_insecure_skip_verify is true: whoever sits between here and the provider can read and forge everything, "
        "tokens and secrets included": config.ssl_insecure_skip_verify,
        f"{' and '.join(plain)} {'is' if len(plain) == 1 else 'are'} not https: whoever sits between here and the "
        "provider can read and forge everything": bool(plain),
        "redirect_url is http, so the cookies are not Secure: whoever sits between here and the browser can read them "
        "and be that person": is_http and "cookie_secure" not in config.model_fields_set,
        "cookie_secure is false: the session goes over plain http, where anybody can read it": (
            "cookie_secure" in config.model_fields_set and not config.cookie_secure
        ),
        "cookie_httponly is false: whatever script runs in a page can read the session": not config.cookie_httponly,
        "cookie_domains is set: every host below it is sent the session and can replace it": (
            bool(config.cookie_domains)
        ),
        "scope does not have `openid`: there may be no ID token, and then nobody can sign in": (
            config.provider != "github" and "openid" not in config.asked_scope.split()
        ),
        "approval_prompt asks people again at each sign-in, where the provider knows it": (
            config.approval_prompt == "force"
        ),
    }
    yield from (notice for notice, applies in notices.items() if applies)


def _list_addresses(config: OidcConfig) -> list[tuple[str, str]]:
    """List what is written of where the provider is, by option."""
    endpoints = msgspec.structs.asdict(config.own_endpoints)
    options = {"authorization_endpoint": "login_url", "token_endpoint": "redeem_url",
               "userinfo_endpoint": "profile_url", "jwks_uri": "oidc_jwks_url"}  # fmt: skip
    written = {option: endpoints[name] for name, option in options.items()}
    return [(name, url) for name, url in {"oidc_issuer_url": config.oidc_issuer_url, **written}.items() if url]
