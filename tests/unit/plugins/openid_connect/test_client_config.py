"""Who the gateway is at the provider, as it is written."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.client_config import METHOD_NAMES
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from tests.fakes.client_keys import CLIENT_KEYS, make_client_key, private_pem
from tests.fakes.issuer import public_pem

GOOD = {
    "client_id": "shop",
    "client_secret": "a-client-secret-of-more-than-32-bytes",
    "discovery": "https://id.example/d",
}
KEY = private_pem()
INTROSPECTION = {"introspection_endpoint": "https://id.example/i"}
PRIVATE_KEY_JWT = {"token_endpoint_auth_method": "private_key_jwt", "client_rsa_private_key": KEY}


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration; None leaves an attribute out."""
    written = {name: value for name, value in (GOOD | attributes).items() if value is not None}
    return OpenIdConnectConfig.model_validate(written)


def errors(**attributes: Any) -> dict[str, str]:
    """Return the errors by name, in none of which a secret stands."""
    with pytest.raises(ValidationError) as refused:
        read(**attributes)
    shown = str(refused.value) + str(refused.value.errors(include_input=False))
    for secret in (GOOD["client_secret"], KEY.splitlines()[1], str(attributes.get("client_secret") or "?????")):
        assert secret not in shown
    return {".".join(map(str, error["loc"])): error["msg"] for error in refused.value.errors(include_input=False)}


def test_the_defaults_are_the_documented_ones() -> None:
    """Basic, and assertions that live for a minute."""
    config = read()

    assert config.token_endpoint_auth_method == config.introspection_endpoint_auth_method == "client_secret_basic"
    assert (config.client_rsa_private_key, config.client_rsa_private_key_id) == (None, None)
    assert config.client_jwt_assertion_expires_in == 60
    assert (config.client_jwt_assertion_alg, config.client_jwt_assertion_audience) == (None, None)


@pytest.mark.parametrize("name", METHOD_NAMES)
@pytest.mark.parametrize(
    "method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
)
def test_every_documented_method_is_taken(name: str, method: str) -> None:
    """At both endpoints."""
    assert method == getattr(read(client_rsa_private_key=KEY, **{name: method}), name)


@pytest.mark.parametrize("name", METHOD_NAMES)
@pytest.mark.parametrize("method", ["none", "tls_client_auth", "basic", "", 1])
def test_no_other_one_is(name: str, method: object) -> None:
    """A public client is one without a secret; it is not a method."""
    assert [name] == list(errors(**{name: method}))


@pytest.mark.parametrize("kind", CLIENT_KEYS)
def test_keys_of_every_kind_are_taken(kind: str) -> None:
    r"""Despite the attribute's name; also in one line, with \n in it."""
    for pem in (private_pem(kind), private_pem(kind).replace("\n", "\\n")):
        key = read(client_rsa_private_key=pem).client_rsa_private_key
        assert key is not None
        assert pem == key.get_secret_value()


def test_what_is_no_private_key_is_refused() -> None:
    """With the reason."""
    refused = {
        public_pem(make_client_key("RSA")).decode(): "is a public one",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----": "passphrase",
        "sesame": "is no PEM private key",
        "": "is no PEM private key",
    }

    for written, words in refused.items():
        assert words in errors(client_rsa_private_key=written)["client_rsa_private_key"]


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_private_key_jwt_needs_its_key(name: str) -> None:
    """One error, which names both."""
    for secret in (GOOD["client_secret"], None):
        found = errors(**{name: "private_key_jwt"}, client_secret=secret, bearer_only=True, **INTROSPECTION)
        assert f"client_rsa_private_key is required for {name}: private_key_jwt" in found["client_rsa_private_key"]


@pytest.mark.parametrize(
    "attributes",
    [
        PRIVATE_KEY_JWT,
        {**PRIVATE_KEY_JWT, "session": {"secret": "0123456789abcdef"}, "use_jwks": True},
        {
            **PRIVATE_KEY_JWT, **INTROSPECTION, "introspection_endpoint_auth_method": "private_key_jwt",
            "session": {"secret": "0123456789abcdef"},
        },
        {"introspection_endpoint_auth_method": "private_key_jwt", "client_rsa_private_key": KEY, "bearer_only": True},
        {"introspection_endpoint_auth_method": "private_key_jwt", "client_rsa_private_key": KEY, **INTROSPECTION},
    ],
)  # fmt: skip
def test_beside_a_private_key_no_secret_is_needed(attributes: dict[str, Any]) -> None:
    """Where nothing else asks for one."""
    assert read(client_secret=None, **attributes).client_secret is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"client_rsa_private_key": KEY},
        {**PRIVATE_KEY_JWT, **INTROSPECTION},
        {**PRIVATE_KEY_JWT, "bearer_only": True},
        {**PRIVATE_KEY_JWT, "introspection_endpoint_auth_method": "client_secret_jwt"},
        {"use_pkce": True, "token_endpoint_auth_method": "client_secret_jwt"},
    ],
)
def test_elsewhere_it_is(attributes: dict[str, Any]) -> None:
    """The other endpoint is called with the secret, or the secret signs; the text says what else could be done."""
    found = errors(client_secret=None, **attributes)

    assert ["client_secret"] == list(found)
    assert "client_secret is required" in found["client_secret"]


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_a_secret_that_signs_is_long_enough(name: str) -> None:
    """RFC 7518 §3.2; one that only is shown may be short."""
    found = errors(**{name: "client_secret_jwt"}, client_secret="nineteen-characters")

    assert "has 19 bytes, and signing takes 32 or more" in found["client_secret"]
    assert read(**{name: "client_secret_post"}, client_secret="nineteen-characters").client_secret is not None


