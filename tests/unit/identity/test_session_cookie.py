"""The session cookie: chunks that browsers keep, and that fit together or make no session."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.cookies import MAX_COOKIE_BYTES, CookieAttributes, parse_cookies
from ostiary.http.section import HeadLimits
from ostiary.identity.sealing import NONCE_BYTES, Sealer, sealed_bytes
from ostiary.identity.session_cookie import MAX_CHUNKS, SessionCookie, SessionTooLarge

NAME = "__Host-ostiary_session_0a1b2c3d"
NONCE = bytes(NONCE_BYTES)
Pairs = list[tuple[bytes, bytes]]


def make_cookie(name: str = NAME, client: str = "shop", secret: str = "a-secret-of-the-operator") -> SessionCookie:
    """Make the cookie of a client."""
    return SessionCookie(
        name, ("https://id.example", client, "1"), Sealer([secret], "session"), CookieAttributes(), 3600
    )


COOKIE = make_cookie()


def keep(set_cookies: tuple[str, ...], jar: Pairs | None = None) -> Pairs:
    """Return what a browser sends after these Set-Cookies; deletions take effect."""
    kept = dict(jar or [])
    for value in set_cookies:
        name, _, text = value.partition(";")[0].partition("=")
        if "Max-Age=0" in value:
            kept.pop(name.encode(), None)
        else:
            kept[name.encode()] = text.encode()
    return list(kept.items())


def write(size: int, present: Pairs | None = None) -> tuple[str, ...]:
    """Write a session of that size."""
    return COOKIE.write(b"x" * size, NONCE, present or [])


def read(pairs: Pairs) -> bytes | None:
    """Put together what a browser sends, and open it."""
    chunks = COOKIE.collect(pairs)
    return COOKIE.open(chunks) if chunks else None


EDGES = [edge * 3006 - 29 + step for edge in range(1, MAX_CHUNKS) for step in range(-60, 60)]


@pytest.mark.parametrize("sizes", [range(0, 40_001, 97), range(30), EDGES], ids=["all over", "small", "edges"])
def test_every_size_is_kept_whole_or_refused(sizes: range | list[int]) -> None:
    """From nothing to 40,000 bytes: what was written is read; what is too large says so, and nothing is cut."""
    for size in sizes:
        try:
            set_cookies = write(size)
        except SessionTooLarge:
            assert size > 20_000
            continue
        assert read(keep(set_cookies)) == b"x" * size
        assert len(set_cookies) <= MAX_CHUNKS
        assert max(map(len, set_cookies)) <= MAX_COOKIE_BYTES


def test_each_edge_between_chunks_is_met() -> None:
    """The sizes above do cross from one chunk to the next, up to the last."""
    crossings = [(len(write(edge - 60)), len(write(edge + 60))) for edge in EDGES[60::120]]

    assert crossings == [(count, count + 1) for count in range(1, MAX_CHUNKS)]


def test_what_the_writer_writes_the_gateway_reads() -> None:
    """The largest session leaves 4 KiB of the gateway's Cookie header to everybody else."""
    largest = next(size for size in range(21_500, 19_000, -1) if fits(size))
    header = b"; ".join(name + b"=" + value for name, value in keep(write(largest)))

    assert HeadLimits().cookie_bytes - 4096 - 64 < len(header) + 64 <= HeadLimits().cookie_bytes - 4096 + 64
    assert read(parse_cookies(header)) == b"x" * largest


def fits(size: int) -> bool:
    """Say whether a session of that size is written."""
    try:
        write(size)
    except SessionTooLarge:
        return False
    return True


def test_a_refusal_tells_the_sizes() -> None:
    """Sealed and allowed, in bytes."""
    with pytest.raises(SessionTooLarge) as excess:
        write(30_000)

    assert excess.value.wanted_bytes == sealed_bytes(30_001)
    assert excess.value.allowed_bytes == COOKIE.allowed_bytes
    assert str(excess.value.wanted_bytes) in str(excess.value)


def test_a_missing_extra_doubled_or_moved_chunk_makes_no_session() -> None:
    """Any doubt about the chunks is no session: nothing is put together from what is left."""
    pairs = keep(write(9000))
    first, second, third = pairs[:3]
    extra = (NAME.encode() + b"_4", b"x")

    assert len(pairs) == 4
    assert read(pairs) is not None
    assert all(read([pair for pair in pairs if pair is not left]) is None for left in pairs)
    assert read([*pairs, first]) is None
    assert read([*pairs, second]) is None
    assert read([*pairs, extra]) is None
    assert read([*pairs, (NAME.encode() + b"_theme", b"x")]) is not None  # somebody else's cookie
    assert read([first, (second[0], third[1]), (third[0], second[1]), pairs[3]]) is None


def test_the_order_of_cookies_does_not_matter() -> None:
    """Browsers sort them as they like, between others."""
    pairs = keep(write(9000))

    assert read([(b"a", b"1"), *reversed(pairs), (b"b", b"2")]) == b"x" * 9000


