"""How often a client may fail to say who it is: counted by client id and address, so that guessing takes for ever.

Ten failures of one client id from one address, or a hundred from one address whatever ids they name, in one minute;
after that the answer is 429 until the minute is over, also for the right secret. Others are not locked out: another
address has its own count, and where an address is over its hundred, clients that proved themselves from there before
still pass. The network of an IPv6 client (/64) counts as one address. Each worker counts for itself.
"""

from hashlib import sha256
from math import ceil
from typing import TypeVar, final

from ostiary.bounded import BoundedMap
from ostiary.http.forwarded import parse_address

MAX_FAILURES_OF_CLIENT = 10
MAX_FAILURES_OF_ADDRESS = 100
WINDOW_S = 60.0
KNOWN_S = 86_400.0
MAX_ENTRIES = 16_384
_HOST_BITS = 64

K = TypeVar("K")
Key = tuple[str, bytes]
Count = tuple[int, float]  # failures, and when their minute is over


@final
class FailureLimit:
    """Counts failed proofs. Times are wall-clock seconds."""

    __slots__ = ("_by_address", "_by_client", "_known")

    def __init__(self) -> None:
        """Start with no failures."""
        self._by_client: BoundedMap[Key, Count] = BoundedMap(MAX_ENTRIES)
        self._by_address: BoundedMap[str, Count] = BoundedMap(MAX_ENTRIES)
        self._known: BoundedMap[Key, bool] = BoundedMap(MAX_ENTRIES)

    def find_wait_s(self, client_id: str, address: str, now: float) -> int:
        """Return for how many seconds nothing of this client is judged; 0: it may try."""
        key = _make_key(client_id, address)
        of_client = self._by_client.get(key, now)
        if of_client is not None and of_client[0] >= MAX_FAILURES_OF_CLIENT:
            return ceil(of_client[1] - now)
        of_address = self._by_address.get(key[0], now)
        if of_address is None or of_address[0] < MAX_FAILURES_OF_ADDRESS or self._known.get(key, now) is not None:
            return 0
        return ceil(of_address[1] - now)

    def note_failure(self, client_id: str, address: str, now: float) -> bool:
        """Count a failure; say whether it is the one that a limit begins with."""
        key = _make_key(client_id, address)
        of_client = _count(self._by_client, key, now)
        of_address = _count(self._by_address, key[0], now)
        return of_client == MAX_FAILURES_OF_CLIENT or of_address == MAX_FAILURES_OF_ADDRESS

    def note_success(self, client_id: str, address: str, now: float) -> None:
        """Remember for a day that this client proved itself from there. Its failures stay counted."""
        self._known.put(_make_key(client_id, address), True, expires_at=now + KNOWN_S, now=now)  # noqa: FBT003 - a mark


def _make_key(client_id: str, address: str) -> Key:
    return _find_network(address), sha256(client_id.encode("utf-8")).digest()


def _find_network(address: str) -> str:
    """Return an IPv4 address as it is, and the /64 of an IPv6 address: whoever has one has all of it."""
    parsed = parse_address(address) if ":" in address else None
    if parsed is None or parsed.version == 4:
        return address if parsed is None else str(parsed)
    return f"{int(parsed) >> _HOST_BITS:x}/64"


def _count(counts: BoundedMap[K, Count], key: K, now: float) -> int:
    failures, ends_at = counts.get(key, now) or (0, now + WINDOW_S)
    counts.put(key, (failures + 1, ends_at), expires_at=ends_at, now=now)
    return failures + 1
