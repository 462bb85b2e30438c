"""HS256 by the consumer's secret."""

import pytest

from ostiary.authorization_server.consumers import Consumer
from ostiary.authorization_server.signing import SecretSigner
from ostiary.identity.jose import TokenRefused, parse_compact_token
from tests.fakes.machine_tokens import SAMPLE_TOKEN, make_claims, make_consumer, make_token


def refusal(token: str, consumer: Consumer) -> str:
    """Return the code with which the signature is refused."""
    with pytest.raises(TokenRefused) as caught:
        SecretSigner().check(parse_compact_token(token.encode()), consumer)
    return caught.value.code


def test_the_secret_signs_and_verifies() -> None:
    """As the document's sample shows."""
    signer = SecretSigner()

    assert SAMPLE_TOKEN == signer.sign(make_claims(), make_consumer())
    signer.check(parse_compact_token(SAMPLE_TOKEN.encode()), make_consumer())


def test_another_secret_does_not_verify() -> None:
    """Also not when it is a consumer's."""
    assert "token_signature" == refusal(SAMPLE_TOKEN, make_consumer(secret="hgfedcba-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
    assert "token_signature" == refusal(SAMPLE_TOKEN, Consumer(name="consumer1", client_id="x"))


def test_of_two_live_secrets_the_first_signs_and_both_verify() -> None:
    """So that a secret can be replaced while tokens of the old one are about."""
    signer = SecretSigner()
    consumer = Consumer(name="consumer1", client_id="x", signing_secrets=("new", "old"))

    assert make_token("new") == signer.sign(make_claims(), consumer)
    signer.check(parse_compact_token(make_token("old").encode()), consumer)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "RS256", "none", "hs256"])
def test_every_other_algorithm_is_refused_before_a_secret_is_used(algorithm: str) -> None:
    """The header does not choose."""
    token = parse_compact_token(SAMPLE_TOKEN.encode())
    token.algorithm = algorithm

    with pytest.raises(TokenRefused) as caught:
        SecretSigner().check(token, make_consumer())

    assert "token_algorithm" == caught.value.code
