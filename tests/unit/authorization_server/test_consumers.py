"""Consumers by client id, and what proves them."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.authorization_server.consumers import Consumer, Consumers, PlainSecret
from tests.fakes.machine_tokens import CLIENT_ID, SECRET, make_consumer


class CountingProof:
    """A proof that counts how often it is asked, and matches one text."""

    def __init__(self, secret: str = "") -> None:
        """Match `secret`."""
        self.secret = secret
        self.asked = 0

    def matches(self, presented: str) -> bool:
        """Count, then compare."""
        self.asked += 1
        return presented == self.secret


def test_a_consumer_is_found_by_its_client_id() -> None:
    """And by nothing else."""
    consumers = Consumers([make_consumer(), make_consumer("two", "id-2", "s")])

    found = consumers.find("id-2")
    assert found is not None
    assert "two" == found.name
    assert consumers.find("two") is None
    assert (2, frozenset({"consumer1", "two"})) == (len(consumers), consumers.names)


def test_a_secret_proves_its_own_consumer_only() -> None:
    """Another's secret, a wrong one and an empty one prove nobody."""
    consumers = Consumers([make_consumer(), make_consumer("two", "id-2", "s")])

    assert consumers.prove(CLIENT_ID, SECRET) is consumers.find(CLIENT_ID)
    assert consumers.prove("id-2", SECRET) is None
    assert consumers.prove(CLIENT_ID, "") is None
    assert consumers.prove("nobody", "") is None


def test_an_unknown_client_costs_the_same_work_as_a_wrong_secret() -> None:
    """One proof is tried either way, and every live secret of a consumer is, also behind one that matches."""
    known, second, decoy = CountingProof("right"), CountingProof("other"), CountingProof("decoy")
    consumers = Consumers([Consumer(name="one", client_id="id-1", proofs=(known, second))], (decoy,))

    assert consumers.prove("unknown", "decoy") is None
    assert (0, 1) == (known.asked, decoy.asked)
    assert consumers.prove("id-1", "right") is not None
    assert (1, 1, 1) == (known.asked, second.asked, decoy.asked)


def test_a_consumer_without_secrets_is_proven_by_none() -> None:
    """Its kind of proof is another one; the work is done all the same."""
    decoy = CountingProof("decoy")
    consumers = Consumers([Consumer(name="one", client_id="id-1")], (decoy,))

    assert consumers.prove("id-1", "decoy") is None
    assert 1 == decoy.asked


@given(secret=st.text(max_size=40), other=st.text(max_size=40))
def test_a_plain_secret_matches_itself_only(secret: str, other: str) -> None:
    """Whatever was typed, half surrogate pairs that no form can hold included."""
    encodable = secret.encode("utf-8", "replace").decode()

    assert PlainSecret(encodable).matches(encodable)
    assert (other == encodable) == PlainSecret(encodable).matches(other)


def test_a_consumer_does_not_show_its_secrets() -> None:
    """Its name is enough."""
    assert "Consumer('consumer1')" == repr(make_consumer())
