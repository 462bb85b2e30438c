"""What is known of a configuration as a whole: its fingerprint, and what the operator should read at start.

What a subject has to say for itself is in its own module (`session_rules`, `verification_notices`).
"""

import msgspec

from ostiary.config.fingerprints import digest_configuration
from ostiary.config.urls import is_plain
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.session_rules import find_session_notices
from ostiary.plugins.openid_connect.verification_notices import find_verification_notices


def find_fingerprint(config: OpenIdConnectConfig) -> str:
    """Return what is equal for instances that decide alike."""
    return digest_configuration("openid-connect", config)


def find_notices(config: OpenIdConnectConfig) -> tuple[str, ...]:
    """Return what the operator should read at start: what weakens, and what is not what it may seem."""
    plain = [name for name, url in _list_addresses(config) if is_plain(url)]
    notices = {
        "ssl_verify is false: whoever sits between here and the provider can read and forge everything, tokens and "
        "secrets included": not config.ssl_verify,
        f"{' and '.join(plain)} {'is' if len(plain) == 1 else 'are'} not https: whoever sits between here and the "
        "provider can read and forge everything": bool(plain),
        "there is no `session`, so bearer tokens are all that is accepted: nobody is sent to sign in": (
            config.is_bearer_only and not config.bearer_only
        ),
        "there is no `session`, so sessions are sealed with a generated secret that only this installation has: write "
        "session.secret": config.session is None and not config.is_bearer_only,
        "unauth_action is pass: requests that nobody is signed in for go through": (
            config.unauth_action == "pass" and not config.is_bearer_only
        ),
        "scope does not have `openid`: there will be no ID token, and nobody can sign in": (
            "openid" not in config.scope.split() and not config.is_bearer_only
        ),
        "timeout is read as milliseconds": config.timeout % 1000 == 0,
    }
    found = tuple(notice for notice, applies in notices.items() if applies)
    return found + find_session_notices(config) + find_verification_notices(config)


def _list_addresses(config: OpenIdConnectConfig) -> list[tuple[str, str]]:
    """List what is written of where the provider is, by name."""
    endpoints = {
        **msgspec.structs.asdict(config.own_endpoints),
        "introspection_endpoint": config.introspection_endpoint,
    }
    return [("discovery", config.discovery), *((name, url) for name, url in endpoints.items() if url is not None)]
