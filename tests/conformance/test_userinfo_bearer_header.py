"""oidcc-client-test-userinfo-bearer-header: the access token goes to the userinfo endpoint in the header.

The provider takes it nowhere else (RFC 6750 §2.1).
"""

from tests.conformance.stage import Case


def test_the_access_token_is_in_the_header(case: Case) -> None:
    """Neither in the query, where logs would keep it, nor in a body."""
    case.check_admitted()

    (asked,) = case.provider.requests("/userinfo")
    assert ("GET", "Bearer access-token-1") == (asked.method, asked.headers["authorization"])
    assert ({}, {}) == (asked.query, asked.form)
