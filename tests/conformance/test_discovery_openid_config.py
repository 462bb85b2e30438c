"""oidcc-client-test-discovery-openid-config: the metadata say where everything is.

The provider's endpoints are at unusual places, which only its discovery document names (OpenID Connect Discovery §4).
"""

from tests.conformance.stage import Case

PLACES = {
    "authorization_endpoint": ("/authorize", "/a/place/to/sign-in"),
    "token_endpoint": ("/token", "/b"),
    "userinfo_endpoint": ("/userinfo", "/c/who"),
    "jwks_uri": ("/keys", "/d.json"),
}


def test_every_endpoint_is_taken_from_the_metadata(case: Case) -> None:
    """The discovery document is fetched once."""
    for name, (usual, unusual) in PLACES.items():
        case.provider.metadata[name] = case.provider.issuer + unusual
        case.provider.endpoints[unusual] = case.provider.endpoints.pop(usual)

    case.check_admitted()
    assert [
        "/.well-known/openid-configuration", "/a/place/to/sign-in", "/b", "/d.json", "/c/who",
    ] == [asked.endpoint for asked in case.provider.asked]  # fmt: skip
