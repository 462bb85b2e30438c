"""The counterpart itself: what its fixture and its administrator promise to the tests that use them."""

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.keycloak import CLIENT_ID, LOGIN, PASSWORD, Keycloak


def test_the_realm_of_the_example_is_there(keycloak: Keycloak) -> None:
    """Imported at start, with the tutorial's client and user."""
    realm = keycloak.realm()
    assert realm.client_id == CLIENT_ID
    assert realm.client_secret == "bSaIN3MV1YynmtXvU8lKkfeY0iwpr9cH"
    assert realm.token(grant_type="password", username=LOGIN, password=PASSWORD).status == 200
    assert realm.token(grant_type="password", username=LOGIN, password="wrong").status == 401


def test_a_realm_is_for_one_gateway_and_goes_when_its_module_is_done(keycloak: Keycloak) -> None:
    """Addresses have its port; sessions, keys and lifetimes are its own."""
    with keycloak.make_realm(gateway_port=4711, accessTokenLifespan=7) as realm:
        client = realm.client()
        assert client["redirectUris"]
        assert all("localhost:4711/" in uri for uri in client["redirectUris"])
        assert realm.token(grant_type="client_credentials").json()["expires_in"] == 7
        assert realm.sessions() == []
        realm.person_token()
        (session,) = realm.sessions()
        realm.delete_session(session)
        realm.person_token()
        realm.log_out()
        assert realm.sessions() == []
        old = realm.signing_keys()[0]["kid"]
        new = realm.add_key()
        assert [key["kid"] for key in realm.signing_keys()] == [new, old]
        realm.delete_key(old)
        assert [key["kid"] for key in realm.signing_keys()] == [new]
        assert realm.user_id(LOGIN) != realm.add_user("somebody-else")
    assert call(realm.discovery_url).status == 404
