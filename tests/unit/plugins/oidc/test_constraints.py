"""What a proxy may ask `auth` besides."""

import pytest

from ostiary.identity.members import MemberRule, read_person
from ostiary.plugins.oidc.constraints import fits_constraints

CLAIMS = {"sub": "1", "email": "alice@bar.com", "email_verified": True, "groups": ["staff", "admins"]}


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        (None, True),
        (b"", True),
        (b"other=1", True),
        (b"allowed_groups=staff", True),
        (b"allowed_groups=guests,staff", True),
        (b"allowed_groups=guests&allowed_groups=staff", True),
        (b"allowed_groups=%73taff", True),
        (b"allowed_groups=guests", False),
        (b"allowed_groups=", False),
        (b"allowed_groups", False),
        (b"allowed_groups=,", False),
        (b"allowed_emails=alice@bar.com", True),
        (b"allowed_emails=bob@bar.com", False),
        (b"allowed_email_domains=bar.com", True),
        (b"allowed_email_domains=evil.example", False),
        (b"allowed_groups=staff&allowed_emails=bob@bar.com", False),
        (b"allowed_groups=guests&allowed_emails=alice@bar.com", False),
        (b"allowed_email_domains=bar.com&allowed_emails=bob@bar.com", False),
        (b"a=1&" * 200 + b"allowed_groups=staff", False),
    ],
)
def test_every_kind_has_to_be_met_by_any_of_its_values(query: bytes | None, fits: bool) -> None:
    """And one that names nothing is met by nobody."""
    rule = MemberRule()

    assert fits is fits_constraints(query, read_person(CLAIMS, rule), rule)


def test_the_plugins_own_rule_is_not_asked_again() -> None:
    """Who has a session has met it; here it only says how addresses are taken."""
    rule = MemberRule(groups=("nobody",), emails=("nobody@bar.com",))

    assert fits_constraints(b"allowed_groups=staff", read_person(CLAIMS, rule), rule)
