"""`match_list` of `oidc`: no spelling of a protected address is let through without anybody signed in.

The request is read as the gateway reads it; what it refuses to read goes nowhere.
"""

from typing import Any

import pytest

from ostiary.errors import ClientFault
from ostiary.plugin import Admit
from tests.fakes.oidc_plugins import build_oidc
from tests.fakes.requests import make_request
from tests.fakes.sign_in import SignInWorld

BLACKLIST: dict[str, Any] = {
    "match_type": "blacklist",
    "match_list": [
        {"match_rule_domain": "*.bar.com", "match_rule_path": "/headers", "match_rule_type": "prefix"},
        {"match_rule_domain": "foo.bar.com", "match_rule_path": "/admin", "match_rule_type": "exact"},
        {"match_rule_domain": "foo.bar.com", "match_rule_path": "^/private/?$", "match_rule_type": "regex"},
    ],
}
WHITELIST: dict[str, Any] = {
    "match_type": "whitelist",
    "match_list": [
        {"match_rule_domain": "*.bar.com", "match_rule_path": "/public/", "match_rule_type": "prefix"},
        {"match_rule_domain": "foo.bar.com", "match_rule_path": r"\.css$", "match_rule_type": "regex"},
    ],
}
PATHS = ("/headers", "/admin", "/private")
HOSTS = ("foo.bar.com", "FOO.BAR.COM", "foo.bar.com:9080", "foo.bar.com.", "Foo.Bar.Com.:80")


def spellings(path: str) -> list[str]:
    """Return what some server or other takes for this path."""
    word = path[1:]
    return [
        path, f"{path}/", f"/{path}", f"//{path}", f"/./{word}", f"/x/..{path}", f"/%2e/{word}", f"/x/%2e%2e{path}",
        f"/x/..;{path}", f"/%{ord(word[0]):02x}{word[1:]}", f"/%25{ord(word[0]):02x}{word[1:]}", f"{path}%2f",
        f"%2f{word}", f"/x%2f..{path}", f"/.%2f{word}", f"{path};", f"{path};a=b", f"{path};.css", f"/;{path}",
        f"{path}%3b", f"{path}?", f"{path}?a=/public/", f"{path}%3f", f"{path}%3fx", f"{path}%23", f"{path}#",
        f"{path}\\", f"{path}%5c", f"/\\{word}", f"{path}%00", f"{path}%0a", f"{path}%20",
        f"http://foo.bar.com{path}", f"{path}/.", f"{path}/x/..", f"{path}%2e%2e", f"{path}//", f"{path}%",
        f"{path}%zz", f"%{path}",
    ]  # fmt: skip


def is_let_through(rules: dict[str, Any], host: str, target: str, method: str = "GET") -> bool:
    """Say whether somebody whom nobody knows gets to the service."""
    plugin = build_oidc(SignInWorld(), **rules)
    try:
        request = make_request(method, target, {"Host": host, "Accept": "*/*"})
    except ClientFault:
        return False
    return isinstance(plugin.decide(request, None, 0.0), Admit)


def names_another_path(path: str, target: str) -> bool:
    """Say whether a target is of another resource whatever reads it: a longer name, and no more."""
    return (target == f"{path}%20" and path != "/headers") or target in {f"{path}%2e%2e", f"%{path}"}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", PATHS)
def test_a_blacklisted_path_is_protected_in_every_spelling(host: str, path: str) -> None:
    """Or the request is refused before anybody decides."""
    opened = [target for target in spellings(path) if is_let_through(BLACKLIST, host, target)]

    assert [] == [target for target in opened if not names_another_path(path, target)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_protection_does_not_depend_on_the_method(method: str) -> None:
    """Nobody gets in by another verb."""
    assert not is_let_through(BLACKLIST, "foo.bar.com", "/headers", method)
    assert not is_let_through(WHITELIST, "foo.bar.com", "/headers", method)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_makes_a_protected_path_a_whitelisted_one(host: str, path: str) -> None:
    """Neither by walking out of the public folder nor by looking like a style sheet."""
    walks = [
        f"/public/..{path}", f"/public/%2e%2e{path}", f"/public/..%2f{path[1:]}", f"/public%2f..{path}",
        f"/public/..;{path}", f"/public/%2e%2e%2f{path[1:]}", f"/public/x/../..{path}", f"/public/%252e%252e{path}",
        f"/public//..{path}", f"{path};.css", f"{path}?.css", f"{path}%3f.css", f"{path}%23.css", f"{path}#.css",
        f"{path}%3b.css", f"{path}%00.css", f"{path}%0a.css", f"{path}/%2e%2e/x%2f.css",
    ]  # fmt: skip

    assert [] == [target for target in walks + spellings(path) if is_let_through(WHITELIST, host, target)]


@pytest.mark.parametrize("host", ["bar.com", "foobar.com", "foo.bar.com.evil.example", "bar.com.", "xfoo-bar.com"])
def test_a_whitelist_of_one_domain_is_not_another_domains(host: str) -> None:
    """Wildcards end at their dot."""
    assert not is_let_through(WHITELIST, host, "/public/x")


def test_what_is_public_is_public() -> None:
    """So that the tests above mean something."""
    assert is_let_through(WHITELIST, "foo.bar.com", "/public/x")
    assert is_let_through(WHITELIST, "foo.bar.com", "/a.css")
    assert is_let_through(BLACKLIST, "foo.bar.com", "/other")
