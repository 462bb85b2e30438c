"""From the documented attributes to an authorization server."""

from typing import Any

import pytest

from ostiary.authorization_server.settings import ServerSettings
from ostiary.plugin import Level
from ostiary.plugins.oauth2.compile import compile_consumers, compile_settings
from ostiary.plugins.oauth2.config import OAuth2Config

CONSUMER = {"name": "consumer1", "client_id": "id-1", "client_secret": "a-secret"}


def read(**attributes: Any) -> OAuth2Config:
    """Read a rule with one consumer."""
    return OAuth2Config.model_validate({"consumers": [CONSUMER]} | attributes)


def test_the_documented_defaults_are_the_servers() -> None:
    """At instance level."""
    assert ServerSettings() == compile_settings(read(), "instance")


def test_every_attribute_arrives() -> None:
    """Under the server's names."""
    config = read(
        issuer="us", auth_path="t", global_credentials=False, auth_header_name="X-Token", token_ttl=5,
        clock_skew_seconds=6, keep_token=False, allow_query_credentials=False,
    )  # fmt: skip

    assert compile_settings(config, "instance") == ServerSettings(
        issuer="us", auth_path="/t", token_ttl_s=5, skew_s=6, header_name="x-token", keeps_token=False,
        is_route_bound=True, accepts_query_credentials=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("level", "is_bound"), [("route", True), ("service", False), ("domain", False), ("instance", False)]
)
def test_tokens_are_bound_in_a_routes_own_rule(level: Level, is_bound: bool) -> None:
    """Unless something is written, which holds at every level."""
    assert is_bound == compile_settings(read(), level).is_route_bound
    assert not compile_settings(read(global_credentials=True), level).is_route_bound
    assert compile_settings(read(global_credentials=False), level).is_route_bound


def test_consumers_are_proven_by_their_secret_and_sign_with_it() -> None:
    """The documented kind."""
    consumers = compile_consumers(read().consumers or ())
    found = consumers.prove("id-1", "a-secret")

    assert found is not None
    assert ("consumer1", ("a-secret",), ()) == (found.name, found.signing_secrets, found.scopes)
    assert consumers.prove("id-1", "other") is None
