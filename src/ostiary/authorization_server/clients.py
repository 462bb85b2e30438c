"""Who is calling one of our endpoints: a consumer, proven, or a refusal that tells nobody which client ids exist.

An unknown client id and a wrong secret get the same answer after the same work; both count against `throttle`. A
refusal is an `OAuthRefused`, a client that failed too often a `TooManyFailures`.
"""

from typing import Protocol, final

from ostiary.authorization_server.consumers import Consumer, Consumers
from ostiary.authorization_server.throttle import FailureLimit
from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.presented_client import PresentedClient
from ostiary.ports import Log


@final
class TooManyFailures(Exception):  # noqa: N818 - an answer, not an error of ours
    """The client failed too often; it may try again after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        """Remember how long to wait."""
        super().__init__("client_limited")
        self.wait_s = wait_s


class AssertionProof(Protocol):
    """Proves clients by signed assertions (RFC 7523 §2.2)."""

    def find_client_id(self, presented: PresentedClient) -> str:
        """Return whom the assertion claims to be of, before anything is proven; "" where it does not say."""
        ...

    async def prove(self, presented: PresentedClient, now: float) -> Consumer | None:
        """Return the consumer whose assertion this is, or None. Raises StoreFault when its store is away."""
        ...


@final
class Clients:
    """The clients of one authorization server. `consumers` are all of them."""

    __slots__ = ("_assertions", "_limit", "_log", "consumers")

    def __init__(self, consumers: Consumers, log: Log, assertions: AssertionProof | None = None) -> None:
        """Take them; without `assertions` an assertion proves nobody."""
        self.consumers = consumers
        self._limit = FailureLimit()
        self._log = log
        self._assertions = assertions

    def prove_by_secret(self, presented: PresentedClient, address: str, now: float) -> Consumer:
        """Return the consumer. Raises OAuthRefused `client_refused`, or TooManyFailures."""
        client_id = presented.client_id
        self._check_limit(client_id, address, now)
        if presented.by == "assertion":
            return self._conclude(None, client_id, address, now)
        return self._conclude(self.consumers.prove(client_id, presented.secret), client_id, address, now)

    async def prove(self, presented: PresentedClient, address: str, now: float) -> Consumer:
        """Do the same for whatever is presented. Raises StoreFault besides."""
        assertions = self._assertions
        if presented.by != "assertion" or assertions is None:
            return self.prove_by_secret(presented, address, now)
        client_id = assertions.find_client_id(presented)
        self._check_limit(client_id, address, now)
        return self._conclude(await assertions.prove(presented, now), client_id, address, now)

    def _check_limit(self, client_id: str, address: str, now: float) -> None:
        wait_s = self._limit.find_wait_s(client_id, address, now)
        if wait_s:
            raise TooManyFailures(wait_s)

    def _conclude(self, consumer: Consumer | None, client_id: str, address: str, now: float) -> Consumer:
        if consumer is not None:
            self._limit.note_success(client_id, address, now)
            return consumer
        if self._limit.note_failure(client_id, address, now):
            known = self.consumers.find(client_id)
            self._log.event(
                "warning", "client_limited", "a client, or an address, failed too often and is refused for a minute",
                address=address, consumer=None if known is None else known.name,
            )  # fmt: skip
        raise OAuthRefused("client_refused", "invalid_client", "the client is unknown, or its credentials are wrong")
