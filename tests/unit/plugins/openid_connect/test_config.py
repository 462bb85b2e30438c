"""The configuration of `openid-connect`."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig, SessionConfig
from ostiary.plugins.openid_connect.refused import REFUSED
from ostiary.plugins.openid_connect.session_config import CookieConfig, SessionContentsConfig

GOOD = {
    "client_id": "shop",
    "client_secret": "sesame",
    "discovery": "https://id.example/.well-known/openid-configuration",
}
SECRET = "0123456789abcdef"
# Every attribute of the reference, and what came after it, by where it stands.
DOCUMENTED = [
    "client_id",
    "client_secret",
    "discovery",
    "scope",
    "required_scopes",
    "realm",
    "bearer_only",
    "logout_path",
    "post_logout_redirect_uri",
    "redirect_uri",
    "timeout",
    "ssl_verify",
    "introspection_endpoint",
    "introspection_endpoint_auth_method",
    "token_endpoint_auth_method",
    "public_key",
    "use_jwks",
    "use_pkce",
    "token_signing_alg_values_expected",
    "set_access_token_header",
    "access_token_in_authorization_header",
    "set_id_token_header",
    "set_userinfo_header",
    "set_refresh_token_header",
    "session",
    "session_contents",
    "unauth_action",
    "proxy_opts",
    "authorization_params",
    "client_rsa_private_key",
    "client_rsa_private_key_id",
    "client_jwt_assertion_expires_in",
    "renew_access_token_on_expiry",
    "access_token_expires_in",
    "refresh_session_interval",
    "iat_slack",
    "accept_none_alg",
    "accept_unsupported_alg",
    "access_token_expires_leeway",
    "force_reauthorize",
    "use_nonce",
    "revoke_tokens_on_logout",
    "jwk_expires_in",
    "jwt_verification_cache_ignore",
    "cache_segment",
    "introspection_interval",
    "introspection_expiry_claim",
    "introspection_addon_headers",
    "claim_validator",
    "claim_schema",
    "set_raw_id_token_header",
    "par",
    "dpop",
    "client_jwt_assertion_alg",
    "client_jwt_assertion_audience",
    # Ours: what the reference's text promises and its table lacks, and a private authority.
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "revocation_endpoint",
    "ssl_ca_file",
    "response_mode",
    "backchannel_logout_path",
    "frontchannel_logout_path",
]
DOCUMENTED_OF_SESSION = [
    "secret",
    "cookie",
    "storage",
    "redis",
    "cookie_name",
    "cookie_path",
    "cookie_domain",
    "cookie_secure",
    "cookie_http_only",
    "cookie_same_site",
    "idling_timeout",
    "rolling_timeout",
    "absolute_timeout",
    # Ours: the embedded store, and how long a revoked session may live.
    "sqlite",
    "revalidate_s",
]


def read(**attributes: Any) -> OpenIdConnectConfig:
    """Read a configuration."""
    return OpenIdConnectConfig.model_validate(GOOD | attributes)


def errors(written: dict[str, Any]) -> dict[str, str]:
    """Return the errors by path."""
    with pytest.raises(ValidationError) as refused:
        OpenIdConnectConfig.model_validate(written)
    assert SECRET not in str(refused.value)
    return {".".join(map(str, error["loc"])): error["msg"] for error in refused.value.errors(include_input=False)}


def test_the_defaults_are_the_documented_ones() -> None:
    """But `ssl_verify`, whose documented default is a vulnerability (CVE-2026-31923)."""
    config = read()

    assert (config.scope, config.realm, config.timeout, config.iat_slack) == ("openid", "apisix", 3, 120)
    assert (config.unauth_action, config.bearer_only, config.use_jwks, config.use_pkce) == ("auth", False, False, False)
    assert config.token_endpoint_auth_method == config.introspection_endpoint_auth_method == "client_secret_basic"
    assert (config.set_access_token_header, config.access_token_in_authorization_header) == (True, False)
    assert (config.set_id_token_header, config.set_userinfo_header) == (True, True)
    assert (config.set_refresh_token_header, config.set_raw_id_token_header) == (False, False)
    assert (config.logout_path, config.post_logout_redirect_uri, config.revoke_tokens_on_logout) == (
        "/logout", None, False
    )  # fmt: skip
    assert (config.renew_access_token_on_expiry, config.access_token_expires_leeway) == (True, 0)
    assert (config.access_token_expires_in, config.refresh_session_interval) == (None, None)
    assert (config.force_reauthorize, config.session_contents) == (False, None)
    assert read(session={"secret": SECRET}).session == SessionConfig.model_validate(
        {"secret": [SECRET], "cookie": {"lifetime": 3600}, "storage": "cookie"}
    )
    assert config.ssl_verify is True


def test_every_documented_attribute_is_known() -> None:
    """Supported, or refused by name: none is a stranger, and none is both."""
    supported = set(OpenIdConnectConfig.model_fields)
    supported_of_session = set(SessionConfig.model_fields)

    assert set(DOCUMENTED) <= supported | set(REFUSED)
    assert supported <= set(DOCUMENTED)
    assert not supported & set(REFUSED)
    assert set(DOCUMENTED_OF_SESSION) == supported_of_session


@pytest.mark.parametrize("name", [*REFUSED, "never_heard_of"])
def test_an_attribute_that_is_not_supported_is_refused(name: str) -> None:
    """Whatever it is set to, its default included."""
    assert name in errors(GOOD | {name: True})


@pytest.mark.parametrize("name", [*SessionConfig.refused, "never_heard_of"])
def test_so_is_one_of_the_session(name: str) -> None:
    """At its own place."""
    assert f"session.{name}" in errors(GOOD | {"session": {"secret": SECRET, name: 1}})


def test_every_attribute_is_explained() -> None:
    """The manual is made of these texts."""
    for model in (OpenIdConnectConfig, SessionConfig, CookieConfig, SessionContentsConfig):
        for name, field in model.model_fields.items():
            assert field.description, name
            assert field.description.endswith("."), name


def test_every_error_is_told_at_once() -> None:
    """With its path, and without any secret."""
    found = errors(
        {
            "client_id": "",
            "discovery": "id.example",
            "timeout": 0,
            "session": {"secret": "short", "cookie": {"lifetime": 0}},
            "unauth_action": "allow",
            "logout_path": "logout",
        }
    )

    assert set(found) == {
        "client_id", "client_secret", "discovery", "timeout", "session.secret", "session.cookie.lifetime",
        "unauth_action", "logout_path",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["client_id", "client_secret", "discovery"])
def test_what_has_to_be_there(name: str) -> None:
    """The three that every client has."""
    written = {key: value for key, value in GOOD.items() if key != name}

    assert list(errors(written)) == [name]


@pytest.mark.parametrize(
    "attributes",
    [
        {"bearer_only": True, "use_jwks": True},
        {"bearer_only": True, "public_key": "PEM"},
        {"use_jwks": True},
        {"use_pkce": True},
        {"use_pkce": "true"},
        {"use_pkce": True, "use_jwks": True, "session": {"secret": SECRET}},
    ],
)
def test_a_client_secret_that_nobody_needs_may_be_left_out(attributes: dict[str, Any]) -> None:
    """Local verification asks nobody; a public client has PKCE."""
    written = {key: value for key, value in GOOD.items() if key != "client_secret"}

    assert OpenIdConnectConfig.model_validate(written | attributes).client_secret is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"bearer_only": True},
        {"bearer_only": True, "introspection_endpoint": "https://id.example/i"},
        {"introspection_endpoint": "https://id.example/i"},
        {"use_pkce": True, "introspection_endpoint": "https://id.example/i", "session": {"secret": SECRET}},
        {"use_jwks": True, "session": {"secret": SECRET}},
        {"use_pkce": "false"},
        {"client_secret": "", "use_pkce": True},
    ],
)
def test_elsewhere_it_is_needed(attributes: dict[str, Any]) -> None:
    """Introspection and the code flow have to say who they are; an empty one is none."""
    written = {key: value for key, value in GOOD.items() if key != "client_secret"}

    assert list(errors(written | attributes)) == ["client_secret"]


@pytest.mark.parametrize("value", [True, 3.0, 3.5, "3.0", "", "three", None, -1])
def test_numbers_are_whole_numbers(value: object) -> None:
    """No truth values, no fractions, no words."""
    assert list(errors(GOOD | {"timeout": value})) == ["timeout"]


def test_a_variable_can_hold_numbers_and_truth_values() -> None:
    """References are texts: digits, `true` and `false` are read."""
    config = read(timeout="5", use_pkce="true", bearer_only="false")

    assert (config.timeout, config.use_pkce, config.bearer_only) == (5, True, False)


@pytest.mark.parametrize("value", [1, 0, "yes", "on", None])
def test_truth_values_are_truth_values(value: object) -> None:
    """Nothing that is merely like one."""
    assert list(errors(GOOD | {"use_jwks": value})) == ["use_jwks"]


@pytest.mark.parametrize("value", [False, "no"])
def test_certificates_are_checked_unless_that_is_typed(value: object) -> None:
    """`no` is APISIX's old spelling."""
    assert read(ssl_verify=value).ssl_verify is False


