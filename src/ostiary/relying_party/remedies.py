"""What the operator can do about a login that failed: one sentence for each cause, for the log.

People see the texts of `ostiary.relying_party.pages`, which say nothing about the configuration; here options are
named, in braces where plugins call them otherwise (`ostiary.relying_party.option_names`). Nothing of a request or of a
token goes into a sentence: the provider's error code is known, its words are not repeated. An empty text means that
there is nothing to do but what the page says.
"""

import re

from ostiary.errors import ProviderFault
from ostiary.identity.authorization import AuthorizationDenied
from ostiary.identity.jose import TokenRefused
from ostiary.identity.login_flow import LoginFlow
from ostiary.relying_party.option_names import OptionNames

_PKCE = re.compile(r"pkce|code[ _-]?(?:challenge|verifier)", re.IGNORECASE)
_CLIENT_ERRORS = frozenset({"invalid_client", "status 401"})
_NODES = "every node has to have the same {secret}; a list lets it be changed without losing anybody"
_COOKIES = (
    "if everybody meets this, the cookie is lost on the way: look for a proxy that drops Set-Cookie, and whether the "
    "public scheme is https where the gateway believes so"
)

REFUSALS = {
    "callback_method": "if nobody opened it by hand, the provider does not answer {answer_mode}",
    "callback_content_type": "a form from the provider is application/x-www-form-urlencoded and nothing else: a proxy "
    "may have changed it",
    "callback_state_missing": "if nobody opened it by hand, {redirect} is an address that people visit: give "
    "sign-ins a path of their own",
    "callback_issuer_missing": "the provider's metadata promises `iss` in its answers, and this one had none: a proxy "
    "before the provider may have dropped it",
    "callback_issuer_differs": "the answer came from another issuer than {issuer} names: somebody may be mixing "
    "providers up, or two of them share this {redirect}",
    "flow_broken": "the note was sealed with another secret: " + _NODES,
    "flow_elsewhere": _COOKIES + "{one_more_login}",
    "flow_cookies_blocked": _COOKIES,
    "flow_other_host": "the host in {redirect}, the one that people open, and the one that proxies pass on should be "
    "the same; or list the other among the route's hosts, so that the gateway moves people over",
    "id_token_missing": "the provider gives an ID token only when `scope` has `openid`",
    "claims_unusable": "the provider's ID token has claims that cannot be kept, such as numbers beyond 64 bits",
    "token_acr": "the person did not sign in by any of {acr_values}: allow one of them at the provider, or leave "
    "acr_values out",
    "token_auth_time": "the ID token does not say that the person signed in within the max_age that "
    "authorization_params asks for: the provider ignores max_age, or leaves auth_time out",
    "token_algorithm": "the ID token is signed otherwise than the provider's metadata says "
    "(id_token_signing_alg_values_supported): set the client's signature algorithm at the provider",
    "token_audience": "the ID token is for another client: compare client_id with the client at the provider",
    "token_authorized_party": "the ID token is for another client: compare client_id with the client at the provider",
    "token_issuer": "the ID token is from another issuer than {issuer} names",
    "token_key_unknown": "the ID token is signed with a key that {keys} does not publish: a cache before the "
    "provider may be old",
    "token_malformed": "what the provider gave is no signed ID token; one that it does not sign at all is "
    "{unsigned_tokens}",
    "token_signature": "the ID token's signature does not fit the provider's keys; with an HS algorithm it is made "
    "with client_secret",
    "membership_refused": "the person is in none of allowed_groups, or has no verified address that allowed_emails or "
    "email_domains name: add what the provider says of them, if they should enter",
    "token_encrypted": "encrypted ID tokens are not supported: switch that off for the client at the provider",
}
DENIALS = {
    "access_denied": "the person declined, or the provider's own rules keep them out",
    "invalid_scope": "the provider does not know a scope that `scope` asks for, or does not grant it to this client",
    "invalid_target": "the provider does not know {resource}, or does not grant it to this client",
    "unauthorized_client": "the client may not use the authorization code flow: allow it at the provider",
    "unsupported_response_type": "the client may not use the authorization code flow: allow it at the provider",
    "login_required": "{prompt_none} lets nobody sign in who is not signed in already",
    "interaction_required": "{prompt_none} lets nobody be asked anything",
    "consent_required": "{prompt_none} lets nobody be asked anything",
}
_PKCE_SENT = (
    "PKCE (S256) was used, since {pkce} or the provider's metadata says so: set the client's challenge method at the "
    "provider to S256"
)
_PKCE_UNSENT = "the provider wants PKCE and its metadata does not say so: set {pkce_on}"
_CLIENT_REFUSED = (
    "the provider does not accept how this client authenticates itself: compare client_id and client_secret with the "
    "client at the provider, and {client_authentication}"
)
_CODE_REFUSED = "the code was used before or is too old, or {redirect} is not what the provider expects"
_FAULTS = {
    "token_answer_invalid": "the answer of the token endpoint is no token response: see whether {token_endpoint} leads "
    "to the provider and not to a page",
    "provider_without_token_endpoint": "the provider's metadata names no token_endpoint: write {token_endpoint}",
    "userinfo_subject_mismatch": "userinfo is about somebody else than the ID token: this is the provider's mistake",
    "issuer_mismatch": "the metadata is for another issuer: write {issuer} as that issuer has it",
    "keys_answer_invalid": "see whether {keys} leads to the provider's keys",
    "metadata_answer_invalid": "see whether {issuer} leads to the provider's metadata",
}


def is_about_pkce(denied: AuthorizationDenied) -> bool:
    """Say whether a provider ended a login because of PKCE, as far as its own words tell (RFC 7636 §4.4.1)."""
    return bool(_PKCE.search(denied.description))


def is_about_client(fault: ProviderFault) -> bool:
    """Say whether the token endpoint refused the client, not the code (RFC 6749 §5.2)."""
    return fault.code == "token_refused" and not fault.passing and fault.detail in _CLIENT_ERRORS


def find_refusal_remedy(code: str, refused: Exception, names: OptionNames) -> str:
    """Return what helps against a check that failed; for a matter of time it says by how much the clocks differ."""
    ahead_s = refused.ahead_s if isinstance(refused, TokenRefused) else None
    if ahead_s is None:
        return names.fill(REFUSALS.get(code, ""))
    side = "ahead of" if ahead_s > 0 else "behind"
    return (
        f"the ID token's time lies {abs(ahead_s):.0f} s {side} this machine's: synchronise both clocks (NTP)"
        + names.slack
    )


def find_denial_remedy(denied: AuthorizationDenied, flow: LoginFlow | None, names: OptionNames) -> str:
    """Return what helps against an error that the provider sent back with the person (RFC 6749 §4.1.2.1)."""
    if not is_about_pkce(denied):
        return names.fill(DENIALS.get(denied.error, ""))
    return names.fill(_PKCE_UNSENT if flow is not None and flow.code_verifier is None else _PKCE_SENT)


def find_fault_remedy(fault: ProviderFault, flow: LoginFlow | None, names: OptionNames) -> str:
    """Return what helps against a provider that fails; how it can be reached is in the fault's own detail."""
    if is_about_client(fault):
        return names.fill(_CLIENT_REFUSED)
    if fault.code == "token_refused" and fault.detail == "invalid_grant":
        has_verifier = flow is not None and flow.code_verifier is not None
        return names.fill(f"{_CODE_REFUSED}; or it does not like PKCE: {_PKCE_SENT}" if has_verifier else _CODE_REFUSED)
    return names.fill(_FAULTS.get(fault.code, ""))
