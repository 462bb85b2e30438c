"""Introspection and revocation: which paths they are at. The rest: plugins/oauth2/test_beyond_config.py."""

from ostiary.authorization_server.token_status import TokenStatus
from ostiary.plugin import Pending
from tests.fakes.machine_tokens import TokenWorld

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def test_nothing_is_answered_that_is_not_switched_on() -> None:
    """Each by itself, at the end of a path, whole segments."""
    world = TokenWorld()
    server = world.server()
    status = TokenStatus(server.clients, server.tokens, None, world.services(), 60)
    assert status.find(world.request("POST", "/oauth2/introspect", FORM)) is None

    status.switch_on("/oauth2", introspection=True, revocation=False)
    assert isinstance(status.find(world.request("POST", "/a/oauth2/introspect", FORM)), Pending)
    assert status.find(world.request("POST", "/oauth2/revoke", FORM)) is None
    assert status.find(world.request("POST", "/xoauth2/introspect/x", FORM)) is None
