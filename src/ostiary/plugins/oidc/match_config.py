"""Which requests need a sign-in, and how the others are answered. Texts here are the manual.

`ostiary.plugins.oidc.match_list` holds requests against the rules.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ostiary.config.scalars import Switch
from ostiary.config.section import Section, refuse
from ostiary.errors import ClientFault
from ostiary.http.authority import parse_authority
from ostiary.plugins.oidc.linear_regex import compile_search
from ostiary.plugins.oidc.match_list import MatchRule
from ostiary.plugins.oidc.values import Pattern, read_list

MAX_RULES = 1024
_DOMAIN = re.compile(r"(?:[A-Za-z0-9_*-]+(?:\.[A-Za-z0-9_*-]+)*\.?|\[[0-9A-Fa-f:.]+\])\Z")
_NEVER = re.compile(r"[?#;\\\x00-\x1f\x7f]|//|/\.{1,2}(?:/|\Z)|%[0-9A-Fa-f]{2}")
_TYPES = ("exact", "prefix", "regex")


def _check_domain(domain: str) -> str:
    if not domain:
        raise refuse("is empty, which no host is", "write the host, or `*` for every host")
    if not domain.isascii():
        raise refuse("a host is ASCII", "write an international name in its `xn--` form")
    name, colon, port = domain.rpartition(":")
    if colon and port.isdecimal() and not domain.endswith("]"):
        raise refuse("hosts are compared without their port", f"write `{name}`")
    if not _DOMAIN.match(domain) or not ("*" in domain or _is_host(domain)):
        raise refuse("is no host", "write a name such as www.example.com, `*.example.com`, or `*` for every host")
    return domain


def _is_host(name: str) -> bool:
    try:
        parse_authority(name.encode("ascii"), "http")
    except ClientFault:
        return False
    return True


def _list_rules(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


@final
class MatchRuleConfig(Section):
    """A rule of match_list."""

    renamed: ClassVar[Mapping[str, str]] = {
        "domain": "match_rule_domain",
        "host": "match_rule_domain",
        "path": "match_rule_path",
        "type": "match_rule_type",
    }

    match_rule_domain: Annotated[str, Field(max_length=253), AfterValidator(_check_domain)] = Field(
        description="The host that the rule is about, without port: a name, or a pattern in which `*` stands for any "
        "characters, such as `*.bar.com` (which bar.com itself does not fit). `*` is every host."
    )
    match_rule_path: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="The path that the rule is about, decoded and without query, such as `/headers`; with "
        "`match_rule_type: regex` a pattern in RE2's syntax, found anywhere in the path unless `^` and `$` anchor it."
    )
    match_rule_type: Literal["exact", "prefix", "regex"] = Field(
        description="How the path is compared: `exact`, `prefix` (so `/foo` is about /foobar, too; `/foo/` is not), or "
        "`regex`."
    )

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """What kind of path it is depends on how it is compared."""
        path, kind = written.get("match_rule_path"), written.get("match_rule_type")
        if not isinstance(path, str) or not path:
            return
        if kind == "regex":
            try:
                compile_search(path)
            except ValueError as error:
                yield "match_rule_path", refuse(str(error), "write it in RE2's syntax, such as ^/static/")
        elif kind in _TYPES and (not path.startswith("/") or _NEVER.search(path)):
            problem = "no request has this path" if path.startswith("/") else "a path begins with `/`"
            yield "match_rule_path", refuse(problem, "write it decoded, without query and dots, such as /headers")

    @property
    def rule(self) -> MatchRule:
        """The rule as requests are held against it."""
        return MatchRule(self.match_rule_domain, self.match_rule_path, self.match_rule_type)


Rules = Annotated[
    tuple[MatchRuleConfig, ...],
    BeforeValidator(_list_rules, json_schema_input_type=MatchRuleConfig | list[MatchRuleConfig]),
    Field(max_length=MAX_RULES),
]
Patterns = Annotated[
    tuple[Pattern, ...], BeforeValidator(read_list, json_schema_input_type=str | list[str]), Field(max_length=64)
]


class MatchConfig(Section):
    """Who has to sign in."""

    match_type: Literal["whitelist", "blacklist"] = Field(
        default="whitelist",
        description="What match_list names: requests that need nobody signed in (`whitelist`), or the only ones that "
        "do (`blacklist`). A path that servers read in different ways (with an encoded slash, `;`, `%`, `?` or `#`) "
        "needs a sign-in under either.",
    )
    match_list: Rules = Field(
        default=(),
        description="The rules: one, or a list. The first that fits the request's host and path decides. The plugin's "
        "own paths are never exempt.",
    )
    skip_auth_preflight: Switch = Field(
        default=False,
        description="Let CORS preflights through: OPTIONS with Origin and Access-Control-Request-Method, in which "
        "browsers send no cookie.",
    )
    api_routes: Patterns = Field(
        default=(),
        description="Patterns (RE2, found anywhere in the path) of paths that programs call: without a session they "
        "are answered 401 and never sent to the provider.",
    )
    force_json_errors: Switch = Field(
        default=False,
        description="Send nobody to the provider: every request without a session is answered 401, in JSON. Sign-ins "
        "start at `/oauth2/start`.",
    )


def find_match_faults(written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
    """Yield what is wrong between the fields about who has to sign in."""
    if written.get("match_type") == "blacklist" and not written.get("match_list"):
        remedy = "name in match_list what needs a sign-in, or write `match_type: whitelist`"
        problem = "match_list is empty, so with `match_type: blacklist` nothing would need a sign-in"
        yield "match_list", refuse(problem, remedy)


def find_match_notices(config: MatchConfig) -> Iterator[str]:
    """Yield what of the rules may let more through than its author thought."""
    if config.match_type == "blacklist":
        yield "match_type is blacklist: whatever match_list does not name goes through without anybody signed in"
        return
    for index, rule in enumerate(config.match_list):
        path = rule.match_rule_path
        place = f"match_list[{index}]"
        if rule.match_rule_type == "prefix" and path == "/":
            yield f"{place} lets every path of {rule.match_rule_domain} through without anybody signed in"
        elif rule.match_rule_type == "prefix" and not path.endswith("/"):
            yield f"{place}: the prefix {path} lets {path}bar through, too; write {path}/ if you mean what is below it"
        elif rule.match_rule_type == "regex" and not path.startswith(("^", "\\A")):
            yield f"{place}: the pattern is found anywhere in a path; begin it with ^ to tie it to the beginning"
