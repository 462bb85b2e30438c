"""Introspection answers in the shared state: what one worker or node has asked, the others need not (RFC 7662 §4).

An answer stands under a digest of the token and of everything that it depends on, sealed under a key that is derived
from the token itself: only who shows the token can open what is known of it. It is a copy, and the provider is the
truth: a store that fails neither admits nor refuses anybody, it only makes us ask. Verdicts are not here. Scopes,
audience, issuer and schema belong to a route, and are judged again for every answer that is found.
"""

from hashlib import sha256
from typing import final

import msgspec

from ostiary.errors import StoreFault
from ostiary.http.proxies import ProxySettings
from ostiary.identity.sealing import NONCE_BYTES, Sealer
from ostiary.plugin import Services
from ostiary.resource_server.addon_headers import AddonHeaders

PAUSE_AFTER_FAILURE_S = 1.0
LOG_EVERY_S = 60.0

_PURPOSE = "introspection answer 1"


@final
class AnswerScope(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What an answer depends on besides the token: two configurations that differ in any of it share nothing.

    `path` is how the provider is reached: who asks without verifying TLS shares nothing with those who verify it.
    """

    segment: str
    endpoint: str
    discovery: str
    client_id: str
    issuers: tuple[str, ...]
    path: tuple[bool, str, ProxySettings] = (True, "", ProxySettings())


@final
class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The body of an answer with status 200, and when it was asked for (seconds)."""

    asked_at: float
    body: bytes

    def __repr__(self) -> str:
        """Name the size: claims are personal."""
        return f"KeptAnswer({len(self.body)} bytes)"


_decoder = msgspec.msgpack.Decoder(KeptAnswer)


@final
class SharedAnswers:
    """The answers of one scope. After a failure the store is left alone for a second."""

    __slots__ = ("_clock", "_log", "_logged_at", "_paused_until", "_random", "_scope", "_store")

    def __init__(self, scope: AnswerScope, services: Services) -> None:
        """Take the parts; no I/O."""
        self._scope = scope
        self._store = services.stores.shared
        self._clock = services.clock
        self._random = services.random
        self._log = services.log
        self._paused_until = 0.0
        self._logged_at = -LOG_EVERY_S

    async def find(self, token: bytes, addons: AddonHeaders) -> KeptAnswer | None:
        """Return what was answered about this token, or None: also when the store fails."""
        if self._clock.now() < self._paused_until:
            return None
        key = self._name(token, addons)
        try:
            sealed = await self._store.read(key)
        except StoreFault as fault:
            self._note(fault)
            return None
        plain = None if sealed is None else _seal_of(token).open(sealed, key.encode("ascii"))
        if plain is None:
            return None
        try:
            return _decoder.decode(plain)
        except msgspec.MsgspecError:
            return None

    async def keep(self, token: bytes, addons: AddonHeaders, answer: KeptAnswer, until: float) -> None:
        """Put an answer where the others find it, until then."""
        if self._clock.now() < self._paused_until:
            return
        key = self._name(token, addons)
        nonce = self._random.token_bytes(NONCE_BYTES)
        sealed = _seal_of(token).seal(msgspec.msgpack.encode(answer), key.encode("ascii"), nonce)
        try:
            await self._store.write(key, sealed, until)
        except StoreFault as fault:
            self._note(fault)

    def _name(self, token: bytes, addons: AddonHeaders) -> str:
        """MessagePack writes each length before its text, so that no two tuples look alike."""
        return f"introspection:{sha256(msgspec.msgpack.encode((self._scope, addons, token))).hexdigest()}"

    def _note(self, fault: StoreFault) -> None:
        now = self._clock.now()
        self._paused_until = now + PAUSE_AFTER_FAILURE_S
        if abs(now - self._logged_at) >= LOG_EVERY_S:
            self._logged_at = now
            message = f"introspection answers are not shared, every worker asks for itself: {fault.detail}"
            self._log.event("warning", "answers_not_shared", message, fault=fault.code)


def _seal_of(token: bytes) -> Sealer:
    return Sealer((token.decode("ascii"),), _PURPOSE)
