"""What a relying party is configured with."""

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.session_lifetime import RenewalPolicy, SessionLimits
from ostiary.relying_party.settings import CookieSettings, LogoutSettings, RelyingPartySettings, SessionContents
from ostiary.store_settings import RedisSettings


def test_settings_show_no_secret() -> None:
    """Neither the client's nor the session's."""
    settings = RelyingPartySettings(
        discovery="https://id.example/d",
        credentials=ClientCredentials(client_id="shop", client_secret="sesame"),
        secrets=("open-sesame",),
        fingerprint="f",
        store=RedisSettings(password="redis-sesame"),
    )

    assert "shop" in repr(settings)
    assert "sesame" not in repr(settings)


def test_the_defaults_are_those_of_a_session_in_a_cookie() -> None:
    """An hour, everything kept, renewed when the token is over, revoked within a second."""
    settings = RelyingPartySettings(
        discovery="https://id.example/d",
        credentials=ClientCredentials(client_id="shop"),
        secrets=("s",),
        fingerprint="f",
    )

    assert (settings.limits, settings.renewal) == (SessionLimits(absolute_s=3600.0), RenewalPolicy())
    assert (settings.store, settings.revalidate_s, settings.force_reauthorize) == (None, 1.0, False)
    assert settings.contents == SessionContents(access_token=True, id_token=True, raw_id_token=True, userinfo=True)
    assert settings.cookie == CookieSettings(path="/", http_only=True, same_site="Lax", secure=None)
    assert settings.logout == LogoutSettings(path="/logout", is_path_typed=False, landing=None, revokes_tokens=False)
