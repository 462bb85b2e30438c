"""`match_type` and `match_list`: which requests need somebody signed in. Pure.

Rules are held against the canonical host (lower-case, without port and trailing dot) and the canonical path (decoded
once, without query): what the upstream is sent. A path that servers read in different ways (an encoded slash, path
parameters, `?`, `#`, `%` or a backslash after decoding) needs a sign-in under either type, whatever the rules say.
"""

import re
from collections.abc import Sequence
from typing import Literal, final

import msgspec

from ostiary.http.authority import parse_authority
from ostiary.http.request import Request
from ostiary.plugins.oidc.linear_regex import Search, compile_search

MatchType = Literal["whitelist", "blacklist"]
RuleType = Literal["exact", "prefix", "regex"]

_DOUBTFUL = re.compile(r"[;?#%\\]")


@final
class MatchRule(msgspec.Struct, frozen=True):
    """A rule: a host pattern (`*` stands for any characters), a path, and how the path is compared."""

    domain: str
    path: str
    type: RuleType


@final
class MatchList:
    """Says which requests go through without anybody signed in."""

    __slots__ = ("_is_whitelist", "_rules")

    def __init__(self, match_type: MatchType, rules: Sequence[MatchRule]) -> None:
        """Compile the rules. Raises ValueError for a path that is no pattern, ClientFault for a host that is none."""
        self._is_whitelist = match_type == "whitelist"
        compile_path = _compile_path if self._is_whitelist else _compile_protected_path
        self._rules = tuple((_compile_domain(rule.domain), compile_path(rule)) for rule in rules)

    def is_exempt(self, request: Request) -> bool:
        """Say whether the request needs nobody to be signed in."""
        if not self._rules:
            return False
        target = request.target
        path = target.path
        if target.has_encoded_slash or _DOUBTFUL.search(path):
            return False
        return self._is_listed(request.host, path) is self._is_whitelist

    def _is_listed(self, host: str, path: str) -> bool:
        return any(fits_host(host) and fits_path(path) for fits_host, fits_path in self._rules)


def _compile_domain(pattern: str) -> Search:
    """`*.bar.com` fits a.bar.com and a.b.bar.com, not bar.com; an exact name fits itself."""
    if "*" not in pattern:
        return parse_authority(pattern.encode("ascii"), "http").host.__eq__
    lower = pattern.lower().rstrip(".")
    if "*" not in lower[1:]:
        suffix = lower[1:]
        return lambda host: host.endswith(suffix)
    return compile_search(f"^{'.*'.join(re.escape(part) for part in lower.split('*'))}$")


def _compile_path(rule: MatchRule) -> Search:
    if rule.type == "regex":
        return compile_search(rule.path)
    if rule.type == "prefix":
        return lambda path: path.startswith(rule.path)
    return rule.path.__eq__


def _compile_protected_path(rule: MatchRule) -> Search:
    """What is protected is protected with and without a slash at its end: many servers do not tell the two apart."""
    if rule.type == "regex":
        search = compile_search(rule.path)
        return lambda path: search(path) or search(_turn_slash(path))
    stem = rule.path.rstrip("/") or "/"
    if rule.type == "prefix":
        return lambda path: path.startswith(rule.path) or path == stem
    return lambda path: (path.rstrip("/") or "/") == stem


def _turn_slash(path: str) -> str:
    """Return the path with a slash at its end where it has none, and without where it has one."""
    return path[:-1] if path.endswith("/") else f"{path}/"
