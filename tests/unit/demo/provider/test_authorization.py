"""Authorization requests: what is shown, what goes back, and who need not be asked."""

import pytest
from authlib.oauth2 import OAuth2Error

from ostiary.demo.provider.accounts import QUICKSTART_USER
from ostiary.demo.provider.authorization import read_authorization_request
from ostiary.demo.provider.client import DemoClient
from ostiary.demo.provider.memory import Login
from tests.unit.demo.provider.world import CLIENT_ID, REDIRECT_URI

GOOD = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "response_type": "code", "state": "s"}
CLIENT = DemoClient("secret")


def test_a_good_request_is_read() -> None:
    """With its prompt and age."""
    read = read_authorization_request({**GOOD, "prompt": "login consent", "max_age": "60"}, CLIENT)
    assert read.redirect_uri == REDIRECT_URI
    assert read.prompts == {"login", "consent"}
    assert read.max_age_s == 60
    assert not read.is_silent


@pytest.mark.parametrize(
    "changes", [{"client_id": "other"}, {"client_id": ""}, {"redirect_uri": ""}, {"redirect_uri": "http://x.example/"}]
)
def test_without_a_known_client_and_address_the_error_goes_nowhere(changes: dict[str, str]) -> None:
    """It has no redirect URI, so it can only be shown."""
    with pytest.raises(OAuth2Error) as caught:
        read_authorization_request({**GOOD, **changes}, CLIENT)
    assert caught.value.redirect_uri is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": '"\\\u00e9'}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30."}, "request_not_supported"),
        ({"request_uri": "urn:x"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "\u0663"}, "invalid_request"),
    ],
)
def test_any_other_error_goes_back_with_the_state(changes: dict[str, str], error: str) -> None:
    """Under the name that the specifications give it."""
    with pytest.raises(OAuth2Error) as caught:
        read_authorization_request({**GOOD, **changes}, CLIENT)
    assert caught.value.error == error
    assert caught.value.redirect_uri == REDIRECT_URI
    assert caught.value.state == "s"


def test_a_missing_response_type_goes_back() -> None:
    """RFC 6749 section 4.1.2.1 calls that an invalid request."""
    without = {name: value for name, value in GOOD.items() if name != "response_type"}
    with pytest.raises(OAuth2Error) as caught:
        read_authorization_request(without, CLIENT)
    assert caught.value.error == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "age_s", "is_enough"),
    [
        ({}, 10_000, True),
        ({"prompt": "none"}, 10_000, True),
        ({"prompt": "login"}, 0, False),
        ({"max_age": "60"}, 59, True),
        ({"max_age": "60"}, 60, False),
        ({"max_age": "0"}, 0, False),
    ],
)
def test_who_is_signed_in_need_not_always_be_asked(changes: dict[str, str], age_s: int, is_enough: bool) -> None:
    """The prompt and the age of the login decide."""
    read = read_authorization_request({**GOOD, **changes}, CLIENT)
    assert read.is_satisfied_by(Login(QUICKSTART_USER, 1000), now=1000 + age_s) is is_enough


def test_a_stranger_is_always_asked() -> None:
    """There is no login to be satisfied by."""
    assert not read_authorization_request(GOOD, CLIENT).is_satisfied_by(None, now=0)


def test_the_query_is_the_request_again() -> None:
    """What a form's address carries is read as the same."""
    assert read_authorization_request(GOOD, CLIENT).query.count("=") == len(GOOD)
