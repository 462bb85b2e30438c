"""What a relying party is configured with."""

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.relying_party.settings import RelyingPartySettings


def test_settings_show_no_secret() -> None:
    """Neither the client's nor the session's."""
    settings = RelyingPartySettings(
        discovery="https://id.example/d",
        credentials=ClientCredentials(client_id="shop", client_secret="sesame"),
        secrets=("open-sesame",),
        fingerprint="f",
    )

    assert "shop" in repr(settings)
    assert "sesame" not in repr(settings)
