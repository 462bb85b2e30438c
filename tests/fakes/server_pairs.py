"""Certificate and key of a server, as the two PEM files that an operator has."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from tests.fakes.certificates import Authority

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class ServerPair:
    """A server's certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def private_pem(self, passphrase: bytes = b"") -> str:
        """Return the key, protected when there is a passphrase."""
        protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Put `cert.pem` and `key.pem` in the place of what is there, each whole in one instant; return their paths."""
        paths = folder / "cert.pem", folder / "key.pem"
        for path, text in zip(paths, (self.pem, self.private_pem()), strict=True):
            replace(path, text)
        return paths


def replace(path: Path, text: str) -> None:
    """Put a new file in the place of an old one."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text)
    draft.chmod(0o600)
    draft.rename(path)


def make_pair(
    authority: Authority, *, key: Key | None = None, begins_at: float | None = None, lasts_days: float = 90
) -> ServerPair:
    """Let an authority vouch for `localhost` and `127.0.0.1`, from an hour ago unless `begins_at` (epoch seconds)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    begin = datetime.now(UTC) - timedelta(hours=1) if begins_at is None else datetime.fromtimestamp(begins_at, UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    local = x509.IPAddress(IPv4Address("127.0.0.1"))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), local])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = x509.CertificateBuilder(
        authority.certificate.subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        begin,
        begin + timedelta(days=lasts_days),
    )
    builder = builder.add_extension(names, critical=False).add_extension(identifier, critical=False)
    return ServerPair(builder.sign(authority.key, SHA256()), key)


def make_client_context(authority: Authority) -> ssl.SSLContext:
    """Return the TLS context of a client that trusts the authority and nobody else."""
    return ssl.create_default_context(cadata=authority.pem)
