"""Assertions of clients: what they claim, before anything is proven. The rest: plugins/oauth2/test_beyond_config.py."""

import asyncio

import pytest

from ostiary.authorization_server.assertions import Assertions
from ostiary.authorization_server.consumers import Consumers
from ostiary.authorization_server.settings import ServerSettings
from ostiary.errors import StoreFault
from ostiary.identity.client_assertion import ASSERTION_TYPE, AssertionMoment, AssertionSigner, build_client_assertion
from ostiary.identity.keys import KeySet, read_public_key
from ostiary.identity.presented_client import PresentedClient
from ostiary.identity.signing_keys import read_signing_key
from tests.fakes.client_keys import make_client_key, private_pem
from tests.fakes.clock import FakeClock
from tests.fakes.machine_tokens import CLIENT_ID, make_consumer
from tests.fakes.stores import FakeStore

CLOCK = FakeClock()


def present(client_id: str = "", **changes: str) -> PresentedClient:
    """An assertion as it comes."""
    signer = AssertionSigner(key=read_signing_key(private_pem("EC P-256")), algorithm="ES256")
    made = build_client_assertion(
        signer, AssertionMoment(CLOCK.now(), "id"), client_id=CLIENT_ID, audience="Higress-Gateway", lifetime_s=60
    )
    assertion = changes.get("assertion", made)
    return PresentedClient(by="assertion", client_id=client_id, assertion=assertion, assertion_type=ASSERTION_TYPE)


def make(store: FakeStore) -> Assertions:
    """What proves the document's first consumer."""
    pem = make_client_key("EC P-256").as_pem(private=False).decode("ascii")  # type: ignore[union-attr]
    keys: dict[str, KeySet] = {CLIENT_ID: read_public_key(pem)}
    return Assertions(ServerSettings(), Consumers([make_consumer()]), keys, store)


def test_whom_an_assertion_is_of_is_read_before_it_is_believed() -> None:
    """Failures are counted against that name; what is no token names nobody."""
    assertions = make(FakeStore(CLOCK))

    assert CLIENT_ID == assertions.find_client_id(present())
    assert "" == assertions.find_client_id(present(assertion="nonsense"))


def test_an_assertion_proves_its_client_once_and_no_other() -> None:
    """A `client_id` beside it has to be the same."""
    store = FakeStore(CLOCK)

    async def scenario() -> None:
        assertions = make(store)
        assert await assertions.prove(present("somebody-else"), CLOCK.now()) is None
        consumer = await assertions.prove(present(CLIENT_ID), CLOCK.now())
        assert consumer is not None
        assert CLIENT_ID == consumer.client_id
        assert await make(store).prove(present(), CLOCK.now()) is None

    asyncio.run(scenario())


def test_while_the_store_is_away_nobody_is_proven() -> None:
    """Once is once, or not at all."""
    store = FakeStore(CLOCK)
    store.is_down = True

    with pytest.raises(StoreFault):
        asyncio.run(make(store).prove(present(), CLOCK.now()))
