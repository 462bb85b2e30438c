"""URLs in configurations: what every plugin takes for one (RFC 3986, http and https alone).

Where a URL leads, and whether anybody may be led there, is not known here.
"""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from ostiary.config.section import refuse

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_url(url: str) -> str:
    """Take an absolute http(s) URL without fragment and credentials. Raises the refusal of anything else."""
    if "#" in url or any(ord(character) <= 0x20 for character in url) or not _names_host(url):
        raise refuse("is no http(s) URL", "write it in full, such as https://id.example.com/...")
    return url


Url = Annotated[str, AfterValidator(check_url), WithJsonSchema({"type": "string", "format": "uri"})]


def _names_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_port_usable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_port_usable and "@" not in parts.netloc


def is_plain(url: str) -> bool:
    """Say whether a URL is http and leads off this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK
