"""The modules of the OpenID conformance suite that concern a relying party, by the plan that has them.

Each module that is tried has a file of its own, whose docstring begins with the module's name. `OUT_OF_SCOPE` says why
the others are not tried. The suite's own list is that of its release of 2026; names are the suite's.
"""

import re

OIDC = "oidcc-client-test"
FAPI1 = "fapi1-advanced-final-client-test"
FAPI2 = "fapi2-security-profile-final-client-test"
_NAME = re.compile(r"((?:oidcc|fapi1|fapi2)-[a-z0-9_-]+): ")

BASIC = {
    OIDC,
    f"{OIDC}-invalid-iss",
    f"{OIDC}-missing-sub",
    f"{OIDC}-invalid-aud",
    f"{OIDC}-missing-iat",
    f"{OIDC}-kid-absent-single-jwks",
    f"{OIDC}-kid-absent-multiple-jwks",
    f"{OIDC}-idtoken-sig-rs256",
    f"{OIDC}-idtoken-sig-none",
    f"{OIDC}-invalid-sig-rs256",
    f"{OIDC}-userinfo-invalid-sub",
    f"{OIDC}-nonce-invalid",
    f"{OIDC}-scope-userinfo-claims",
    f"{OIDC}-client-secret-basic",
}
CONFIG = {
    f"{OIDC}-discovery-openid-config",
    f"{OIDC}-discovery-jwks-uri-keys",
    f"{OIDC}-discovery-issuer-mismatch",
    f"{OIDC}-idtoken-sig-none",
    f"{OIDC}-signing-key-rotation",
    f"{OIDC}-signing-key-rotation-just-before-signing",
}
FORM_POST = {*BASIC, f"{OIDC}-form-post-error"}
REFRESH_TOKEN = {
    f"{OIDC}-refresh-token",
    f"{OIDC}-refresh-token-invalid-issuer",
    f"{OIDC}-refresh-token-invalid-sub",
}
RP_INITIATED_LOGOUT = {
    f"{OIDC}-rp-init-logout",
    f"{OIDC}-rp-init-logout-other-state",
    f"{OIDC}-rp-init-logout-no-state",
}
BACK_CHANNEL_LOGOUT = {
    f"{OIDC}-rp-backchannel-rpinitlogout",
    f"{OIDC}-rp-backchannel-rpinitlogout-alg-none",
    f"{OIDC}-rp-backchannel-rpinitlogout-no-event",
    f"{OIDC}-rp-backchannel-rpinitlogout-with-nonce",
    f"{OIDC}-rp-backchannel-rpinitlogout-wrong-alg",
    f"{OIDC}-rp-backchannel-rpinitlogout-wrong-aud",
    f"{OIDC}-rp-backchannel-rpinitlogout-wrong-event",
    f"{OIDC}-rp-backchannel-rpinitlogout-wrong-iss",
}
FRONT_CHANNEL_LOGOUT = {
    f"{OIDC}-rp-frontchannel-rpinitlogout",
    f"{OIDC}-rp-frontchannel-opinitlogout",
}
OTHER = {
    f"{OIDC}-missing-aud",
    f"{OIDC}-invalid-sig-hs256",
    f"{OIDC}-invalid-sig-es256",
    f"{OIDC}-nonce-unless-code-flow",
    f"{OIDC}-userinfo-bearer-header",
    f"{OIDC}-userinfo-signed",
    f"{OIDC}-invalid-athash",
    f"{OIDC}-invalid-chash",
    f"{OIDC}-aggregated-claims",
    f"{OIDC}-distributed-claims",
}
FAPI = {
    f"{FAPI1}-iat-is-week-in-past",
    f"{FAPI1}-invalid-shash",
    f"{FAPI1}-encrypted-idtoken",
    f"{FAPI1}-encrypted-idtoken-usingrsa15",
    f"{FAPI1}-no-scope-in-token-endpoint-response",
    f"{FAPI2}-invalid-secondary-aud",
    f"{FAPI2}-valid-aud-as-array",
    f"{FAPI2}-invalid-null-alg",
    f"{FAPI2}-invalid-alternate-alg",
    f"{FAPI2}-invalid-expired-exp",
    f"{FAPI2}-invalid-missing-exp",
    f"{FAPI2}-invalid-missing-aud",
    f"{FAPI2}-invalid-missing-iss",
    f"{FAPI2}-invalid-missing-nonce",
    f"{FAPI2}-invalid-authorization-response-iss",
    f"{FAPI2}-remove-authorization-response-iss",
    f"{FAPI2}-ensure-authorization-response-with-invalid-state-fails",
    f"{FAPI2}-ensure-authorization-response-with-invalid-missing-state-fails",
    f"{FAPI2}-token-endpoint-response-without-expires_in",
    f"{FAPI2}-token-type-case-insensitivity",
}
TRIED = {
    *BASIC, *CONFIG, *FORM_POST, *REFRESH_TOKEN, *RP_INITIATED_LOGOUT, *BACK_CHANNEL_LOGOUT, *FRONT_CHANNEL_LOGOUT,
    *OTHER, *FAPI,
}  # fmt: skip

