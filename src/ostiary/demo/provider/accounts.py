"""The one person whom the demo provider knows, and the names by which the demo's parts know each other.

The person's password is public, it stands on the sign-in page. It is still compared in constant time and kept out of
`repr`, for this code is read as an example. Names are those of the APISIX tutorial, so that its commands work.
"""

import hmac
from dataclasses import dataclass, field
from typing import Final, final

CLIENT_ID: Final = "apisix-quickstart-client"
USERNAME: Final = "quickstart-user"
PASSWORD: Final = "quickstart-user-pass"
CLIENT_SECRET_VARIABLE: Final = "OSTIARY_DEMO_CLIENT_SECRET"

SCOPES: Final = ("openid", "profile", "email")
PROFILE_CLAIMS: Final = ("name", "given_name", "family_name", "preferred_username")
EMAIL_CLAIMS: Final = ("email", "email_verified")

Claims = dict[str, str | bool]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account. `subject` is what `sub` says; it never changes and means nothing."""

    subject: str
    username: str
    password: str = field(repr=False)
    given_name: str
    family_name: str
    email: str

    def claims(self, scope: str) -> Claims:
        """Return `sub` and what the scope opens (OpenID Connect Core 5.4)."""
        everything: Claims = {
            "sub": self.subject,
            "name": f"{self.given_name} {self.family_name}",
            "given_name": self.given_name,
            "family_name": self.family_name,
            "preferred_username": self.username,
            "email": self.email,
            "email_verified": True,
        }
        scopes = scope.split()
        names = ("sub", *(PROFILE_CLAIMS if "profile" in scopes else ()), *(EMAIL_CLAIMS if "email" in scopes else ()))
        return {name: everything[name] for name in names}


QUICKSTART_USER: Final = User(
    subject="5b0e9f6c-3c7e-4a51-9c57-2f6d1d9a7e10",
    username=USERNAME,
    password=PASSWORD,
    given_name="Quickstart",
    family_name="User",
    email="quickstart-user@example.com",
)


def find_user(username: str, password: str) -> User | None:
    """Return whom these credentials belong to, or None; which of the two was wrong takes no different time."""
    knows_name = is_equal(username, QUICKSTART_USER.username)
    knows_password = is_equal(password, QUICKSTART_USER.password)
    return QUICKSTART_USER if knows_name and knows_password else None


def is_equal(given: str, expected: str) -> bool:
    """Compare a secret that somebody sent, in constant time; it may be any text a form can hold."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8"))
