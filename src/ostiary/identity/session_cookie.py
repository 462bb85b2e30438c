"""The session cookie: a sealed text cut into cookies that every browser keeps (RFC 6265 §6.1), and put together again.

The first chunk has the cookie's name, the others `<name>_1` to `<name>_7`. The seal covers the number of chunks, so
that one that is missing, left over, doubled or moved makes no session at all; what a client sends never raises. The
writer refuses what the reader would: it says so with sizes (`SessionTooLarge`) and never cuts.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from ostiary.http.cookies import MAX_COOKIE_BYTES, CookieAttributes, render_deleted_cookie, render_set_cookie
from ostiary.identity.sealing import Sealer, bind, sealed_bytes

MAX_CHUNKS = 8
# What comes back in one Cookie header, names included: 4 KiB of the gateway's 32 KiB stay for everybody else's cookies,
# because a Cookie header beyond the limit would lock the browser out with 431.
MAX_RETURNED_BYTES = 28_672
MAX_HEADER_BYTES = 32_768
LONGEST_S = 34_560_000  # 400 days: browsers keep none for longer (RFC 6265bis §5.5)
_COUNT_BYTES = 1
_MAX_DELETIONS = 32
_MAX_DOMAINS = 4
_SUFFIXES = tuple(str(index).encode("ascii") for index in range(1, MAX_CHUNKS))

Cookies = Sequence[tuple[bytes, bytes]]


class SessionTooLarge(Exception):  # noqa: N818 - an answer to whoever wants to write, not an error of ours
    """The session does not fit into cookies. `wanted_bytes` is its sealed size, `allowed_bytes` what would fit."""

    def __init__(self, wanted_bytes: int, allowed_bytes: int) -> None:
        """Remember the sizes; what is in the session is in no text."""
        super().__init__(f"the sealed session has {wanted_bytes} bytes and at most {allowed_bytes} fit into cookies")
        self.wanted_bytes = wanted_bytes
        self.allowed_bytes = allowed_bytes


@final
class SessionCookie:
    """One session cookie by name: collects, opens, seals and deletes its chunks."""

    __slots__ = (
        "_attributes", "_binding", "_chunk_names", "_is_browser_session", "_lifetime_s", "_name", "_sealer",
        "allowed_bytes", "name",
    )  # fmt: skip

    def __init__(
        self, name: str, binding: Sequence[str], sealer: Sealer, attributes: CookieAttributes, lifetime_s: int | None
    ) -> None:
        """Bind the seal to the name and to `binding` (issuer, client, version).

        Without `lifetime_s` the browser forgets the cookie when it is closed.
        """
        self.name = name
        self._name = name.encode("ascii")
        self._chunk_names = tuple(self._name + b"_" + suffix for suffix in _SUFFIXES)
        self._binding = bind(name, *binding)
        self._sealer = sealer
        self._attributes = attributes
        self._is_browser_session = lifetime_s is None
        self._lifetime_s = LONGEST_S if lifetime_s is None else lifetime_s
        self.allowed_bytes = min(MAX_CHUNKS * self._capacity(), MAX_RETURNED_BYTES - self._reserved_bytes())

    def collect(self, cookies: Cookies) -> tuple[bytes, ...] | None:
        """Return the chunks in order; `()` when there is no such cookie, None when they do not fit together."""
        first: bytes | None = None
        others: dict[bytes, bytes] | None = None
        name, chunk_names = self._name, self._chunk_names
        for key, value in cookies:
            if key == name:
                if first is not None:
                    return None
                first = value
            elif key in chunk_names:
                if others is None:
                    others = {}
                if key in others:
                    return None
                others[key] = value
        if others is None:
            return () if first is None else (first,)
        if first is None:
            return None
        rest = [others.get(chunk_name) for chunk_name in chunk_names[: len(others)]]
        chunks = [chunk for chunk in rest if chunk is not None]
        return None if len(chunks) != len(rest) else (first, *chunks)

    def open(self, chunks: tuple[bytes, ...]) -> bytes | None:
        """Return what was sealed into exactly these chunks, or None."""
        plain = self._sealer.open(b"".join(chunks), self._binding)
        if plain is None or plain[:_COUNT_BYTES] != bytes((len(chunks),)):
            return None
        return plain[_COUNT_BYTES:]

    def write(self, plain: bytes, nonce: bytes, present: Cookies, lifetime_s: int | None = None) -> tuple[str, ...]:
        """Return the Set-Cookie values that store `plain` and delete left-over chunks. Raises SessionTooLarge.

        `lifetime_s` may shorten the cookie's life. What the browser brings besides counts too: a Cookie header that
        grew beyond the gateway's limit would lock it out.
        """
        wanted = sealed_bytes(_COUNT_BYTES + len(plain))
        allowed = min(self.allowed_bytes, MAX_HEADER_BYTES - self._reserved_bytes() - self._count_others(present))
        if wanted > allowed:
            raise SessionTooLarge(wanted, max(allowed, 0))
        age_s = self._lifetime_s if lifetime_s is None else min(self._lifetime_s, lifetime_s)
        max_age_s = None if self._is_browser_session else age_s
        capacity = self._capacity()
        count = -(-wanted // capacity)
        sealed = self._sealer.seal(bytes((count,)) + plain, self._binding, nonce).decode("ascii")
        names = [self.name, *(f"{self.name}_{index}" for index in range(1, count))]
        written = [
            render_set_cookie(name, sealed[start : start + capacity], self._attributes, max_age_s)
            for name, start in zip(names, range(0, wanted, capacity), strict=True)
        ]
        return (*written, *self._delete(present, keep=names))

    def delete(self, present: Cookies) -> tuple[str, ...]:
        """Return the Set-Cookie values that remove every chunk that the request brought, fitting or not."""
        return self._delete(present, keep=())

    def comes_twice(self, cookies: Cookies) -> bool:
        """Say whether the browser keeps two cookies of ours under one name, for different domains or paths."""
        ours = [key for key, _ in cookies if self.is_ours(key)]
        return len(ours) > len(set(ours))

    def delete_everywhere(self, present: Cookies, host: str) -> tuple[str, ...]:
        """Return what `delete` does, and the same for every domain and path at which it may have been set before.

        Browsers keep cookies of one name apart by domain and path and send all of them, and two make no session: after
        the operator has changed either, the old one would stand in the way of every new one.
        """
        deletions = self._delete(present, keep=())
        if not deletions or self.name.startswith("__Host-"):
            return deletions
        others = [
            msgspec.structs.replace(self._attributes, domain=domain, path=path)
            for domain in (None, *_list_domains(host))
            for path in dict.fromkeys((self._attributes.path, "/"))
        ]
        names = [name for name in self.names if any(key == name.encode("ascii") for key, _ in present)]
        elsewhere = (render_deleted_cookie(name, attributes) for name in names for attributes in others)
        return tuple(dict.fromkeys((*deletions, *elsewhere)))[:_MAX_DELETIONS]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all cookies that a session may take."""
        return (self.name, *(name.decode("ascii") for name in self._chunk_names))

    def is_ours(self, key: bytes) -> bool:
        """Say whether a cookie's name is that of one of our chunks."""
        return key == self._name or key in self._chunk_names

    def _count_others(self, present: Cookies) -> int:
        """Return how many bytes of a Cookie header are not ours."""
        return sum(len(key) + len(value) + 3 for key, value in present if not self.is_ours(key))

    def _reserved_bytes(self) -> int:
        """Return what names and separators of the chunks take in a Cookie header."""
        return MAX_CHUNKS * (len(self.name) + 5)

    def _delete(self, present: Cookies, keep: Sequence[str]) -> tuple[str, ...]:
        ours = dict.fromkeys(key for key, _ in present if self.is_ours(key))
        names = [key.decode("ascii", "replace") for key in ours]
        deletions = [self._render_deleted(name) for name in names[:_MAX_DELETIONS] if name not in keep]
        return tuple(deletion for deletion in deletions if deletion)

    def _render_deleted(self, name: str) -> str:
        """Return an empty text for a name that no Set-Cookie can carry."""
        try:
            return render_deleted_cookie(name, self._attributes)
        except ValueError:
            return ""

    def _capacity(self) -> int:
        """Return how much of the sealed text one cookie takes, name and attributes counted."""
        longest = f"{self.name}_{MAX_CHUNKS - 1}"
        return MAX_COOKIE_BYTES - len(render_set_cookie(longest, "", self._attributes, self._lifetime_s))


def _list_domains(host: str) -> list[str]:
    """Return the domains for which a host may set cookies: itself, and what it lies in, the widest last."""
    labels = host.split(".")
    if labels[-1].isdigit() or host.endswith("]"):
        return []  # an address lies in nothing
    return [".".join(labels[start:]) for start in range(len(labels) - 1)][-_MAX_DOMAINS:]