def test_a_chunk_count_that_was_not_sealed_is_refused() -> None:
    """The same sealed text cut elsewhere, or joined, is not what was written."""
    (name, one), (other, two), *_ = keep(write(4000))

    assert read([(name, one + two)]) is None
    assert read([(name, one[:-5]), (other, one[-5:] + two)]) == b"x" * 4000  # the same text in as many chunks
    assert read([(name, one), (other, two), (NAME.encode() + b"_2", b"")]) is None


def test_surplus_chunks_go_when_the_session_shrinks() -> None:
    """What is written afterwards is read afterwards; nothing of the larger one stays behind."""
    jar = keep(write(9000))
    shrunk = keep(write(10, jar), jar)

    assert read(shrunk) == b"x" * 10
    assert len(shrunk) == 1


def test_deleting_takes_every_chunk_that_came_whatever_it_is() -> None:
    """Also those that fit nowhere, with the attributes that they were set with; nothing else is touched."""
    others = [(b"other", b"1"), (NAME.encode() + b"_theme", b"1"), (NAME.encode() + b"_8", b"1")]
    jar = [*keep(write(4000)), (NAME.encode() + b"_7", b"x"), *others]
    deletions = COOKIE.delete(jar)

    assert keep(deletions, jar) == others
    assert all("Path=/" in each and "Secure" in each and "HttpOnly" in each for each in deletions)


def test_deleting_nothing_says_nothing() -> None:
    """No Set-Cookie without need, and none for names that no browser could have been given."""
    assert COOKIE.delete([(b"other", b"1")]) == ()
    assert COOKIE.delete([(NAME.encode() + b"_\xff", b"1"), (NAME.encode() + b"_a(b", b"1")]) == ()
    assert len(COOKIE.delete([(NAME.encode() + b"_%d" % n, b"") for n in range(500)])) <= 32


@pytest.mark.parametrize(
    "other",
    [
        make_cookie(client="other"),
        make_cookie(secret="another-secret-of-somebody"),
        make_cookie(name="ostiary_session_x"),
    ],
)
def test_a_cookie_opens_for_its_own_name_client_and_secret_only(other: SessionCookie) -> None:
    """Another client's session, even under the same secret, is no session here."""
    chunks = tuple(value for _, value in keep(other.write(b"x", NONCE, [])))

    assert other.open(chunks) == b"x"
    assert COOKIE.open(chunks) is None


def test_names_are_exact() -> None:
    """No case folding and no near misses."""
    assert COOKIE.collect([(NAME.lower().encode(), b"x"), (NAME.encode() + b"x", b"x")]) == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([NAME.encode() + suffix for suffix in (b"", b"_1", b"_2", b"_7", b"_8", b"_", b"_x")]),
            st.binary(max_size=40),
        ),
        max_size=10,
    )
)
def test_random_cookies_never_open_and_never_raise(pairs: Pairs) -> None:
    """Whatever a client makes up."""
    assert read(pairs) is None
    COOKIE.delete(pairs)


def make_plain(name: str = "_oauth2_proxy", **attributes: Any) -> SessionCookie:
    """Make a cookie with a name of the operator's."""
    return SessionCookie(name, ("shop",), Sealer(["secret-of-the-operator"], "session"),
                         CookieAttributes(**attributes), 3600)  # fmt: skip


@pytest.mark.parametrize("own", [None, "example.com", "shop.example.com"])
def test_deleting_everywhere_takes_older_ones_too(own: str | None) -> None:
    """Wherever the operator had the cookie before: on the host alone, or on a domain that it lies in."""
    deletions = make_plain(domain=own).delete_everywhere(
        [(b"_oauth2_proxy", b"x"), (b"theme", b"y")], "shop.example.com"
    )

    domains = ["" if "Domain=" not in each else each.partition("Domain=")[2].partition(";")[0] for each in deletions]
    assert (own or "") == domains[0]
    assert {"", "shop.example.com", "example.com"} == set(domains)
    assert all(each.startswith("_oauth2_proxy=;") and "Max-Age=0" in each for each in deletions)


@pytest.mark.parametrize(
    ("cookie", "host", "count"),
    [(make_plain(), "127.0.0.1", 1), (make_plain(), "[::1]", 1), (make_plain(), "localhost", 1),
     (make_plain(path="/app"), "localhost", 2), (COOKIE, "shop.example.com", 1),
     (make_plain(), "g.f.e.d.c.b.a.example", 5)],
)  # fmt: skip
def test_there_are_no_more_places_than_a_cookie_can_have(cookie: SessionCookie, host: str, count: int) -> None:
    """An address lies in no domain, `__Host-` is of one host, and of many domains the widest count."""
    present = [(cookie.name.encode("ascii"), b"x")]

    assert count == len(cookie.delete_everywhere(present, host))
    assert () == cookie.delete_everywhere([(b"theme", b"x")], host)


def test_a_cookie_that_comes_twice_is_told_from_chunks() -> None:
    """Two of one name, whatever is in them."""
    cookie = make_plain()

    assert cookie.comes_twice([(b"_oauth2_proxy", b"x"), (b"theme", b"a"), (b"_oauth2_proxy", b"x")])
    assert not cookie.comes_twice([(b"_oauth2_proxy", b"x"), (b"_oauth2_proxy_1", b"x"), (b"a", b""), (b"a", b"")])