_FRONT_CHANNEL_TOKENS = "only tokens from the authorization endpoint need the hash, and the code flow has none there"
_DYNAMIC = "clients are registered by their operator: there is no dynamic registration, and no WebFinger"
_REQUEST_OBJECTS = "authorization requests are plain; request objects are not offered"
_JARM = "answers come in the query or by form post; signed ones (JARM) are not offered"

OUT_OF_SCOPE = {
    f"{OIDC}-missing-athash": _FRONT_CHANNEL_TOKENS,
    f"{OIDC}-missing-chash": _FRONT_CHANNEL_TOKENS,
    f"{FAPI1}-invalid-missing-shash": _FRONT_CHANNEL_TOKENS,
    f"{OIDC}-userinfo-bearer-body": "the access token goes in the header, as RFC 6750 recommends, and in no other way",
    f"{OIDC}-mtls-endpoint-aliases": "clients do not authenticate by mutual TLS, so there is nothing to alias",
    f"{OIDC}-discovery-webfinger-acct": _DYNAMIC,
    f"{OIDC}-discovery-webfinger-url": _DYNAMIC,
    f"{OIDC}-dynamic-registration": _DYNAMIC,
    f"{OIDC}-request-uri-signed-rs256": _REQUEST_OBJECTS,
    f"{OIDC}-request-uri-signed-none": _REQUEST_OBJECTS,
    f"{OIDC}-3rd-party-init-login": "there is no initiate_login_uri: a link to any page behind the gateway signs in",
    f"{OIDC}-session-management": "a gateway has no page to put check_session_iframe on; sessions are revalidated",
    f"{FAPI2}-ensure-jarm-signature-is-not-none": _JARM,
    f"{FAPI2}-ensure-jarm-with-expired-exp-fails": _JARM,
    f"{FAPI2}-ensure-jarm-without-exp-fails": _JARM,
    f"{FAPI2}-ensure-jarm-with-invalid-aud-fails": _JARM,
    f"{FAPI2}-ensure-jarm-without-aud-fails": _JARM,
    f"{FAPI2}-ensure-jarm-with-invalid-iss-fails": _JARM,
    f"{FAPI2}-ensure-jarm-without-iss-fails": _JARM,
    f"{FAPI2}-ensure-jarm-with-invalid-sig-fails": _JARM,
}


def read_module_name(docstring: str | None) -> str | None:
    """Return the module that a test file is about, from the beginning of its docstring; None for any other file."""
    found = _NAME.match(docstring or "")
    return found[1] if found is not None else None


def name_file(module: str) -> str:
    """Return the name of a module's file: the module without its plan's prefix."""
    for prefix in (OIDC, FAPI1, FAPI2):
        module = module.removeprefix(f"{prefix}-")
    return f"test_{module.replace('-', '_')}.py"
