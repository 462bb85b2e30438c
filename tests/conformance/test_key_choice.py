"""Which key verifies an ID token (RFC 7517 §4, RFC 8725 §3.1, OpenID Connect Core §10.1), through the whole callback.

The provider publishes odd key sets, and signs with keys that fit them or do not. Keys come from `jwks_uri` alone; it is
asked again for a key that is not in memory, once, and not for every token that names another one.
"""

from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import OctKey
from joserfc.util import int_to_base64

from tests.conformance.provider import Answer, answer_json
from tests.conformance.stage import Case
from tests.fakes.browser import Browser
from tests.fakes.issuer import make_key, publish, sign

RSA = make_key()
OTHER = make_key(number=1)
ELLIPTIC = [make_key("EC", "P-256", number) for number in range(9)]
LONG_ENOUGH = "a-secret-that-is-published-with-the-keys"
OCT = {"kty": "oct", "k": OctKey.import_key(LONG_ENOUGH).as_dict()["k"], "kid": "key-1"}
PRIVATE = {**RSA.as_dict(private=True), "kid": "key-1"}
ALGORITHMS = ["RS256", "PS256", "ES256", "HS256"]
KeySet = list[Any]


def build_weak_key(bits: int, exponent: int = 65_537) -> dict[str, Any]:
    """Return a published RSA key that is too small, or whose exponent is another."""
    numbers = rsa.generate_private_key(65_537, max(bits, 1024)).public_key().public_numbers()
    return {"kty": "RSA", "n": int_to_base64(numbers.n), "e": int_to_base64(exponent), "kid": "key-1"}


def sign_by(key: Any = RSA, alg: str = "RS256", kid: str | None = "key-1") -> Any:
    """Return what signs ID tokens."""
    return partial(sign, key=key, alg=alg, kid=kid)


FITTING: dict[str, tuple[KeySet, Any]] = {
    "use sig": ([publish(RSA, use="sig")], sign_by()),
    "key_ops verify": ([publish(RSA, key_ops=["verify"])], sign_by()),
    "alg of the token": ([publish(RSA, alg="PS256")], sign_by(alg="PS256")),
    "one kid for two kinds": ([publish(ELLIPTIC[0]), publish(RSA)], sign_by()),
    "one kid twice": ([publish(OTHER), publish(RSA)], sign_by()),
    "beside a secret": ([OCT, publish(RSA)], sign_by()),
    "beside nonsense": (["no key", {}, {"kty": 7}, {"kty": "RSA"}, None, publish(RSA)], sign_by()),
    "with its private half": ([PRIVATE], sign_by()),
    "64 of them": ([*({"kty": "new"} for _ in range(63)), publish(RSA)], sign_by()),
    "the eighth without a kid": (
        [publish(key, kid=None) for key in ELLIPTIC[:8]], sign_by(ELLIPTIC[7], "ES256", kid=None),
    ),
    "without a kid, by kind": (
        [*(publish(key) for key in ELLIPTIC), publish(RSA)], sign_by(kid=None),
    ),
}  # fmt: skip
REFUSED: dict[str, tuple[KeySet, Any, str]] = {
    "a kid that is not published": ([publish(RSA)], sign_by(kid="key-2"), "token_key_unknown"),
    "a kid in another case": ([publish(RSA)], sign_by(kid="KEY-1"), "token_key_unknown"),
    "another key under the kid": ([publish(OTHER)], sign_by(), "token_signature"),
    "another key without a kid": ([publish(OTHER)], sign_by(kid=None), "token_key_unknown"),
    "use enc": ([publish(RSA, use="enc"), publish(OTHER, "key-2")], sign_by(), "token_key_unknown"),
    "key_ops sign": ([publish(RSA, key_ops=["sign"]), publish(OTHER, "key-2")], sign_by(), "token_key_unknown"),
    "alg of another": ([publish(RSA, alg="PS256")], sign_by(), "token_algorithm"),
    "alg that is none": ([publish(RSA, alg="none"), publish(OTHER, "key-2")], sign_by(), "token_key_unknown"),
    "another kind of key": ([publish(ELLIPTIC[0])], sign_by(), "token_algorithm"),
    "another curve": ([publish(make_key("EC", "P-384"))], sign_by(ELLIPTIC[0], "ES256"), "token_algorithm"),
    "the ninth without a kid": (
        [publish(key, kid=None) for key in ELLIPTIC], sign_by(ELLIPTIC[8], "ES256", kid=None), "token_key_unknown",
    ),
    "a secret among the keys": (
        [OCT, publish(RSA, "key-2")], sign_by(OctKey(LONG_ENOUGH.encode(), None), "HS256"), "token_signature",
    ),
}  # fmt: skip
WEAK = {
    "1024 bits": (1024, 65_537),
    "an even exponent": (2048, 65_536),
    "an exponent of one": (2048, 1),
}
UNUSABLE: dict[str, Answer] = {
    "a failure": Answer(500),
    "a redirect": Answer(302, location="/elsewhere"),
    "no JSON": Answer(200, b"<html>"),
    "a member twice": Answer(200, b'{"keys":[],"keys":[]}'),
    "no list": answer_json({"keys": publish(RSA)}),
    "no keys": answer_json({"keys": []}),
    "secrets alone": answer_json({"keys": [OCT]}),
    "65 keys": answer_json({"keys": [publish(RSA)] * 65}),
}


