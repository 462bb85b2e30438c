"""The demo's configuration: YAML that says what it should, whatever the secrets are."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from ostiary.demo.configuration import gateway_url, provider_url, write_configuration
from ostiary.demo.ports import DemoPorts

PORTS = DemoPorts(1080, 1090, 1070)
OIDC = {
    "client_id": "apisix-quickstart-client",
    "client_secret": "the client's",
    "discovery": "http://127.0.0.1:1090/.well-known/openid-configuration",
    "use_jwks": True,
}


def test_three_routes_lead_to_the_echo_service() -> None:
    """One for people and programs, one for programs, one for everybody."""
    read = yaml.safe_load(write_configuration(PORTS, "the client's", "the session's"))
    upstream = {"nodes": {"127.0.0.1:1070": 1}}
    assert read == {
        "gateway": {"listen": [{"host": "127.0.0.1", "port": 1080}]},
        "routes": [
            {
                "id": "browser",
                "uri": "/anything/*",
                "plugins": {
                    "openid-connect": {
                        **OIDC,
                        "scope": "openid profile email",
                        "redirect_uri": "http://localhost:1080/anything/callback",
                        "session": {"secret": "the session's"},
                    }
                },
                "upstream": upstream,
            },
            {
                "id": "api",
                "uri": "/api/*",
                "plugins": {"openid-connect": {**OIDC, "bearer_only": True}},
                "upstream": upstream,
            },
            {"id": "public", "uri": "/headers", "upstream": upstream},
        ],
    }


PRINTABLE = st.text(st.characters(codec="ascii", min_codepoint=0x20, max_codepoint=0x7E))


@given(PRINTABLE, PRINTABLE)
def test_secrets_of_any_kind_are_read_as_they_were(client_secret: str, session_secret: str) -> None:
    """Quotes, colons, braces and all."""
    read = yaml.safe_load(write_configuration(PORTS, client_secret, session_secret))
    plugin = read["routes"][0]["plugins"]["openid-connect"]
    assert (plugin["client_secret"], plugin["session"]["secret"]) == (client_secret, session_secret)


def test_where_they_are() -> None:
    """As printed and as configured."""
    assert gateway_url(PORTS) == "http://127.0.0.1:1080"
    assert provider_url(PORTS) == "http://127.0.0.1:1090"
