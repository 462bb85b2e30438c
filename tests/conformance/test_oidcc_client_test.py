"""oidcc-client-test: the code flow from end to end.

The provider behaves well, and holds the relying party to the specifications: it wants PKCE, the redirect URI and the
client's authentication before it gives tokens, and the access token before it tells about the person.
"""

from tests.conformance.provider import SUBJECT
from tests.conformance.stage import Case


def test_a_person_signs_in(case: Case) -> None:
    """The upstream is told who; the endpoints were asked once each, in their order."""
    identity = case.check_admitted()

    assert {"sub": SUBJECT, "name": "Somebody"} == identity.userinfo
    assert identity.id_token is not None
    assert (SUBJECT, "access-token-1") == (identity.id_token["sub"], identity.access_token)
    assert ["/authorize", "/token", "/keys", "/userinfo"] == [asked.endpoint for asked in case.provider.asked[1:]]
