"""Tokens: issued, verified, remembered."""

from typing import Any

import pytest

from ostiary.authorization_server.consumers import Consumer, Consumers
from ostiary.authorization_server.issued_tokens import IssuedTokens
from ostiary.authorization_server.settings import ServerSettings
from ostiary.authorization_server.signing import SecretSigner
from ostiary.identity.issued_token import find_revocation_id
from ostiary.identity.jose import CompactToken, TokenRefused, parse_compact_token
from tests.fakes.dice import FakeRandom
from tests.fakes.machine_tokens import (
    CLIENT_ID,
    NAME,
    OTHER_ID,
    OTHER_SECRET,
    SAMPLE,
    SAMPLE_AT,
    SAMPLE_EXPIRES_AT,
    SAMPLE_TOKEN,
    SECRET,
    make_claims,
    make_consumer,
    make_token,
)

NOW = 1687944300.0


class CountingSigner:
    """The documented signer, counting how many signatures it checks."""

    def __init__(self) -> None:
        """Nothing checked yet."""
        self.checked = 0
        self._signer = SecretSigner()

    def sign(self, claims: Any, consumer: Consumer) -> str:
        """Sign as documented."""
        return self._signer.sign(claims, consumer)

    def check(self, token: CompactToken, consumer: Consumer) -> None:
        """Count, then check as documented."""
        self.checked += 1
        self._signer.check(token, consumer)


class CountingIndex(dict[str, Consumer]):
    """An index that counts what it is asked, and that nobody may walk through."""

    asked = 0

    def get(self, key: str, default: Any = None) -> Any:
        """Count, then look up."""
        self.asked += 1
        return super().get(key, default)

    def __iter__(self) -> Any:
        """Refuse: that would cost more with every consumer."""
        raise AssertionError("somebody walked through the consumers")

    items = values = keys = __iter__


def make_tokens(*consumers: Consumer, signer: CountingSigner | None = None, **settings: Any) -> IssuedTokens:
    """Build the tokens of a server; without consumers the document's first is there."""
    known = Consumers(consumers or (make_consumer(),))
    return IssuedTokens(ServerSettings(**settings), known, signer or SecretSigner(), FakeRandom())


def refusal(tokens: IssuedTokens, header: str, now: float = NOW) -> str:
    """Return the code with which a header is refused."""
    with pytest.raises(TokenRefused) as caught:
        tokens.find(header.encode(), now)
    return caught.value.code


def bearer(token: str) -> bytes:
    """Return the header of a token."""
    return f"Bearer {token}".encode()


def test_the_documents_sample_verifies_and_names_its_consumer() -> None:
    """To the upstream by X-Mse-Consumer, to the log by a digest."""
    proven = make_tokens().find(bearer(SAMPLE_TOKEN), NOW)

    assert (NAME, "default") == (proven.consumer, proven.audience)
    assert find_revocation_id(SAMPLE) == proven.revocation_id
    assert proven.admit.edits is not None
    assert b"X-Mse-Consumer: consumer1\r\n" == proven.admit.edits.block
    principal = proven.admit.principal
    assert principal is not None
    assert (NAME, CLIENT_ID, "machine", "Higress-Gateway") == (
        principal.subject, principal.client_id, principal.kind, principal.issuer,
    )  # fmt: skip
    assert SAMPLE_TOKEN not in repr(proven)


def test_it_verifies_until_the_tolerance_after_its_expiry_is_over() -> None:
    """Also from memory: 60 s after `exp` still, 61 s after it no more."""
    tokens = make_tokens()

    for now in (NOW, SAMPLE_EXPIRES_AT + 60):
        assert NAME == tokens.find(bearer(SAMPLE_TOKEN), now).consumer
    assert "token_expired" == refusal(tokens, f"Bearer {SAMPLE_TOKEN}", SAMPLE_EXPIRES_AT + 61)


def test_a_repeated_token_is_proven_once() -> None:
    """A hit parses nothing and checks no signature."""
    signer = CountingSigner()
    tokens = make_tokens(signer=signer)

    first = tokens.find(bearer(SAMPLE_TOKEN), NOW)
    assert all(tokens.find(bearer(SAMPLE_TOKEN), NOW) is first for _ in range(5))
    assert 1 == signer.checked


@pytest.mark.parametrize("count", [10, 100_000])
def test_a_hundred_thousand_consumers_cost_what_ten_cost(count: int) -> None:
    """One look-up and one signature for a new token; neither for a repeated one."""
    consumers = Consumers(
        [*(Consumer(name=f"n{n}", client_id=f"id-{n}") for n in range(count - 1)), make_consumer()],
    )
    index = consumers._by_client_id = CountingIndex(consumers._by_client_id)
    signer = CountingSigner()
    tokens = IssuedTokens(ServerSettings(), consumers, signer, FakeRandom())

    for _ in range(3):
        assert NAME == tokens.find(bearer(SAMPLE_TOKEN), NOW).consumer
    assert (count, 1, 1) == (len(consumers), index.asked, signer.checked)


