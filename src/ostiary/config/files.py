"""Files that a configuration names: found beside it, read while it is checked, kept by value.

A path that is not absolute starts at the folder of the configuration file, or where there is none (a text that came
from elsewhere) at the working directory. Reading is a validator's work, so that `ostiary check` tells of a missing file
with everything else, and a reload sees a changed one.
"""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationInfo

from ostiary.config.section import refuse

MAX_BYTES = 1024 * 1024
_FOLDER = "folder"


def make_context(folder: Path | None) -> dict[str, object]:
    """Return the validation context that tells models where the configuration file is."""
    return {_FOLDER: folder}


def find_file(text: str, validation: ValidationInfo) -> Path:
    """Return the path that a field names, absolute where the configuration file's folder is known."""
    folder = (validation.context or {}).get(_FOLDER)
    return Path(text) if folder is None else Path(folder).absolute() / text


def read_file(text: str, validation: ValidationInfo) -> bytes:
    """Return the content of the file that a field names; refuses what cannot be read, or is over 1 MiB."""
    try:
        with find_file(text, validation).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no path"
        remedy = "write a path that is absolute, or starts at the configuration file's folder"
        raise refuse(f"the file cannot be read: {reason}", remedy) from None
    if len(content) > MAX_BYTES:
        raise refuse(f"the file has more than {MAX_BYTES} bytes", "name a smaller one")
    return content


def read_certificates(text: str, validation: ValidationInfo) -> str:
    """Return the certificates of the PEM file that a field names, and nothing else that may stand in it."""
    content = read_file(text, validation)
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError:
        remedy = "name a file with `-----BEGIN CERTIFICATE-----` in it: the certificates of the authority"
        raise refuse("the file has no certificates in PEM form", remedy) from None
    return "".join(each.public_bytes(Encoding.PEM).decode("ascii") for each in certificates)
