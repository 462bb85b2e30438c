"""The machines that may ask for tokens, by client id: one look-up, however many there are (RFC 6749 §2).

A secret is held against proofs, never against itself, and for an unknown client id the same work is done as for a
known one: neither the answer nor its time says which ids exist.
"""

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol, final

import msgspec


class SecretProof(Protocol):
    """What a presented secret is held against. Several of one consumer: each is live."""

    def matches(self, presented: str) -> bool:
        """Say in constant time whether this is the secret."""
        ...


@final
class PlainSecret:
    """A secret that stands in the configuration, or its SHA-256; compared by digest, so that no length shows either."""

    __slots__ = ("_digest",)

    def __init__(self, secret: str) -> None:
        """Remember the secret's digest."""
        self._digest = sha256(secret.encode("utf-8")).digest()

    @classmethod
    def from_digest(cls, digest: bytes) -> "PlainSecret":
        """Make the proof of a secret of which only the SHA-256 is known."""
        proof = cls("")
        proof._digest = digest
        return proof

    def matches(self, presented: str) -> bool:
        return compare_digest(sha256(presented.encode("utf-8", "surrogatepass")).digest(), self._digest)


@final
class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """A machine. `name` goes to the upstream and into tokens (`sub`), `client_id` is what it calls itself.

    `proofs` are those of its live secrets; without any it cannot come by secret. `signing_secrets` sign its tokens
    where no other key does: the first one signs, each verifies. `scopes` are those it may be granted.
    Who `may_introspect` may ask what any token says.
    """

    name: str
    client_id: str
    proofs: tuple[SecretProof, ...] = ()
    signing_secrets: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    may_introspect: bool = False

    def __repr__(self) -> str:
        """Name it; its secrets are secrets."""
        return f"Consumer({self.name!r})"


@final
class Consumers:
    """The consumers of one rule. `names` are theirs, `scopes` all that any of them may be granted."""

    __slots__ = ("_by_client_id", "_decoy", "names", "scopes")

    def __init__(self, consumers: Iterable[Consumer], decoy: tuple[SecretProof, ...] = (PlainSecret(""),)) -> None:
        """Index them; `decoy` is what the secret of an unknown client is held against, to no effect."""
        self._by_client_id = {consumer.client_id: consumer for consumer in consumers}
        self._decoy = decoy
        self.names = frozenset(consumer.name for consumer in self._by_client_id.values())
        self.scopes = frozenset(scope for consumer in self._by_client_id.values() for scope in consumer.scopes)

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_client_id)

    def find(self, client_id: str) -> Consumer | None:
        """Return the consumer with this client id, or None."""
        return self._by_client_id.get(client_id)

    def prove(self, client_id: str, secret: str) -> Consumer | None:
        """Return the consumer whose secret this is, or None: the same work for an unknown id and a wrong secret."""
        consumer = self._by_client_id.get(client_id)
        is_decoy = consumer is None or not consumer.proofs
        proofs = self._decoy if consumer is None or is_decoy else consumer.proofs
        matched = False
        for proof in proofs:  # each is tried, also behind one that matches
            matched |= proof.matches(secret)
        return consumer if matched and not is_decoy else None
