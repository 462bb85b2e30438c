"""The kinds of values that options of `oidc` have: durations, lists that may be one text, names, paths, patterns.

A variable (`$ENV://NAME`) holds text, so numbers and truth values may be written as text; nothing else is converted.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ostiary.config.section import refuse
from ostiary.config.urls import Url
from ostiary.identity.metadata import is_endpoint
from ostiary.plugins.oidc.go_duration import DurationError, parse_go_duration
from ostiary.plugins.oidc.linear_regex import compile_search

# The longest that browsers keep a cookie: 400 days (RFC 6265bis §5.5).
LONGEST_S = 34_560_000
_PATH = re.compile(r"/(?:[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*/?)*\Z")


def read_list(value: object) -> object:
    """Take one text for a list of one; an empty one for an empty list."""
    if isinstance(value, str):
        return [value] if value else []
    return value


def _read_duration(value: object) -> object:
    """Take Go's notation, and the number 0; another number has no unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == 0:
            return "0"
        raise refuse("is a number without a unit", f"write {value:g}s for seconds, or another of h, m, s and ms")
    if isinstance(value, str):
        find_seconds(value)
    return value


def find_seconds(text: str) -> float:
    """Return the seconds of a duration. Raises the refusal of what is none."""
    try:
        return parse_go_duration(text)
    except DurationError as refused:
        raise refuse(refused.problem, refused.remedy) from None


def _check_lifetime(text: str) -> str:
    seconds = find_seconds(text)
    if seconds and not 1 <= seconds <= LONGEST_S:
        raise refuse("is less than a second, or more than browsers keep", "write 1s or more, up to 9600h (400 days)")
    return text


def _check_no_zero(text: str) -> str:
    if not find_seconds(text):
        raise refuse("is no time at all", "write how long a sign-in may take, such as 15m")
    return text


def _check_path(path: str) -> str:
    if not _PATH.match(path) or path == "/":
        raise refuse("is no plain path", "write one such as /oauth2/ping: letters, digits and `-._~`, without a query")
    return path


def _check_pattern(pattern: str) -> str:
    try:
        compile_search(pattern)
    except ValueError as error:
        raise refuse(str(error), "write it in RE2's syntax, such as ^/api/") from None
    return pattern


def check_endpoint(url: str) -> str:
    """Take an absolute http(s) URL in ASCII. Raises the refusal of anything else."""
    if not is_endpoint(url):
        raise refuse("is no http(s) URL", "write it in full and in ASCII, such as https://id.example.com/...")
    return url


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "format": "duration"})
Lifetime = Annotated[str, BeforeValidator(_read_duration), AfterValidator(_check_lifetime), _DURATION_SCHEMA]
Timespan = Annotated[Lifetime, AfterValidator(_check_no_zero), _DURATION_SCHEMA]
Endpoint = Annotated[Url, AfterValidator(check_endpoint)]
Path = Annotated[str, AfterValidator(_check_path), Field(max_length=256)]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_check_pattern)]
Name = Annotated[str, Field(min_length=1, max_length=256)]
ClaimName = Annotated[str, Field(min_length=1, max_length=256)]
