"""A login under way: one sealed cookie for each, so that several tabs can sign in at once (RFC 9700 §2.1, §4.7).

The cookie's name holds a digest of `state`, its contents what the callback is compared with. It lives for some minutes,
is sealed to its name, issuer and client, and serves once: whoever reads it deletes it, in every outcome. At most five
are pending; the oldest leave. Where the operator wants a single cookie, a second login takes the place of the first. A
`state` begins with its time, which is trusted for nothing but to explain a failure.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import final

import msgspec

from ostiary.http.cookies import MAX_COOKIE_BYTES, CookieAttributes, render_deleted_cookie, render_set_cookie
from ostiary.identity.sealing import Sealer, bind, decode_base64url, encode_base64url, sealed_bytes

FLOW_VERSION = 2
FLOW_LIFETIME_S = 600
MAX_PENDING_FLOWS = 5
STATE_RANDOM_BYTES = 32
_TIME_BYTES = 4
_DIGEST_CHARACTERS = 16
_MAX_EXAMINED = 64

Cookies = Sequence[tuple[bytes, bytes]]


class FlowRefused(Exception):  # noqa: N818 - the design's word: a refusal is an answer, not an error of ours
    """A login that cannot be finished here. `code`: `flow_absent`, `flow_broken` or `flow_stale`."""

    def __init__(self, code: str) -> None:
        """Remember the stable `code`."""
        super().__init__(code)
        self.code = code


class FlowTooLarge(Exception):  # noqa: N818 - an answer to whoever wants to write, not an error of ours
    """The flow does not fit into one cookie: its addresses are too long."""


@final
class LoginFlow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """What was sent with a person to the provider, and what has to come back with them.

    A silent one asks nothing of the person (`prompt=none`): there was a session, and it should be confirmed.
    """

    version: int
    state: str
    nonce: str
    code_verifier: str | None
    issuer: str
    client_id: str
    redirect_uri: str
    return_to: str
    created_at: float
    is_silent: bool = False

    def __repr__(self) -> str:
        """Name the client; state, nonce and verifier are secrets."""
        return f"LoginFlow(client_id={self.client_id!r})"


def build_state(random: bytes, now: float) -> str:
    """Return a `state` of 48 characters: four bytes of time, then 32 random ones."""
    if len(random) != STATE_RANDOM_BYTES:
        message = f"a state is made of {STATE_RANDOM_BYTES} random bytes"
        raise ValueError(message)
    started = int(now) % 2 ** (8 * _TIME_BYTES)
    return encode_base64url(started.to_bytes(_TIME_BYTES, "big") + random).decode("ascii")


def read_state_age_s(state: str, now: float) -> float | None:
    """Say how old a `state` claims to be, or None; good for explanations only, because anybody can write it."""
    octets = decode_base64url(state.encode("utf-8", "replace"))
    if octets is None or len(octets) != _TIME_BYTES + STATE_RANDOM_BYTES:
        return None
    return now - int.from_bytes(octets[:_TIME_BYTES], "big")


def digest_state(state: str) -> str:
    """Return the part of the flow cookie's name that stands for a `state`."""
    return sha256(state.encode("utf-8", "replace")).hexdigest()[:_DIGEST_CHARACTERS]


@final
class FlowNaming(msgspec.Struct, frozen=True):
    """How flow cookies are called, and how many seconds they live: `prefix` and so much of a digest of the state.

    Without a digest there is a single one, called `prefix`.
    """

    prefix: str
    digest_characters: int = 16
    lifetime_s: int = FLOW_LIFETIME_S

    @property
    def is_single(self) -> bool:
        """Whether one browser has one login under way at most."""
        return self.digest_characters == 0

    def name(self, state: str) -> str:
        """Return the name of a login's cookie."""
        return self.prefix + digest_state(state)[: self.digest_characters]


