"""One authorization server, joined of its parts."""

from ostiary.plugin import Admit
from tests.fakes.machine_tokens import CREDENTIALS, TokenWorld, token_of


def test_what_the_endpoint_issues_opens_the_protected_routes() -> None:
    """Endpoint and protection know the same consumers, settings and keys."""
    world = TokenWorld()
    server = world.server()
    token = token_of(world.ask(server.token_endpoint, world.request("GET", f"/oauth2/token?{CREDENTIALS}")))

    assert isinstance(server.protection.decide(world.request(token=token), None, world.clock.now()), Admit)
