"""URLs as operators write them."""

import pytest
from pydantic_core import PydanticCustomError

from ostiary.config.urls import check_url, is_plain


@pytest.mark.parametrize("url", ["https://id.example/", "http://127.0.0.1:9090/realms/r", "https://[::1]:8443/a?b=c"])
def test_an_absolute_url_is_taken(url: str) -> None:
    """As it is written."""
    assert url == check_url(url)


@pytest.mark.parametrize(
    "url",
    ["", "id.example", "ftp://id.example/", "https://", "https://id.example:0/", "https://id.example:99999/",
     "https://id.example/#a", "https://id.example/#", "https://u:p@id.example/", "https://id.example/a b", "https://[::1/"],
)  # fmt: skip
def test_anything_else_is_refused(url: str) -> None:
    """With what to write."""
    with pytest.raises(PydanticCustomError) as caught:
        check_url(url)

    assert caught.value.context is not None
    assert "write it in full" in caught.value.context["remedy"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://id.example/", True), ("https://id.example/", False), ("http://localhost:9090/", False),
     ("http://127.0.0.1/", False), ("http://[::1]/", False)],
)  # fmt: skip
def test_plain_is_what_leaves_this_machine_unprotected(url: str, expected: bool) -> None:
    """Loopback does not leave it."""
    assert expected is is_plain(url)
