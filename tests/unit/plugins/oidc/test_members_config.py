"""Who may be named as somebody who may enter."""

from typing import Any

import pytest

from tests.fakes.oidc_configs import find_problems, make_oidc


@pytest.mark.parametrize("name", ["allowed_groups", "allowed_emails", "email_domains"])
def test_one_is_a_list_of_one(name: str) -> None:
    """As oauth2-proxy's options may be repeated or not."""
    value = "alice@bar.com" if name == "allowed_emails" else "bar.com"

    assert (value,) == getattr(make_oidc(**{name: value}), name)


@pytest.mark.parametrize("domain", ["bar.com", "*.bar.com", ".bar.com", "*", "localhost"])
def test_domains_may_be_those_below_one(domain: str) -> None:
    """And `*` is any."""
    assert {} == find_problems(email_domains=domain)


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ({"allowed_emails": "alice"}, "allowed_emails", "is no email address"),
        ({"allowed_emails": ["a@evil@bar.com"]}, "allowed_emails[0]", "is no email address"),
        ({"allowed_emails": ["@bar.com"]}, "allowed_emails[0]", "is no email address"),
        ({"email_domains": "alice@bar.com"}, "email_domains", "is no domain"),
        ({"email_domains": "a.*.com"}, "email_domains", "is no domain"),
        ({"email_domains": "bar..com"}, "email_domains", "is no domain"),
        ({"allowed_groups": ""}, "allowed_groups", "leave it out where everybody may"),
        ({"allowed_groups": []}, "allowed_groups", "names nobody"),
        ({"allowed_emails": []}, "allowed_emails", "names nobody"),
        ({"email_domains": ""}, "email_domains", "names nobody"),
        ({"allowed_groups": [1]}, "allowed_groups[0]", "a text"),
    ],
)
def test_what_could_be_nobody_is_refused(written: dict[str, Any], path: str, says: str) -> None:
    """With what is wrong or what to write."""
    problems = find_problems(**written)

    assert [path] == list(problems)
    assert says in problems[path]
