"""How a client says who it is at one kind of endpoint: as configured, or as the provider can take it.

The documented fallback, to what the provider's metadata offer, is told once in the log. The methods themselves are
`ostiary.identity.client_authentication`'s; where and why the client asks is the callers' business.
"""

from typing import final

from ostiary.identity.client_assertion import IDENTIFIER_BYTES, make_moment
from ostiary.identity.client_authentication import AssertionMoment, ClientCredentials, choose_credentials
from ostiary.ports import Clock, Log, Random


@final
class ClientAuthenticator:
    """One client's credentials, and the `attribute` that they are configured by."""

    __slots__ = ("_attribute", "_clock", "_log", "_random", "_told", "credentials")

    def __init__(self, credentials: ClientCredentials, attribute: str, clock: Clock, random: Random, log: Log) -> None:
        """Take the parts; nothing is told yet."""
        self.credentials = credentials
        self._attribute = attribute
        self._clock = clock
        self._random = random
        self._log = log
        self._told: str | None = None

    def choose(self, offered: tuple[str, ...]) -> ClientCredentials:
        """Return the credentials with a method that the provider offers, as far as there is one that is possible."""
        configured = self.credentials
        chosen = choose_credentials(configured, offered)
        if chosen.method not in {configured.method, self._told}:
            self._told = chosen.method
            self._log.event(
                "warning",
                "client_authentication_replaced",
                f"the provider does not offer {self._attribute} as configured: its first that is possible is used",
                configured=configured.method,
                used=chosen.method,
                client_id=chosen.client_id,
            )
        return chosen

    def make_moment(self) -> AssertionMoment:
        """Return what a signed assertion is made with now: each has an identifier of its own."""
        return make_moment(self._clock.now(), self._random.token_bytes(IDENTIFIER_BYTES))
