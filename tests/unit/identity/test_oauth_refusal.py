"""Errors of an authorization server as values."""

from ostiary.identity.oauth_refusal import OAuthRefused


def test_a_refusal_has_the_registered_error_and_our_reason() -> None:
    """One is for the client, the other for the access log; the text of the exception is the reason alone."""
    refused = OAuthRefused("scope_refused", "invalid_scope", "ask without a scope")

    assert ("invalid_scope", "scope_refused") == (refused.error, refused.code)
    assert "scope_refused" == str(refused)
