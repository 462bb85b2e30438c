"""The generated session secret: made once, in a file that only its owner reads, beside the configuration.

Several processes may start at the same time: the first to create the file wins and the others read what it wrote.
"""

import os
import stat
from pathlib import Path

from ostiary.errors import OperatorFault
from ostiary.ports import Random

SECRET_BYTES = 32


def load_or_make_secret(path: Path, random: Random) -> str:
    """Return the secret in `path`, making it (hexadecimal, mode 0600) when the file is not there.

    Raises OperatorFault (`secret_file`) when the file cannot be made, is readable by others, or is cut short.
    """
    try:
        _make(path, random)
    except FileExistsError:
        pass
    except OSError as error:
        raise OperatorFault("secret_file", f"{path} cannot be made: {error.strerror}; set session.secret") from None
    return _read(path)


def _make(path: Path, random: Random) -> None:
    """Write to a file of our own first: whoever reads `path` finds a whole secret or none."""
    draft = path.with_name(f"{path.name}.{random.token_bytes(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, random.token_bytes(SECRET_BYTES).hex().encode("ascii") + b"\n")
        os.fsync(descriptor)
        os.link(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink()


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise OperatorFault("secret_file", f"{path} cannot be read; delete it or set session.secret") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise OperatorFault("secret_file", f"{path} is open to others; run: chmod 600 {path}")
    if len(text) < SECRET_BYTES * 2:
        raise OperatorFault("secret_file", f"{path} is cut short; delete it (everybody signs in again)")
    return text