@pytest.mark.parametrize(
    ("algorithm", "attributes"),
    [
        ("RS512", {"client_rsa_private_key": KEY}),
        ("PS256", {**PRIVATE_KEY_JWT}),
        ("ES384", {**PRIVATE_KEY_JWT, "client_rsa_private_key": private_pem("EC P-384")}),
        ("Ed25519", {**PRIVATE_KEY_JWT, "client_rsa_private_key": private_pem("Ed25519")}),
        ("HS256", {}),
        ("HS256", {"token_endpoint_auth_method": "client_secret_jwt"}),
        ("HS512", {"token_endpoint_auth_method": "client_secret_jwt", "client_secret": "s" * 64}),
        ("RS256", {**PRIVATE_KEY_JWT, "introspection_endpoint_auth_method": "client_secret_jwt"}),
    ],
)
def test_an_algorithm_that_fits_is_taken(algorithm: str, attributes: dict[str, Any]) -> None:
    """The key, or the length of the secret."""
    assert algorithm == read(client_jwt_assertion_alg=algorithm, **attributes).client_jwt_assertion_alg


@pytest.mark.parametrize(
    ("algorithm", "attributes", "words"),
    [
        ("ES256", PRIVATE_KEY_JWT, "does not fit client_rsa_private_key (RSA)"),
        ("ES512", {**PRIVATE_KEY_JWT, "client_rsa_private_key": private_pem("EC P-256")}, "(EC P-256)"),
        ("HS512", {"token_endpoint_auth_method": "client_secret_jwt"}, "does not fit client_secret"),
        ("RS256", {}, "signs with client_rsa_private_key, which is missing"),
        ("HS256", {**PRIVATE_KEY_JWT, "client_secret": None}, "signs with client_secret, which is missing"),
        ("HS256", PRIVATE_KEY_JWT, "is for client_secret_jwt"),
        ("RS256", {"client_rsa_private_key": KEY, "token_endpoint_auth_method": "client_secret_jwt"}, "is for private"),
        ("none", PRIVATE_KEY_JWT, "is no signature algorithm"),
        ("rs256", PRIVATE_KEY_JWT, "is no signature algorithm"),
    ],
)
def test_one_that_does_not_is_refused(algorithm: str, attributes: dict[str, Any], words: str) -> None:
    """At start, not at the first login."""
    assert words in errors(client_jwt_assertion_alg=algorithm, **attributes)["client_jwt_assertion_alg"]


def test_a_key_that_cannot_be_read_is_told_once() -> None:
    """The algorithm is not blamed for it."""
    for key in ("sesame", 7):
        assert ["client_rsa_private_key"] == list(
            errors(client_jwt_assertion_alg="RS256", **{**PRIVATE_KEY_JWT, "client_rsa_private_key": key})
        )


@pytest.mark.parametrize("value", [0, -1, 1.5, "soon", True])
def test_an_assertion_lives_for_whole_seconds(value: object) -> None:
    """One or more."""
    assert ["client_jwt_assertion_expires_in"] == list(errors(client_jwt_assertion_expires_in=value))
    assert 1 == read(client_jwt_assertion_expires_in="1").client_jwt_assertion_expires_in


@pytest.mark.parametrize("name", ["client_rsa_private_key_id", "client_jwt_assertion_audience"])
def test_texts_are_texts(name: str) -> None:
    """And say something."""
    for value in ("", 7, ["x"]):
        assert {name} == {path.partition(".")[0] for path in errors(**{name: value})}
    assert "x" == getattr(read(**{name: "x"}), name)


def test_a_configuration_shows_no_key() -> None:
    """Neither printed nor dumped."""
    config = read(client_rsa_private_key=KEY)

    for shown in (repr(config), str(config), str(config.model_dump()), config.model_dump_json()):
        assert "PRIVATE" not in shown
        assert KEY.splitlines()[1] not in shown
