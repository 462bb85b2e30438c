"""What the operator should read at start about how tokens are verified.

What weakens, and what was written for a way of verification that the configuration does not take.
"""

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig

_INTROSPECTION_OPTIONS = (
    "introspection_endpoint", "introspection_interval", "introspection_expiry_claim", "introspection_addon_headers",
    "cache_segment",
)  # fmt: skip
_BEARER_OPTIONS = ("token_signing_alg_values_expected", "claim_validator", "jwt_verification_cache_ignore")


def find_verification_notices(config: OpenIdConnectConfig) -> tuple[str, ...]:
    """Return the sentences that apply."""
    written = config.model_fields_set
    reason, inert = _find_inert(config)
    notices = {
        "accept_none_alg is true: an ID token from the token endpoint is believed without a signature, so whoever sits "
        "between here and the provider can sign in as anybody unless TLS stops them": config.accept_none_alg,
        "accept_unsupported_alg is true, and has no effect: tokens whose signature cannot be verified are refused all "
        "the same": config.accept_unsupported_alg and "accept_unsupported_alg" in written,
        "jwt_verification_cache_ignore is true: every request verifies its token again, or asks the provider": (
            config.jwt_verification_cache_ignore and config.verifies_bearer_tokens
        ),
        f"{' and '.join(inert)} {'has' if len(inert) == 1 else 'have'} no effect: {reason}": bool(inert),
    }
    return tuple(notice for notice, applies in notices.items() if applies)


def _find_inert(config: OpenIdConnectConfig) -> tuple[str, list[str]]:
    """List what was written for a way of verification that is not taken, with the reason."""
    names: tuple[str, ...] = (*_INTROSPECTION_OPTIONS, *_BEARER_OPTIONS)
    reason = "no bearer tokens are looked at"
    if config.public_key is not None or config.use_jwks:
        names, reason = _INTROSPECTION_OPTIONS, "keys verify bearer tokens"
    elif config.verifies_bearer_tokens:
        names, reason = ("token_signing_alg_values_expected",), "the provider judges bearer tokens"
    written = [name for name in names if name in config.model_fields_set and getattr(config, name)]
    if config.claim_validator.issuer.valid_issuers:  # which also vouch for the provider that people sign in at
        written = [name for name in written if name != "claim_validator"]
    return reason, written
