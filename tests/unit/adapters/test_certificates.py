"""Certificates that are served while their files change under them."""

import ssl
from pathlib import Path

import pytest

from ostiary.adapters.certificates import LOOK_S, CertificateWatch, ServedCertificate
from ostiary.config.tls import DAY_S, TlsSettings
from ostiary.errors import OperatorFault
from tests.fakes.certificates import make_authority
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
from tests.fakes.loop_time import SteppedLoop
from tests.fakes.server_pairs import ServerPair, make_pair, replace

AUTHORITY = make_authority()
NOW = 1_800_000_000.0


def pair() -> ServerPair:
    """Make a pair that is fresh at `NOW`."""
    return make_pair(AUTHORITY, begins_at=NOW - DAY_S)


@pytest.fixture
def tls(tmp_path: Path) -> TlsSettings:
    """A pair in its files."""
    certificate, key = pair().write(tmp_path)
    return TlsSettings(str(certificate), str(key))


@pytest.fixture
def log() -> FakeLog:
    """What the operator reads."""
    return FakeLog()


@pytest.fixture
def served(tls: TlsSettings, log: FakeLog) -> ServedCertificate:
    """The pair, served."""
    return ServedCertificate(tls, FakeClock(NOW), log)


def look_often(served: ServedCertificate) -> None:
    """Look until a change has stood still."""
    for _ in range(3):
        served.look()


def test_the_context_is_sane(served: ServedCertificate) -> None:
    """TLS 1.2 at least, no compression, no renegotiation, no certificates asked of clients."""
    context = served.context

    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert ssl.CERT_NONE == context.verify_mode


def test_files_that_stay_are_not_read_again(served: ServedCertificate, log: FakeLog) -> None:
    """The context stays the same one."""
    before = served.context
    look_often(served)

    assert before is served.context
    assert [] == log.events


def test_a_new_pair_is_taken_up_when_it_stands_still(
    served: ServedCertificate, tls: TlsSettings, log: FakeLog, tmp_path: Path
) -> None:
    """At the second look at the latest change, and told once."""
    before = served.context
    pair().write(tmp_path)
    served.look()
    assert before is served.context
    pair().write(tmp_path)
    served.look()
    assert before is served.context
    served.look()
    assert before is not served.context
    look_often(served)
    assert [("info", "certificate_replaced")] == [(event.severity, event.code) for event in log.events]


def test_half_a_pair_is_not_taken_up(served: ServedCertificate, log: FakeLog, tmp_path: Path) -> None:
    """It is told once, and the old pair stays until both halves are there."""
    before = served.context
    new = pair()
    replace(tmp_path / "cert.pem", new.pem)
    look_often(served)
    assert before is served.context
    (event,) = log.events
    assert ("error", "certificate_refused") == (event.severity, event.code)
    assert "does not belong to the certificate" in event.message
    assert "the certificate before it serves on" in event.message
    replace(tmp_path / "key.pem", new.private_pem())
    look_often(served)
    assert before is not served.context
    assert ["certificate_refused", "certificate_replaced"] == log.codes


@pytest.mark.parametrize(("name", "text"), [("cert.pem", "hello"), ("key.pem", ""), ("cert.pem", None)])
def test_what_does_not_load_is_refused(
    served: ServedCertificate, log: FakeLog, tmp_path: Path, name: str, text: str | None
) -> None:
    """Noise, an empty file, none at all; what was there before is taken up again when it comes back."""
    before = served.context
    good = (tmp_path / name).read_text()
    if text is None:
        (tmp_path / name).unlink()
    else:
        replace(tmp_path / name, text)
    look_often(served)
    assert before is served.context
    assert ["certificate_refused"] == log.codes
    replace(tmp_path / name, good)
    look_often(served)
    assert ["certificate_refused", "certificate_replaced"] == log.codes


def test_a_passphrase_is_never_asked_for(served: ServedCertificate, log: FakeLog, tmp_path: Path) -> None:
    """The terminal of a gateway is nobody's."""
    new = pair()
    replace(tmp_path / "cert.pem", new.pem)
    replace(tmp_path / "key.pem", new.private_pem(b"opensesame"))
    look_often(served)

    assert ["certificate_refused"] == log.codes


def test_a_link_that_is_turned_is_a_change(tls: TlsSettings, log: FakeLog, tmp_path: Path) -> None:
    """As Kubernetes and certbot do it."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pair().write(tmp_path / name)
    link = tmp_path / "live"
    link.symlink_to("one")
    served = ServedCertificate(TlsSettings(f"{link}/cert.pem", f"{link}/key.pem"), FakeClock(NOW), log)
    link.unlink()
    link.symlink_to("two")
    look_often(served)

    assert ["certificate_replaced"] == log.codes


def test_a_pair_that_cannot_be_served_is_a_fault(tls: TlsSettings, log: FakeLog, tmp_path: Path) -> None:
    """Each with its reason: where the gateway starts there is nothing before it."""
    clock = FakeClock(NOW)
    with pytest.raises(OperatorFault, match="No such file"):
        ServedCertificate(TlsSettings(tls.certificate, f"{tls.key}x"), clock, log)
    with pytest.raises(OperatorFault, match=r"cannot be loaded|Is a directory"):
        ServedCertificate(TlsSettings(str(tmp_path), tls.key), clock, log)
    replace(tmp_path / "key.pem", pair().private_pem())
    with pytest.raises(OperatorFault, match="does not belong"):
        ServedCertificate(tls, clock, log)


def test_an_end_that_is_near_is_told_once_a_day(tls: TlsSettings, log: FakeLog, tmp_path: Path) -> None:
    """Until the certificate is replaced."""
    clock = FakeClock(NOW + 80 * DAY_S)
    served = ServedCertificate(tls, clock, log)
    for hours in (0, 1, 22, 1, 24):
        clock.advance(hours * 3600)
        served.look()
    assert ["certificate_expiring"] * 3 == log.codes
    make_pair(AUTHORITY, begins_at=clock.time - 1).write(tmp_path)
    clock.advance(DAY_S)
    look_often(served)
    assert "certificate_replaced" == log.codes[-1]


def test_files_are_looked_at_once_a_second(tls: TlsSettings, log: FakeLog, tmp_path: Path) -> None:
    """From the first look until the last; one pair for the same files."""
    loop = SteppedLoop()
    watch = CertificateWatch(FakeClock(NOW), log)
    served = watch.open(tls)
    assert served is watch.open(tls)
    before = served.context
    loop.do(watch.look)
    pair().write(tmp_path)
    loop.advance(LOOK_S * 2.5)
    assert before is not served.context
    watch.stop()
    watch.stop()
    pair().write(tmp_path)
    loop.advance(LOOK_S * 5)
    loop.close()
    assert ["certificate_replaced"] == log.codes


def test_without_certificates_there_is_nothing_to_look_at(log: FakeLog) -> None:
    """No timer runs for a gateway that speaks http."""
    loop = SteppedLoop()
    watch = CertificateWatch(FakeClock(NOW), log)
    loop.do(watch.look)
    assert watch._timer is None
    loop.close()
