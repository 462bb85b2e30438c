"""Where a person goes after signing in: on this origin, however a browser reads it."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.http.target import Target, parse_target
from ostiary.identity.return_to import HOME, MAX_RETURN_TO_BYTES, is_local, plan_return_to

ORIGIN = "https://gateway.example"

# Our own forms of what has led browsers elsewhere: more than one slash, backslashes, escapes once and twice,
# white space and control characters that browsers drop, dot-segments, user info, schemes.
ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "//evil.example/%2f..", "//user@evil.example",
    "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example", "//\\evil.example",
    "/%2fevil.example", "/%2Fevil.example", "%2f%2fevil.example", "/%5cevil.example", "/%5Cevil.example",
    "/%252fevil.example", "/%252Fevil.example", "/%255cevil.example", "/%2f%2fevil.example",
    "/\tevil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "/ /evil.example",
    "/%09/evil.example", "/%0a/evil.example", "/%0d%0aLocation:%20//evil.example", "/%00/evil.example",
    "/.//evil.example", "/./evil/..//evil.example", "/..//evil.example", "/x/..//evil.example", "/.;//evil.example",
    "/%2e//evil.example", "/%2e%2e//evil.example", "/%252e//evil.example", "/x/%2e%2e//evil.example",
    "https://evil.example", "http:evil.example", "https:/evil.example", "HTTPS://evil.example", "evil.example",
    "javascript:alert(1)", "data:text/html,x", "@evil.example", ":evil.example", "?//evil.example", "#//evil", "",
    "/a#//evil.example", "/\u2028/evil.example", "/\uff0fevil.example", "/\u3002/evil", "/\ud800", "/a b", "/\x7f",
    "/?a=\\", "/?a=\n",
]  # fmt: skip

HERE = [
    "/", "/a", "/a/b/", "/a?b=c", "/a?next=https://x.example//y", "/a%20b", "/?", "/~a/.x", "/a?x=%2f%2f", "/a;b=c",
    "/caf%C3%A9", "/x..y/...", "/a?b=../c",
]  # fmt: skip


def host_in_a_browser(place: str) -> str | None:
    r"""Return where a browser goes (WHATWG URL, in short): strips and drops white space, reads `\\` as `/`."""
    cleaned = re.sub(r"[\t\r\n]", "", place.strip("".join(map(chr, range(0x21)))))
    path, mark, query = cleaned.partition("?")
    path = path.replace("\\", "/")
    if path.startswith("//"):
        path = "//" + path.lstrip("/")
    return urlsplit(urljoin(ORIGIN + "/x", path + mark + query)).hostname


@pytest.mark.parametrize("place", ELSEWHERE)
def test_nothing_that_could_lead_elsewhere_is_local(place: str) -> None:
    """Refused, whether a browser of today would follow it or not."""
    assert not is_local(place)


@pytest.mark.parametrize("place", HERE)
def test_ordinary_places_are_local(place: str) -> None:
    """Queries may hold anything printable; names may have dots."""
    assert is_local(place)


def test_the_oracle_knows_what_browsers_do() -> None:
    """Slashes, backslashes and dropped white space lead elsewhere; a path does not."""
    for place in ("//evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example", "///evil.example"):
        assert host_in_a_browser(place) == "evil.example"
    assert host_in_a_browser("/evil.example") == "gateway.example"


@given(st.text(alphabet=st.sampled_from(list("/\\.?#%25cfe@:;ax \t\n\u2028"))))
def test_what_is_local_stays_on_this_origin(place: str) -> None:
    """A browser's own reading is the oracle."""
    if is_local(place):
        assert host_in_a_browser(place) == "gateway.example"


@given(st.binary(max_size=60).map(lambda tail: b"/" + tail))
def test_every_target_that_the_gateway_accepts_has_a_place_to_come_back_to(raw: bytes) -> None:
    """From the wire to the Location header, whatever it was."""
    try:
        target = parse_target(raw)
    except ClientFault:
        return
    planned = list(plan_return_to(target))

    assert planned[-1] == HOME
    assert all(is_local(place) for place in planned)
    assert all(host_in_a_browser(place) == "gateway.example" for place in planned)


def test_path_and_query_are_the_first_choice() -> None:
    """As the upstream would get them; then the path alone, then the root."""
    assert list(plan_return_to(parse_target(b"/a%2db?c=d"))) == ["/a-b?c=d", "/a-b", "/"]
    assert list(plan_return_to(parse_target(b"/"))) == ["/"]


def test_a_query_that_cannot_come_along_is_left_behind() -> None:
    """A backslash or a length that no cookie should carry costs the query, not the login."""
    assert list(plan_return_to(parse_target(b"/a?b=\\c"))) == ["/a", "/"]
    assert list(plan_return_to(parse_target(b"/a?" + b"b" * MAX_RETURN_TO_BYTES))) == ["/a", "/"]
    assert list(plan_return_to(Target("/" + "a" * 4000, b"/" + b"a" * 4000, None))) == ["/"]


def test_the_length_is_limited() -> None:
    """Exactly at the limit it fits."""
    assert is_local("/" + "a" * (MAX_RETURN_TO_BYTES - 1))
    assert not is_local("/" + "a" * MAX_RETURN_TO_BYTES)
