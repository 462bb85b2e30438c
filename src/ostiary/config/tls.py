"""`gateway.listen[].tls`: the certificate a listener shows, and the private key that belongs to it, as PEM files.

Both are read while the configuration is checked, so that a missing file, a wrong key or a passphrase is a problem with
a place. Only paths and facts go on; the key itself never leaves its file but into OpenSSL. Which protocol versions are
spoken, and reading the files again when they change, is `ostiary.adapters.certificates`' business.
"""

import stat
from typing import Annotated, ClassVar, final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import Field, PlainValidator, ValidationInfo, field_validator

from ostiary.config.files import find_file, read_file
from ostiary.config.section import Section, refuse

MIN_RSA_BITS = 2048
DAY_S = 86_400
RENEWAL_S = 14 * DAY_S

_TRY_IT = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost "
    "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem"
)
_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


@final
class Validity(msgspec.Struct, frozen=True):
    """From when to when a certificate is valid, in wall-clock seconds."""

    not_before: float
    not_after: float

    def describe(self, now: float) -> str | None:
        """Say what is wrong with it now, or will be within two weeks; None when nothing is."""
        if now > self.not_after:
            return f"the certificate expired {_count_days(now - self.not_after)} ago: browsers refuse it"
        if now < self.not_before:
            return f"the certificate is not valid yet, for {_count_days(self.not_before - now)}: browsers refuse it"
        if now > self.not_after - RENEWAL_S:
            return f"the certificate expires in {_count_days(self.not_after - now)}: renew it"
        return None


def _count_days(seconds: float) -> str:
    days = int(seconds // DAY_S)
    return "less than a day" if days < 1 else "1 day" if days == 1 else f"{days} days"


@final
class CertificateFile(msgspec.Struct, frozen=True):
    """A file with a server's certificate first. `public_keys` are those of all certificates in it, as DER."""

    path: str
    validity: Validity
    public_keys: tuple[bytes, ...]


@final
class KeyFile(msgspec.Struct, frozen=True):
    """A file with a private key. `public_key` is the other half, as DER."""

    path: str
    public_key: bytes
    is_open_to_others: bool


@final
class TlsSettings(msgspec.Struct, frozen=True):
    """The two files of a listener, as paths."""

    certificate: str
    key: str


def read_validity(content: bytes) -> Validity:
    """Return the validity of the first certificate in a PEM file. Raises ValueError."""
    return _find_validity(x509.load_pem_x509_certificates(content)[0])


def _find_validity(certificate: x509.Certificate) -> Validity:
    return Validity(certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp())


def _check_text(written: object) -> str:
    if not isinstance(written, str) or not written:
        raise refuse("expected the path of a file in PEM form", f"there is none yet? {_TRY_IT}")
    return written


def _read_certificate_file(written: object, validation: ValidationInfo) -> CertificateFile:
    text = _check_text(written)
    content = read_file(text, validation)
    try:
        chain = x509.load_pem_x509_certificates(content)
    except ValueError:
        remedy = "name a file with `-----BEGIN CERTIFICATE-----` in it, the server's own certificate first"
        raise refuse("the file has no certificate in PEM form", remedy) from None
    try:
        keys = tuple(each.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for each in chain)
    except (ValueError, UnsupportedAlgorithm):
        remedy = "name a certificate with an RSA, ECDSA, Ed25519 or Ed448 key"
        raise refuse("the file has a certificate whose key cannot be read", remedy) from None
    return CertificateFile(str(find_file(text, validation)), _find_validity(chain[0]), keys)


def _read_key_file(written: object, validation: ValidationInfo) -> KeyFile:
    text = _check_text(written)
    content = read_file(text, validation)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        remedy = "nobody is there to type it when the gateway starts: openssl pkey -in key.pem -out plain.pem"
        raise refuse("the private key is protected by a passphrase", remedy) from None
    except (ValueError, UnsupportedAlgorithm):
        remedy = "name a file with `-----BEGIN PRIVATE KEY-----` (or RSA or EC PRIVATE KEY) in it"
        raise refuse("the file has no private key in PEM form", remedy) from None
    if not isinstance(key, _KEYS):
        raise refuse("no browser speaks TLS with a key of this kind", "use an RSA or ECDSA key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise refuse(f"an RSA key of {key.key_size} bits is too short", f"make one of {MIN_RSA_BITS} bits or more")
    path = find_file(text, validation)
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyFile(str(path), public_key, bool(path.stat().st_mode & stat.S_IROTH))


class TlsConfig(Section):
    """Certificate and private key of a listener that speaks https. TLS 1.2 and 1.3 are spoken, and HTTP/1.1 in them."""

    cert: Annotated[CertificateFile, PlainValidator(_read_certificate_file, json_schema_input_type=str)] = Field(
        description="The certificate, as a PEM file: the server's own first, those of intermediate authorities after "
        "it. A relative path starts at the configuration file's folder; a changed file is read again within seconds."
    )
    key: Annotated[KeyFile, PlainValidator(_read_key_file, json_schema_input_type=str)] = Field(
        description="Its private key, as a PEM file without a passphrase: RSA, ECDSA, Ed25519 or Ed448."
    )

    renamed: ClassVar[dict[str, str]] = {
        "certificate": "cert",
        "cert_file": "cert",
        "ssl_certificate": "cert",
        "private_key": "key",
        "key_file": "key",
        "ssl_certificate_key": "key",
    }

    @field_validator("key")
    @classmethod
    def _check_match(cls, key: KeyFile, validation: ValidationInfo) -> KeyFile:
        certificate = validation.data.get("cert")
        if isinstance(certificate, CertificateFile) and key.public_key != certificate.public_keys[0]:
            if key.public_key in certificate.public_keys:
                remedy = "put the certificate of this key first in `cert`, those of the authorities after it"
                raise refuse("the certificate of this key is not the first in its file", remedy)
            raise refuse("this key does not belong to the certificate", "name the key that it was issued for")
        return key

    @property
    def settings(self) -> TlsSettings:
        """The files."""
        return TlsSettings(self.cert.path, self.key.path)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the operator should read at start."""
        if not self.key.is_open_to_others:
            return ()
        return (f"tls.key: every user of this machine can read the private key; chmod o-r {self.key.path}",)
