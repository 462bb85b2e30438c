"""Where a person goes after signing in: the path and query that they asked for, on this origin and nowhere else.

Taken from the canonical request only, never from a parameter or header. It is checked again when it comes back from
the flow cookie, the way a browser would read it: percent-decoded once and twice, backslashes as slashes.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from ostiary.http.target import Target

MAX_RETURN_TO_BYTES = 2048
HOME = "/"

# Printable ASCII without space and backslash: what no browser strips, folds or turns into a slash.
_PRINTABLE = re.compile(r"[\x21-\x5b\x5d-\x7e]*\Z")
_DOUBTFUL_SEGMENT = re.compile(r"/\.{1,2}(?:[/;]|\Z)")


def plan_return_to(target: Target) -> Iterator[str]:
    """Yield what to come back to, best first: path and query, the path alone, the origin's root."""
    for place in dict.fromkeys((target.raw.decode("latin-1"), target.raw_path.decode("latin-1"), HOME)):
        if is_local(place):
            yield place


def is_local(place: str) -> bool:
    """Say whether a redirect to `place` stays on this origin, whatever a browser makes of it (RFC 3986 §4.2)."""
    if len(place) > MAX_RETURN_TO_BYTES or not _PRINTABLE.match(place) or "#" in place:
        return False
    path = place.partition("?")[0]
    if "%" not in path:
        return _is_single_rooted(path)
    once = unquote(path, errors="replace")
    return all(_is_single_rooted(spelling) for spelling in (path, once, unquote(once, errors="replace")))


def _is_single_rooted(path: str) -> bool:
    """Check for one slash at the start, and no dot-segment, control character or backslash that would make it two."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return False
    return path.isprintable() and _DOUBTFUL_SEGMENT.search(path) is None