@final
class FlowCookies:
    """The flow cookies of one client, named as `naming` says."""

    __slots__ = ("_attributes", "_bare_bytes", "_binding", "_name", "_naming", "_sealer")

    def __init__(
        self, naming: "FlowNaming", binding: Sequence[str], sealer: Sealer, attributes: CookieAttributes
    ) -> None:
        """Bind the seals to their names and to `binding` (issuer, client, version)."""
        self._naming = naming
        prefix = re.escape(naming.prefix.encode("ascii"))
        self._name = re.compile(rb"%b[0-9a-f]{%d}\Z" % (prefix, naming.digest_characters))
        self._binding = tuple(binding)
        self._sealer = sealer
        self._attributes = attributes
        self._bare_bytes = len(render_set_cookie(naming.name(""), "", attributes, naming.lifetime_s))

    def write(self, flow: LoginFlow, nonce: bytes, present: Cookies, now: float) -> tuple[str, ...]:
        """Return the Set-Cookie values that store the flow and delete all but the four newest others.

        Raises FlowTooLarge.
        """
        name = self._naming.name(flow.state)
        plain = msgspec.msgpack.encode(flow)
        if self._bare_bytes + sealed_bytes(len(plain)) > MAX_COOKIE_BYTES:
            raise FlowTooLarge  # before sealing: a nonce serves one text
        sealed = self._sealer.seal(plain, self._bind(name), nonce).decode("ascii")
        written = render_set_cookie(name, sealed, self._attributes, self._naming.lifetime_s)
        return (written, *self._plan_evictions(present, now))

    def find(self, state: str, present: Cookies, now: float) -> LoginFlow:
        """Return the flow that this browser started with this `state`. Raises FlowRefused."""
        name = self._naming.name(state)
        found = [value for key, value in present if key == name.encode("ascii")]
        if not found:
            raise FlowRefused("flow_absent")
        flow = self._open(name, found[0]) if len(found) == 1 else None
        if flow is None:
            raise FlowRefused("flow_broken")
        if not compare_digest(flow.state.encode("utf-8"), state.encode("utf-8", "replace")):
            raise FlowRefused("flow_absent" if self._naming.is_single else "flow_broken")
        lifetime_s = self._naming.lifetime_s
        if not -lifetime_s < now - flow.created_at < lifetime_s:
            raise FlowRefused("flow_stale")
        return flow

    def delete(self, states: Sequence[str], present: Cookies) -> tuple[str, ...]:
        """Return the Set-Cookie values that remove those of these states' cookies that the request brought."""
        names = dict.fromkeys(self._naming.name(state) for state in states)
        keys = {key for key, value in present if not self._naming.is_single or self._belongs(key, value, states)}
        return tuple(render_deleted_cookie(name, self._attributes) for name in names if name.encode("ascii") in keys)

    def _belongs(self, key: bytes, value: bytes, states: Sequence[str]) -> bool:
        """Say whether a single cookie is that of one of these logins: it may be a later one's by now, or nobody's."""
        if key != self._naming.prefix.encode("ascii"):
            return False
        flow = self._open(self._naming.prefix, value)
        return flow is None or flow.state in states

    def _plan_evictions(self, present: Cookies, now: float) -> tuple[str, ...]:
        """Keep the newest flows that could still end well; everything else under our prefix goes."""
        if self._naming.is_single:
            return ()
        ages: dict[str, float] = {}
        ours = [(key, value) for key, value in present if self._name.match(key)]
        for key, value in reversed(ours[-_MAX_EXAMINED:]):  # browsers send the first first: of one age the last wins
            name = key.decode("ascii")
            flow = self._open(name, value)
            age = self._naming.lifetime_s if flow is None else abs(now - flow.created_at)
            ages[name] = max(age, ages.get(name, 0.0))
        newest = sorted(ages, key=lambda name: ages[name])[: MAX_PENDING_FLOWS - 1]
        kept = {name for name in newest if ages[name] < self._naming.lifetime_s}
        return tuple(render_deleted_cookie(name, self._attributes) for name in ages if name not in kept)

    def _open(self, name: str, value: bytes) -> LoginFlow | None:
        plain = self._sealer.open(value, self._bind(name))
        if plain is None:
            return None
        try:
            flow = msgspec.msgpack.decode(plain, type=LoginFlow)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return flow if flow.version == FLOW_VERSION else None

    def _bind(self, name: str) -> bytes:
        return bind(name, *self._binding)
