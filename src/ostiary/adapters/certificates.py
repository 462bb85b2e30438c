"""Certificates as OpenSSL serves them: loaded from their files, and loaded again when the files change.

Once a second the files are looked at (two `stat` calls for a pair). A change is taken up when it has stood still for
one look, because certificate and key are rarely replaced in one instant. A pair that does not load or does not fit is
refused with a log line and the one before serves on. Connections keep what they were opened with; new handshakes take
`context` as it is then. TLS 1.2 and 1.3 (RFC 8446, RFC 9325), HTTP/1.1 by ALPN (RFC 7301), no compression and no
renegotiation; ciphers are Python's choice.
"""

import asyncio
import ssl
from pathlib import Path
from typing import final

from ostiary.config.tls import DAY_S, TlsSettings, Validity, read_validity
from ostiary.errors import OperatorFault
from ostiary.ports import Clock, Log

LOOK_S = 1.0

Look = tuple[tuple[int, int, int], ...] | None


@final
class ServedCertificate:
    """One pair of files. `context` is what new handshakes get."""

    __slots__ = ("_clock", "_log", "_seen", "_served", "_tls", "_validity", "_warn_at", "context")

    def __init__(self, tls: TlsSettings, clock: Clock, log: Log) -> None:
        """Load the pair. Raises OperatorFault `certificate_refused` when it cannot be served."""
        self._tls = tls
        self._clock = clock
        self._log = log
        self._seen = self._served = _look(tls)
        self._warn_at = 0.0
        self.context, self._validity = _load(tls)

    def look(self) -> None:
        """Take up a new pair that has stood still since the last look; warn once a day while it is about to expire."""
        found = _look(self._tls)
        if found == self._seen and found != self._served:
            self._served = found
            self._renew()
        self._seen = found
        now = self._clock.now()
        problem = self._validity.describe(now)
        if problem is not None and now >= self._warn_at:
            self._warn_at = now + DAY_S
            self._log.event("warning", "certificate_expiring", problem, certificate=self._tls.certificate)

    def _renew(self) -> None:
        try:
            self.context, self._validity = _load(self._tls)
        except OperatorFault as fault:
            message = f"{fault.detail}; the certificate before it serves on"
            self._log.event("error", fault.code, message, certificate=self._tls.certificate)
            return
        self._warn_at = 0.0
        message = "new connections see the new certificate"
        self._log.event("info", "certificate_replaced", message, certificate=self._tls.certificate)


def _look(tls: TlsSettings) -> Look:
    """Return what tells a changed file from the one before; None while one of them is not there."""
    try:
        found = [Path(path).stat() for path in (tls.certificate, tls.key)]
    except OSError:
        return None
    return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)


def _load(tls: TlsSettings) -> tuple[ssl.SSLContext, Validity]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A passphrase is never asked for: without one given, OpenSSL would ask the terminal and wait.
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
        validity = read_validity(Path(tls.certificate).read_bytes())
    except ssl.SSLError as error:
        raise OperatorFault("certificate_refused", _explain(error, tls)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OperatorFault("certificate_refused", f"{error.filename or tls.certificate}: {reason}") from None
    except ValueError:
        raise OperatorFault("certificate_refused", f"{tls.certificate} holds no certificate") from None
    return context, validity


def _explain(error: ssl.SSLError, tls: TlsSettings) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key in {tls.key} does not belong to the certificate in {tls.certificate}"
    reason = (error.reason or "they are not in PEM form").replace("_", " ").lower()
    return f"{tls.certificate} and {tls.key} cannot be loaded: {reason}"


@final
class CertificateWatch:
    """All pairs of this process, looked at once a second from the first `look` on."""

    __slots__ = ("_clock", "_log", "_pairs", "_timer")

    def __init__(self, clock: Clock, log: Log) -> None:
        """Watch nothing yet."""
        self._clock = clock
        self._log = log
        self._pairs: dict[TlsSettings, ServedCertificate] = {}
        self._timer: asyncio.TimerHandle | None = None

    def open(self, tls: TlsSettings) -> ServedCertificate:
        """Return the pair of these files, always the same one. Raises OperatorFault `certificate_refused`."""
        if tls not in self._pairs:
            self._pairs[tls] = ServedCertificate(tls, self._clock, self._log)
        return self._pairs[tls]

    def look(self) -> None:
        """Look at every pair now, and again in a second. Needs a running loop."""
        for pair in self._pairs.values():
            pair.look()
        self.stop()
        if self._pairs:
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self.look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