def test_an_issued_token_is_one_that_verifies() -> None:
    """With the claims of the document, at most a second old, with an id of its own."""
    tokens = make_tokens(token_ttl_s=90, issuer="us")
    first, second = (tokens.issue(make_consumer(), "route-a", None, SAMPLE_AT + 0.9) for _ in range(2))
    claims = parse_compact_token(first.encode()).claims

    assert make_claims(aud="route-a", exp=SAMPLE_AT + 90, iss="us", jti=claims["jti"]) == claims
    assert claims["jti"] != parse_compact_token(second.encode()).claims["jti"]
    proven, again = (tokens.find(bearer(token), SAMPLE_AT) for token in (first, second))
    assert "route-a" == proven.audience
    assert proven.revocation_id != again.revocation_id


def test_a_scope_is_a_claim_where_it_was_granted() -> None:
    """And only there."""
    issued = make_tokens().issue(make_consumer(), "default", "read write", NOW)

    assert "read write" == parse_compact_token(issued.encode()).claims["scope"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "authorization_malformed"),
        ("Bearer", "authorization_malformed"),
        ("Bearer ", "authorization_malformed"),
        (f"Bearer  {SAMPLE_TOKEN}", "authorization_malformed"),
        (f"Bearer {SAMPLE_TOKEN}, Bearer x", "authorization_malformed"),
        (f"Basic {SAMPLE_TOKEN}", "token_scheme"),
        (f"x Bearer {SAMPLE_TOKEN}", "token_scheme"),
        ("Bearer a.b", "token_malformed"),
        (f"Bearer {make_token(client_id='nobody')}", "token_consumer"),
        (f"Bearer {make_token(OTHER_SECRET)}", "token_signature"),
        (f"Bearer {make_token(exp=1687944200)}", "token_expired"),
        (f"Bearer {make_token(iat=1687945000)}", "token_issued_at"),
        (f"Bearer {make_token(nbf=1687945000)}", "token_not_yet_valid"),
        (f"Bearer {make_token(iss='somebody')}", "token_issuer"),
        (f"Bearer {make_token(sub='somebody')}", "token_subject"),
    ],
)
def test_every_rule_refuses_with_its_own_code(header: str, code: str) -> None:
    """The code is for the log; the client is told the same each time."""
    assert code == refusal(make_tokens(), header)


def test_the_rules_are_asked_in_the_documented_order() -> None:
    """Types, consumer, signature, times, origin: whatever comes first is told."""
    tokens = make_tokens()
    wrong = {"iss": "x", "exp": 1687944200, "client_id": "nobody", "aud": ["default"]}

    codes = []
    for name in ("aud", "client_id", "exp", "iss"):
        codes.append(refusal(tokens, f"Bearer {make_token(SECRET, **wrong)}"))
        del wrong[name]

    assert ["token_claim", "token_consumer", "token_expired", "token_issuer"] == codes
    assert "token_signature" == refusal(tokens, f"Bearer {make_token('other', exp=1687944200)}")


def test_a_consumers_secret_makes_no_token_of_another() -> None:
    """Neither by naming the other's client id, nor by naming the other in `sub`."""
    tokens = make_tokens(make_consumer(), make_consumer("consumer2", OTHER_ID, OTHER_SECRET))

    assert "token_signature" == refusal(tokens, f"Bearer {make_token(OTHER_SECRET)}")
    assert "token_subject" == refusal(tokens, f"Bearer {make_token(OTHER_SECRET, client_id=OTHER_ID)}")


def test_refused_tokens_are_not_remembered() -> None:
    """Only what is proven is."""
    tokens = make_tokens()
    later = make_token(iat=1687945000)

    assert "token_issued_at" == refusal(tokens, f"Bearer {later}")
    assert NAME == tokens.find(bearer(later), 1687945000).consumer


def test_the_token_is_taken_out_where_it_shall_not_be_kept() -> None:
    """Under the header's name that is configured."""
    proven = make_tokens(keeps_token=False, header_name="x-token").find(bearer(SAMPLE_TOKEN), NOW)

    assert proven.admit.edits is not None
    assert frozenset({b"x-mse-consumer", b"x-token"}) == proven.admit.edits.names


def test_a_revoked_token_is_refused_also_from_memory() -> None:
    """Whoever can take tokens back is asked each time."""
    revoked: set[str | None] = set()
    tokens = make_tokens()
    tokens.is_revoked = revoked.__contains__
    assert NAME == tokens.find(bearer(SAMPLE_TOKEN), NOW).consumer

    revoked.add(find_revocation_id(SAMPLE))

    assert "token_revoked" == refusal(tokens, f"Bearer {SAMPLE_TOKEN}")
