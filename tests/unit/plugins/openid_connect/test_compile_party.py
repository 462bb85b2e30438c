"""From the documented attributes to how people sign in, how long they stay, and how they leave."""

from typing import Any

import pytest

from ostiary.errors import OperatorFault
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.plugins.openid_connect.compile_party import compile_party_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.relying_party.settings import (
    CookieSettings,
    IdTokenSettings,
    LogoutSettings,
    RelyingPartySettings,
    SessionContents,
    SessionHeaders,
)
from ostiary.store_settings import RedisSettings, SqliteSettings
from tests.fakes.issuer import make_key, public_pem

GOOD = {"client_id": "shop", "client_secret": "sesame", "discovery": "https://id.example/d"}
SECRET = "0123456789abcdef"


def compile_settings(**attributes: Any) -> RelyingPartySettings:
    """Compile a configuration."""
    return compile_party_settings(
        OpenIdConnectConfig.model_validate(GOOD | attributes), "a-fingerprint", lambda: "a-generated-secret"
    )


def compile_session(**members: Any) -> RelyingPartySettings:
    """Compile a configuration with a session."""
    return compile_settings(session={"secret": SECRET, **members})


def test_people_sign_in_as_written() -> None:
    """Each attribute in its place."""
    settings = compile_settings(
        redirect_uri="/cb",
        scope="openid email",
        required_scopes=["email"],
        authorization_params={"prompt": "login"},
        use_pkce=True,
        use_nonce=True,
        iat_slack=7,
        accept_none_alg=True,
        token_endpoint_auth_method="client_secret_post",
        force_reauthorize=True,
        session={"secret": [SECRET, SECRET + "2"], "revalidate_s": 0.5},
    )

    assert (settings.discovery, settings.fingerprint) == ("https://id.example/d", "a-fingerprint")
    assert settings.secrets == (SECRET, SECRET + "2")
    assert (settings.credentials.client_id, settings.credentials.method) == ("shop", "client_secret_post")
    assert (settings.redirect_uri, settings.scope, settings.required_scopes) == ("/cb", "openid email", ("email",))
    assert settings.authorization_parameters == {"prompt": "login"}
    assert (settings.use_pkce, settings.force_reauthorize, settings.revalidate_s) == (True, True, 0.5)
    assert settings.id_tokens == IdTokenSettings(require_nonce=True, slack_s=7.0, accept_unsigned=True)


def test_what_is_asked_for_at_sign_in_is_what_id_tokens_have_to_say() -> None:
    """`acr_values` are a list, `max_age` may be 0."""
    asked = {"acr_values": "gold silver", "max_age": 0}

    expected = IdTokenSettings(acr_values=frozenset({"gold", "silver"}), max_age_s=0.0)
    assert expected == compile_settings(authorization_params=asked).id_tokens
    assert IdTokenSettings() == compile_settings(authorization_params={"acr": "gold"}).id_tokens


def test_without_a_session_everything_is_the_default_and_the_secret_the_hosts() -> None:
    """And it lives an hour in a cookie, as documented."""
    settings = compile_settings()

    assert settings.secrets == ("a-generated-secret",)
    assert (settings.limits, settings.renewal) == (SessionLimits(absolute_s=3600.0), RenewalPolicy())
    assert (settings.cookie, settings.store, settings.contents) == (CookieSettings(), None, SessionContents())
    assert (settings.headers, settings.logout) == (SessionHeaders(), LogoutSettings())
    assert (settings.revalidate_s, settings.unsaid_lifetime_s, settings.claim_schema) == (1.0, 3600.0, None)


@pytest.mark.parametrize(
    ("members", "limits"),
    [
        ({}, SessionLimits(absolute_s=3600.0)),
        ({"cookie": {"lifetime": 60}}, SessionLimits(absolute_s=60.0)),
        ({"absolute_timeout": 120}, SessionLimits(absolute_s=120.0)),
        ({"absolute_timeout": 120, "cookie": {"lifetime": 60}}, SessionLimits(absolute_s=120.0)),
        ({"idling_timeout": 0, "rolling_timeout": 0}, SessionLimits()),
        ({"idling_timeout": 30, "rolling_timeout": 90}, SessionLimits(idling_s=30.0, rolling_s=90.0)),
    ],
)
def test_sessions_live_as_long_as_written(members: dict[str, Any], limits: SessionLimits) -> None:
    """0 is no limit; the later `absolute_timeout` goes before the older `cookie.lifetime`."""
    assert limits == compile_session(**members).limits


