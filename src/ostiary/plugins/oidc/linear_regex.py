"""Regular expressions of the operator's, searched in what anybody sends: RE2, in time linear in the text.

RE2 is the language of the documented options (`match_rule_type: regex`, `api_routes`): no look-around and no
back-references, and no pattern that a path could keep busy. A search is not anchored.
"""

from collections.abc import Callable

import re2

MAX_PATTERN = 4096
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # the problem is told in our own words
_OPTIONS.never_capture = True

Search = Callable[[str], bool]


def compile_search(pattern: str) -> Search:
    """Return what says whether a text holds a match. Raises ValueError for what is no pattern, and says why."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    try:
        compiled = re2.compile(pattern, options=_OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "it cannot be read"
        raise ValueError(f"this is no RE2 pattern: {reason}") from None
    search = compiled.search
    return lambda text: search(text) is not None
