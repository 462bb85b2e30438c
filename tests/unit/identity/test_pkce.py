"""Proof Key for Code Exchange."""

import pytest

from ostiary.identity.pkce import build_challenge, build_verifier


def test_the_challenge_is_that_of_the_specification() -> None:
    """RFC 7636, Appendix B."""
    octets = bytes([116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
                    214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121])  # fmt: skip
    verifier = build_verifier(octets)

    assert verifier == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert build_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_is_made_of_enough_dice() -> None:
    """32 bytes, no fewer."""
    with pytest.raises(ValueError, match="32 random bytes"):
        build_verifier(bytes(31))
