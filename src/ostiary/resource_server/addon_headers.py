"""Headers of the client's request that go along with an introspection call, as the operator names them.

The provider's answer may depend on them, so they are part of whatever an answer is remembered under. What no header may
carry on is left out, as if the client had not sent it: whether to send one is the client's choice anyway.
"""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from ostiary.http.request import Request

AddonHeaders = tuple[tuple[str, str], ...]

_VISIBLE = bytes({*range(0x20, 0x7F), 0x09})


def compile_addon_names(names: Iterable[str]) -> tuple[tuple[bytes, str], ...]:
    """Return each name as it is looked for, and as it is sent."""
    return tuple((name.lower().encode("ascii"), name) for name in names)


def read_addon_headers(request: Request, names: tuple[tuple[bytes, str], ...]) -> AddonHeaders:
    """Return those that the request has; several lines of one name are joined (RFC 9110 §5.3)."""
    found = []
    for lower, name in names:
        lines = [value for field, _, value in request.fields if field == lower]
        value = b", ".join(lines)
        if lines and not value.translate(None, _VISIBLE):
            found.append((name, value.decode("ascii")))
    return tuple(found)


def digest_credentials(authorization: bytes, addons: AddonHeaders) -> bytes:
    """Return the digest under which a token is remembered together with the headers that go along."""
    return sha256(msgspec.msgpack.encode((authorization, addons))).digest()
