"""What one client asks of its provider, made once for all who ask."""

from ostiary.plugin import Admit
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import SignInWorld, Visitor, run

PAGE = f"{ORIGIN}/anything/test"


def test_the_fallback_of_client_authentication_is_told_once() -> None:
    """Sign-in and refresh, under both schemes, are one client's: what the log was told it is not told again."""
    world = SignInWorld()
    world.publish(token_endpoint_auth_methods_supported=["client_secret_post"])

    async def conversation() -> None:
        visitor = Visitor(world, PartyPlugin(world))
        await visitor.sign_in(PAGE)
        world.clock.advance(300)
        assert isinstance(await visitor.open(PAGE), Admit)

    run(conversation)
    assert world.refreshes == 1
    assert world.log.codes.count("client_authentication_replaced") == 1
