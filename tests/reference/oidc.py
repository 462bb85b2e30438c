"""The options of Higress's `oidc` as facts, and where ours differ on purpose. No test of its own.

One row for each option of its document, with type and default as they stand there. The differences are the whole list:
one that is not in it, or no longer one, fails `tests/reference/test_oidc_page.py`.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """An option as it is documented; `ours` is its name in the generated page where that is longer."""

    name: str
    type: str
    default: str = ""
    choices: tuple[str, ...] = ()
    ours: str = ""

    @property
    def place(self) -> str:
        """The name in the generated page."""
        return self.ours or self.name


class Difference(NamedTuple):
    """What is otherwise here: `ours` is what stands in the generated page, `reason` why."""

    ours: str
    reason: str


ROWS = [
    Row("cookie_name", "string", "_oauth2_proxy"),
    Row("cookie_secret", "string"),
    Row("cookie_domains", "string|list"),
    Row("cookie_path", "string", "/"),
    Row("cookie_expire", "duration", "168h0m0s"),
    Row("cookie_refresh", "duration"),
    Row("cookie_secure", "bool", "true"),
    Row("cookie_httponly", "bool", "true"),
    Row("cookie_samesite", "string", "", ("", "lax", "strict", "none")),
    Row("cookie_csrf_per_request", "bool", "false"),
    Row("cookie_csrf_expire", "duration", "15m"),
    Row("client_id", "string"),
    Row("client_secret", "string"),
    Row("provider", "string", "oidc"),
    Row("pass_authorization_header", "bool", "true"),
    Row("oidc_issuer_url", "string"),
    Row("oidc_verifier_request_timeout", "uint32", "2000"),
    Row("scope", "string"),
    Row("redirect_url", "string"),
    Row("service_name", "string"),
    Row("service_port", "int64"),
    Row("service_host", "string"),
    Row("match_type", "string", "whitelist", ("whitelist", "blacklist")),
    Row("match_list", "rule|list"),
    Row("match_rule_domain", "string", ours="match_list[].match_rule_domain"),
    Row("match_rule_path", "string", ours="match_list[].match_rule_path"),
    Row("match_rule_type", "string", "", ("exact", "prefix", "regex"), ours="match_list[].match_rule_type"),
]

# How the document's types are written in the generated page.
TYPES = {
    "string": "string",
    "string|list": "string or array[string]",
    "rule|list": "object or array[object]",
    "duration": "string",
    "bool": "boolean",
    "uint32": "integer",
    "int64": "integer",
}

# (name, column) → what is otherwise, and why.
DIFFERENCES = {
    ("cookie_secret", "type"): Difference("string or array[string]", "a list lets a secret be changed"),
    ("cookie_refresh", "default"): Difference("0", "off, as the document's `0` is, and said so"),
}
