"""`gateway.listen[].tls`: what is read of the two files, and what is refused, each at its own field."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from ostiary.config.files import make_context
from ostiary.config.tls import DAY_S, TlsConfig, TlsSettings, Validity, read_validity
from tests.fakes.certificates import make_authority
from tests.fakes.server_pairs import Key, make_pair

AUTHORITY = make_authority()
PAIR = make_pair(AUTHORITY)


def read(folder: Path, **written: Any) -> TlsConfig:
    """Read a part whose files are in `folder`."""
    return TlsConfig.model_validate({"cert": "cert.pem", "key": "key.pem", **written}, context=make_context(folder))


def complain(folder: Path, **written: Any) -> dict[str, str]:
    """Return what is wrong, by field."""
    with pytest.raises(ValidationError) as error:
        read(folder, **written)
    return {str(line["loc"][0]): f"{line['msg']}; {line['ctx']['remedy']}" for line in error.value.errors()}


@pytest.mark.parametrize(
    "make_key",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(65_537, 2048),
        ed25519.Ed25519PrivateKey.generate,
    ],
)
def test_a_pair_that_fits_is_two_paths(tmp_path: Path, make_key: Callable[[], Key]) -> None:
    """For every kind of key that browsers know."""
    certificate, key = make_pair(AUTHORITY, key=make_key()).write(tmp_path)
    config = read(tmp_path)

    assert TlsSettings(str(certificate), str(key)) == config.settings
    assert () == config.notices
    assert PAIR.private_pem() not in repr(config)


def test_a_chain_may_follow_and_the_key_may_stand_in_the_same_file(tmp_path: Path) -> None:
    """As many tools write it."""
    (tmp_path / "all.pem").write_text(PAIR.private_pem() + PAIR.pem + AUTHORITY.pem)

    assert str(tmp_path / "all.pem") == read(tmp_path, cert="all.pem", key="all.pem").settings.key


def test_a_key_that_everybody_can_read_is_worth_a_notice(tmp_path: Path) -> None:
    """Not a refusal: containers mount secrets like that. A group that may read it is somebody's decision."""
    _, key = PAIR.write(tmp_path)
    for mode, expected in ((0o640, 0), (0o644, 1)):
        key.chmod(mode)
        assert expected == len(read(tmp_path).notices)
    assert f"chmod o-r {key}" in read(tmp_path).notices[0]


def test_missing_files_are_told_both(tmp_path: Path) -> None:
    """With the system's reason."""
    problems = complain(tmp_path)

    assert {"cert", "key"} == set(problems)
    assert all("No such file or directory" in problem for problem in problems.values())


def test_what_is_no_path_is_answered_with_how_to_make_a_certificate(tmp_path: Path) -> None:
    """The command stands there."""
    PAIR.write(tmp_path)
    for written in (None, "", 5, ["cert.pem"]):
        assert "openssl req -x509" in complain(tmp_path, cert=written)["cert"]
        assert "path of a file" in complain(tmp_path, key=written)["key"]


def write_dsa() -> str:
    """A key that no browser speaks with."""
    key = dsa.generate_private_key(2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("cert", "hello", "no certificate in PEM form"),
        ("cert", PAIR.private_pem(), "no certificate in PEM form"),
        ("key", "hello", "no private key in PEM form"),
        ("key", PAIR.pem, "no private key in PEM form"),
        ("key", PAIR.private_pem(b"opensesame"), "protected by a passphrase"),
        ("key", make_pair(AUTHORITY).private_pem(), "this key does not belong to the certificate"),
        ("key", AUTHORITY.private_pem, "put the certificate of this key first"),
        ("key", make_pair(AUTHORITY, key=rsa.generate_private_key(65_537, 1024)).private_pem(), "1024 bits"),
        ("key", write_dsa(), "use an RSA or ECDSA key"),
    ],
    ids=["text", "a key", "text for a key", "a certificate", "passphrase", "another", "authority", "short", "dsa"],
)
def test_what_cannot_be_served_is_refused(tmp_path: Path, field: str, text: str, words: str) -> None:
    """At the field that is wrong, with what to do, and never with the content."""
    PAIR.write(tmp_path)
    (tmp_path / "cert.pem").write_text(PAIR.pem + AUTHORITY.pem)
    (tmp_path / "wrong.pem").write_text(text)
    problems = complain(tmp_path, **{field: "wrong.pem"})

    assert [field] == list(problems)
    assert words in problems[field]
    assert "BEGIN PRIVATE KEY-----\n" not in problems[field]


def test_the_first_certificate_s_time_counts(tmp_path: Path) -> None:
    """From when to when, in epoch seconds."""
    pair = make_pair(AUTHORITY, begins_at=1_800_000_000, lasts_days=10)
    validity = read_validity((pair.pem + AUTHORITY.pem).encode())

    assert Validity(1_800_000_000.0, 1_800_000_000.0 + 10 * DAY_S) == validity
    with pytest.raises(ValueError, match="PEM"):
        read_validity(b"hello")


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (-1.0, "not valid yet, for less than a day"),
        (-DAY_S, "not valid yet, for 1 day:"),
        (0.0, None),
        (86.0 * DAY_S, None),
        (86.0 * DAY_S + 1, "expires in 13 days: renew it"),
        (99.5 * DAY_S, "expires in less than a day"),
        (100.0 * DAY_S + 1, "expired less than a day ago"),
        (103.0 * DAY_S, "expired 3 days ago: browsers refuse it"),
    ],
)
def test_what_is_wrong_with_it_now(now: float, words: str | None) -> None:
    """Before its time, after it, and in the two weeks before its end."""
    problem = Validity(0.0, 100.0 * DAY_S).describe(now)

    assert (words is None) == (problem is None)
    assert (words or "") in (problem or "")