@pytest.mark.parametrize(
    ("attributes", "renewal"),
    [
        ({"renew_access_token_on_expiry": False}, RenewalPolicy(renew_on_expiry=False)),
        ({"access_token_expires_leeway": 60}, RenewalPolicy(leeway_s=60.0)),
        ({"refresh_session_interval": 900}, RenewalPolicy(interval_s=900.0)),
    ],
)
def test_tokens_are_renewed_as_written(attributes: dict[str, Any], renewal: RenewalPolicy) -> None:
    """Each attribute by itself."""
    assert renewal == compile_settings(**attributes).renewal


def test_a_lifetime_that_is_not_said_is_the_operators() -> None:
    """`access_token_expires_in`."""
    assert compile_settings(access_token_expires_in=60).unsaid_lifetime_s == 60.0


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("set_access_token_header", "access_token"),
        ("access_token_in_authorization_header", "access_token_in_authorization"),
        ("set_id_token_header", "id_token"),
        ("set_raw_id_token_header", "raw_id_token"),
        ("set_userinfo_header", "userinfo"),
        ("set_refresh_token_header", "refresh_token"),
    ],
)
def test_each_header_has_its_switch(name: str, field: str) -> None:
    """And no other one moves with it."""
    on, off = compile_settings(**{name: True}).headers, compile_settings(**{name: False}).headers

    assert [each for each in SessionHeaders.__struct_fields__ if getattr(on, each) != getattr(off, each)] == [field]
    assert getattr(on, field) is True


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("access_token", "access_token"),
        ("id_token", "id_token"),
        ("enc_id_token", "raw_id_token"),
        ("user", "userinfo"),
    ],
)
def test_each_part_of_a_session_has_its_member(name: str, field: str) -> None:
    """Written alone it is all that is kept; `{}` keeps nothing, and without the object everything is."""
    nothing = SessionContents(access_token=False, id_token=False, raw_id_token=False, userinfo=False)
    kept = compile_settings(session_contents={name: True}).contents

    assert [each for each in SessionContents.__struct_fields__ if getattr(kept, each)] == [field]
    assert nothing == compile_settings(session_contents={}).contents


@pytest.mark.parametrize(
    ("members", "cookie"),
    [
        ({"cookie_name": "shop"}, CookieSettings(name="shop")),
        ({"cookie_path": "/shop"}, CookieSettings(path="/shop")),
        ({"cookie_domain": "example.com"}, CookieSettings(domains=("example.com",))),
        ({"cookie_secure": False}, CookieSettings(secure=False)),
        ({"cookie_secure": True}, CookieSettings(secure=True)),
        ({"cookie_http_only": False}, CookieSettings(http_only=False)),
        ({"cookie_same_site": "Strict"}, CookieSettings(same_site="Strict")),
        ({"cookie_same_site": "None"}, CookieSettings(same_site="None", secure=True)),
        ({"cookie_same_site": "Default"}, CookieSettings(same_site=None)),
    ],
)
def test_the_cookie_is_as_written(members: dict[str, Any], cookie: CookieSettings) -> None:
    """Each member by itself."""
    assert cookie == compile_session(**members).cookie


def test_sessions_are_kept_where_it_says() -> None:
    """In cookies, in Redis, in a file."""
    assert compile_session().store is None
    assert compile_session(storage="redis", redis={"port": 1234}).store == RedisSettings(port=1234)
    assert compile_session(storage="sqlite", sqlite={"path": "./s.db"}).store == SqliteSettings(path="./s.db")


@pytest.mark.parametrize(
    ("attributes", "logout"),
    [
        ({"logout_path": "/bye"}, LogoutSettings(path="/bye", is_path_typed=True)),
        ({"logout_path": "/logout"}, LogoutSettings(path="/logout", is_path_typed=True)),
        ({"post_logout_redirect_uri": "/"}, LogoutSettings(landing="/")),
        ({"revoke_tokens_on_logout": True}, LogoutSettings(revokes_tokens=True)),
        ({"backchannel_logout_path": "/b"}, LogoutSettings(back_channel_path="/b")),
        ({"frontchannel_logout_path": "/f"}, LogoutSettings(front_channel_path="/f")),
    ],
)
def test_people_leave_as_written(attributes: dict[str, Any], logout: LogoutSettings) -> None:
    """A path that was written is claimed, even if it is the default one."""
    assert logout == compile_settings(**attributes).logout


def test_the_operators_key_verifies_id_tokens_too() -> None:
    """`public_key`; one that is none closes the route."""
    pem = public_pem(make_key()).decode()

    assert compile_settings(public_key=pem, session={"secret": SECRET}).id_tokens.key is not None
    with pytest.raises(OperatorFault, match="public_key_invalid"):
        compile_settings(public_key="no key", session={"secret": SECRET})


def test_a_claim_schema_holds_for_sessions() -> None:
    """Compiled once."""
    schema = compile_settings(claim_schema={"type": "object", "required": ["user"]}).claim_schema

    assert schema is not None
    assert schema.find_fault({}) is not None
    assert schema.find_fault({"user": {}}) is None
