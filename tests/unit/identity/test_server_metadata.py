"""What an authorization server says about itself."""

import pytest

from ostiary.identity.server_metadata import (
    build_key_set,
    build_metadata,
    find_key_id,
    find_metadata_path,
    split_issuer,
)
from ostiary.identity.signing_keys import read_signing_key
from tests.fakes.client_keys import CLIENT_KEYS, private_pem


@pytest.mark.parametrize("kind", CLIENT_KEYS)
def test_public_halves_are_published_with_their_thumbprint(kind: str) -> None:
    """And nothing of the private ones."""
    key = read_signing_key(private_pem(kind))
    (published,) = build_key_set([key])["keys"]

    assert (find_key_id(key), "sig", CLIENT_KEYS[kind][2]) == (published["kid"], published["use"], published["alg"])
    assert not {"d", "p", "q", "k"} & set(published)


@pytest.mark.parametrize(
    ("issuer", "path"),
    [
        ("https://tokens.example", "/.well-known/oauth-authorization-server"),
        ("https://tokens.example/", "/.well-known/oauth-authorization-server"),
        ("https://tokens.example/a/b", "/.well-known/oauth-authorization-server/a/b"),
        ("http://tokens.example", None),
        ("Higress-Gateway", None),
        ("https://tokens.example?x", None),
        ("https://a@tokens.example", None),
    ],
)
def test_the_well_known_path_goes_before_the_issuers_own(issuer: str, path: str | None) -> None:
    """RFC 8414 §3.1; what is no https URL has no metadata."""
    assert path == find_metadata_path(issuer)
    assert (split_issuer(issuer) is None) == (path is None)


def test_what_is_not_there_is_not_said() -> None:
    """Scopes and methods only where there are some."""
    document = build_metadata("https://t.example/a", {"token_endpoint": "/t"}, [], takes_assertions=False)

    assert ("https://t.example/a", "https://t.example/t") == (document["issuer"], document["token_endpoint"])
    assert "scopes_supported" not in document
    assert ["client_secret_basic", "client_secret_post"] == document["token_endpoint_auth_methods_supported"]
    assert ["a", "b"] == build_metadata("https://t.example", {}, ["b", "a", "b"], takes_assertions=True)[
        "scopes_supported"
    ]
