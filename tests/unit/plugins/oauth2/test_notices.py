"""What the operator reads of a rule at start."""

from typing import Any

import pytest

from ostiary.plugin import Place
from ostiary.plugins.oauth2.config import OAuth2Config
from ostiary.plugins.oauth2.notices import find_notices
from tests.fakes.client_keys import private_pem

SECRET = "abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
QUIET = {"allow_query_credentials": False}
ROUTE = Place(id="r1", uris=("/orders/*",))


def notices(place: Place = ROUTE, consumers: list[dict[str, str]] | None = None, **attributes: Any) -> tuple[str, ...]:
    """Return the notices of a rule that is quiet but for what is changed."""
    known = consumers or [{"name": "one", "client_id": "1", "client_secret": SECRET}]
    return find_notices(OAuth2Config.model_validate({"consumers": known, **QUIET, **attributes}), place)


def test_a_rule_may_have_nothing_to_say() -> None:
    """With long secrets, no query credentials and a path that can be reached."""
    assert () == notices()


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"allow_query_credentials": True}, "write allow_query_credentials: false"),
        ({"auth_path": "/"}, "every path that ends with a slash"),
        ({"token_ttl": 0}, "token_ttl is 0"),
        ({"consumers": [{"name": "one", "client_id": "1", "client_secret": "x" * 31}]},
         "a secret of one is shorter than 32 bytes"),
        ({"consumers": [{"name": "one", "client_id": "1", "client_secret": SECRET, "previous_client_secret": "short"}]},
         "a secret of one is shorter than 32 bytes"),
        ({"place": Place(id="r1", uris=("/orders", "/oauth2/tokens"))}, "nobody can ask for a token here"),
    ],
)  # fmt: skip
def test_what_weakens_or_cannot_work_is_told(attributes: dict[str, Any], words: str) -> None:
    """One sentence each."""
    (told,) = notices(**attributes)

    assert words in told


def test_short_secrets_are_told_by_name_and_counted() -> None:
    """Never by what they are; a long list is cut."""
    consumers = [{"name": f"n{n}", "client_id": str(n), "client_secret": f"short{n}"} for n in range(8)]
    (told,) = notices(consumers=consumers)

    assert "n0, n1, n2, n3, n4 and 3 more" in told
    assert "short3" not in told


def test_a_short_secret_that_signs_nothing_is_no_matter() -> None:
    """With a key of the server's own nobody can try secrets at home."""
    consumers = [{"name": "one", "client_id": "1", "client_secret": "short"}]

    assert () == notices(consumers=consumers, signing_keys=[private_pem("EC P-256")])


@pytest.mark.parametrize(
    "place",
    [Place(id="r1", uris=("/orders", "/orders/oauth2/token")), Place(id="r1", uris=("/*",)),
     Place(id="d", level="domain"), Place(id="i", level="instance")],
)  # fmt: skip
def test_a_token_path_that_can_be_reached_is_no_matter(place: Place) -> None:
    """By a path of its own, by a prefix, or because others' routes lead there."""
    assert () == notices(place)