@pytest.fixture(autouse=True)
def all_algorithms(case: Case) -> None:
    """Announce every algorithm that is tried, so that the key decides."""
    case.provider.metadata["id_token_signing_alg_values_supported"] = ALGORITHMS


@pytest.mark.parametrize("name", FITTING)
def test_a_key_that_fits_verifies(case: Case, name: str) -> None:
    """The others are left out, or are tried besides."""
    case.provider.keys, case.provider.write_id_token = FITTING[name]

    case.check_admitted()
    assert 1 == len(case.provider.requests("/keys"))


@pytest.mark.parametrize("name", REFUSED)
def test_a_key_that_does_not_fit_verifies_nothing(case: Case, name: str) -> None:
    """A key that may be newer than those in memory is looked for once."""
    case.provider.keys, case.provider.write_id_token, code = REFUSED[name]

    case.check_refused(code)
    assert (2 if code == "token_key_unknown" else 1) == len(case.provider.requests("/keys"))


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_key_is_no_key(case: Case, name: str) -> None:
    """It is left out of the set, and the log says that it was."""
    case.provider.keys = [build_weak_key(*WEAK[name]), publish(OTHER, "key-2")]

    case.check_refused("token_key_unknown")
    case.stage.wait_for_line(code="provider_key_ignored", jwks_uri=f"{case.provider.issuer}/keys")


@pytest.mark.parametrize("name", UNUSABLE)
def test_keys_that_cannot_be_read_let_nobody_in(case: Case, name: str) -> None:
    """The answer says to try again."""
    case.provider.endpoints["/keys"] = lambda asked: UNUSABLE[name]

    page = case.check_refused("keys_answer_invalid", 503)
    assert page.header("retry-after") is not None


def test_keys_of_more_than_512_kib_are_not_read(case: Case) -> None:
    """Waiting would not make them smaller."""
    case.provider.keys += ["x" * 524_288]

    case.check_refused("provider_answer_too_large")


def test_tokens_with_unknown_keys_do_not_make_the_provider_busy(case: Case) -> None:
    """The keys are fetched again for the first of them, and then not for half a minute."""
    for number in range(4):
        case.browser = Browser()
        case.provider.write_id_token = sign_by(OTHER, kid=f"unknown-{number}")
        case.check_refused("token_key_unknown")

    assert 2 == len(case.provider.requests("/keys"))
    case.browser = Browser()
    case.provider.write_id_token = sign_by()
    case.check_admitted()


def test_keys_that_are_in_memory_stay_good_while_the_provider_is_ill(case: Case) -> None:
    """A fetch for an unknown key that fails changes nothing for the known ones."""
    case.check_admitted()
    case.provider.endpoints["/keys"] = lambda asked: Answer(500)
    case.browser = Browser()
    case.provider.write_id_token = sign_by(OTHER, kid="key-2")
    case.sign_in()
    assert 401 == case.browser.xhr(case.url("/call")).status

    case.browser = Browser()
    case.provider.write_id_token = sign_by()
    case.check_admitted()