@pytest.mark.parametrize(("length", "accepted"), [(15, False), (16, True)])
def test_a_session_secret_has_sixteen_characters(length: int, *, accepted: bool) -> None:
    """Alone or in a list, where one that is too short spoils it."""
    for secret in ("s" * length, ["s" * length], ["s" * 16, "s" * length]):
        written = GOOD | {"session": {"secret": secret}}
        if accepted:
            OpenIdConnectConfig.model_validate(written)
        else:
            assert list(errors(written)) == ["session.secret"]


@pytest.mark.parametrize("secret", [[], ["s" * 16] * 9, 1234567890123456, {}, None])
def test_session_secrets_are_one_text_or_a_few(secret: object) -> None:
    """At most eight."""
    assert {path.partition(".")[0] for path in errors(GOOD | {"session": {"secret": secret}})} == {"session"}


@pytest.mark.parametrize(
    "url",
    [
        "id.example",
        "ftp://id.example/",
        "https://",
        "https://u:p@id.example/",
        "https://id.example/#x",
        "https://a:x/",
        "https://id .example",
    ],
)
def test_endpoints_are_whole_addresses(url: str) -> None:
    """No relative ones, no user info, no fragment."""
    assert list(errors(GOOD | {"discovery": url})) == ["discovery"]
    assert list(errors(GOOD | {"introspection_endpoint": url})) == ["introspection_endpoint"]


