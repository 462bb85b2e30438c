"""Who is calling: proven, or refused without telling which ids exist."""

import asyncio

import pytest

from ostiary.authorization_server.clients import Clients, TooManyFailures
from ostiary.authorization_server.consumers import Consumer, Consumers
from ostiary.authorization_server.throttle import MAX_FAILURES_OF_CLIENT
from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.presented_client import PresentedClient
from tests.fakes.log import FakeLog
from tests.fakes.machine_tokens import CLIENT_ID, NAME, SECRET, make_consumer

HERE = "192.0.2.1"
ASSERTED = PresentedClient(by="assertion", client_id="", assertion="x.y.z", assertion_type="urn:t")


class FakeAssertions:
    """Implements AssertionProof: every assertion claims to be of one client, and proves it or not."""

    def __init__(self, consumer: Consumer | None) -> None:
        """Prove this consumer."""
        self.consumer = consumer

    def find_client_id(self, presented: PresentedClient) -> str:
        """Always the same."""
        return CLIENT_ID

    async def prove(self, presented: PresentedClient, now: float) -> Consumer | None:
        """As told."""
        return self.consumer


def show(client_id: str = CLIENT_ID, secret: str = SECRET) -> PresentedClient:
    """Return credentials as parameters bring them."""
    return PresentedClient(by="parameters", client_id=client_id, secret=secret)


def refusal(clients: Clients, presented: PresentedClient) -> tuple[str, str, str]:
    """Return what a client is told that is refused."""
    with pytest.raises(OAuthRefused) as caught:
        clients.prove_by_secret(presented, HERE, 0.0)
    return caught.value.error, caught.value.code, caught.value.description


def test_a_secret_proves_its_consumer() -> None:
    """Now and later, without a line in the log."""
    log = FakeLog()
    clients = Clients(Consumers([make_consumer()]), log)

    assert NAME == clients.prove_by_secret(show(), HERE, 0.0).name
    assert NAME == asyncio.run(clients.prove(show(), HERE, 0.0)).name
    assert [] == log.codes


def test_an_unknown_id_and_a_wrong_secret_are_told_the_same() -> None:
    """Nobody learns which ids exist."""
    clients = Clients(Consumers([make_consumer()]), FakeLog())

    assert refusal(clients, show(secret="wrong")) == refusal(clients, show("unknown"))
    assert ("invalid_client", "client_refused") == refusal(clients, show("unknown"))[:2]


@pytest.mark.parametrize(("client_id", "consumer"), [(CLIENT_ID, NAME), ("unknown", None)])
def test_too_many_failures_are_told_once_in_the_log(client_id: str, consumer: str | None) -> None:
    """With the consumer's name where it is one; after that the right secret has to wait, too. No secret is told."""
    log = FakeLog()
    clients = Clients(Consumers([make_consumer()]), log)
    for _ in range(MAX_FAILURES_OF_CLIENT):
        refusal(clients, show(client_id, "a-guessed-secret"))

    for _ in range(2):
        with pytest.raises(TooManyFailures) as caught:
            clients.prove_by_secret(show(client_id), HERE, 0.0)
        assert 60 == caught.value.wait_s
    assert [("client_limited", {"address": HERE, "consumer": consumer})] == [(e.code, e.fields) for e in log.events]
    assert "guessed" not in log.text


def test_an_assertion_proves_nobody_where_none_is_taken() -> None:
    """Neither at once nor later."""
    clients = Clients(Consumers([make_consumer()]), FakeLog())

    assert "client_refused" == refusal(clients, ASSERTED)[1]
    with pytest.raises(OAuthRefused):
        asyncio.run(clients.prove(ASSERTED, HERE, 0.0))


def test_an_assertion_proves_its_consumer_where_it_is_taken() -> None:
    """Not without waiting, though: a store is asked for it."""
    clients = Clients(Consumers([make_consumer()]), FakeLog(), FakeAssertions(make_consumer()))

    assert NAME == asyncio.run(clients.prove(ASSERTED, HERE, 0.0)).name
    assert "client_refused" == refusal(clients, ASSERTED)[1]


def test_failed_assertions_count_for_the_client_that_they_name() -> None:
    """The limit is the one for secrets."""
    clients = Clients(Consumers([make_consumer()]), FakeLog(), FakeAssertions(None))
    for _ in range(MAX_FAILURES_OF_CLIENT):
        with pytest.raises(OAuthRefused):
            asyncio.run(clients.prove(ASSERTED, HERE, 0.0))

    with pytest.raises(TooManyFailures):
        asyncio.run(clients.prove(ASSERTED, HERE, 0.0))
    with pytest.raises(TooManyFailures):
        clients.prove_by_secret(show(), HERE, 0.0)