def test_rules_between_fields_are_told_with_everything_else() -> None:
    """A store that is missing does not hide a wrong number, nor the other way round."""
    found = errors(GOOD | {"iat_slack": -1, "session": {"secret": SECRET, "storage": "redis"}})

    assert set(found) == {"iat_slack", "session.redis"}


@pytest.mark.parametrize(("name", "meant"), OpenIdConnectConfig.renamed.items())
def test_a_name_that_people_use_for_ours_is_no_attribute(name: str, meant: str) -> None:
    """The reference's own typo `session_content` among them; each leads to one that there is."""
    assert list(errors(GOOD | {name: {}})) == [name]
    assert meant in OpenIdConnectConfig.model_fields


def test_extra_parameters_are_sent_as_text() -> None:
    """Numbers and truth values may be written as such; structures may not."""
    assert read(authorization_params={"max_age": 60, "x": True, "y": "z"}).authorization_params == {
        "max_age": "60", "x": "true", "y": "z"
    }  # fmt: skip
    assert list(errors(GOOD | {"authorization_params": {"x": {}}})) == ["authorization_params.x"]


@pytest.mark.parametrize("max_age", ["soon", -1, "1.5", "", " 60", "٣"])
def test_a_max_age_that_no_id_token_could_be_held_to_is_refused(max_age: Any) -> None:
    """It is checked in every ID token, so it has to be seconds."""
    assert "max_age" in errors(GOOD | {"authorization_params": {"max_age": max_age}})["authorization_params"]


@pytest.mark.parametrize("name", ["state", "nonce", "redirect_uri", "response_type", "client_id", "code_challenge",
                                  "code_challenge_method", "request_uri"])  # fmt: skip
def test_extra_parameters_never_overwrite_the_protocols(name: str) -> None:
    """Refused here, so that no login ever meets it."""
    assert name in errors(GOOD | {"authorization_params": {name: "x"}})["authorization_params"]


@pytest.mark.parametrize("name", ["none", "rs256", "HS1"])
def test_only_known_algorithms_are_expected(name: str) -> None:
    """`none` is none."""
    assert list(errors(GOOD | {"token_signing_alg_values_expected": name})) == ["token_signing_alg_values_expected"]
    assert read(token_signing_alg_values_expected="RS256").token_signing_alg_values_expected == "RS256"


@pytest.mark.parametrize(
    ("attributes", "verifies", "bearer_only"),
    [
        ({}, False, False),
        ({"session": {"secret": SECRET}}, False, False),
        ({"use_jwks": True}, True, True),
        ({"public_key": "PEM"}, True, True),
        ({"introspection_endpoint": "https://id.example/i"}, True, True),
        ({"use_jwks": True, "session": {"secret": SECRET}}, True, False),
        ({"bearer_only": True}, True, True),
        ({"bearer_only": True, "session": {"secret": SECRET}}, True, True),
    ],
)
def test_without_a_session_a_verifier_is_all_there_is(
    attributes: dict[str, Any], *, verifies: bool, bearer_only: bool
) -> None:
    """DESIGN.md §7: what the tutorial's routes mean."""
    config = read(**attributes)

    assert (config.verifies_bearer_tokens, config.is_bearer_only) == (verifies, bearer_only)


def test_a_configuration_shows_no_secret() -> None:
    """Neither printed nor dumped."""
    config = read(session={"secret": SECRET})

    for shown in (repr(config), str(config), str(config.model_dump()), config.model_dump_json()):
        assert "sesame" not in shown
        assert SECRET not in shown
