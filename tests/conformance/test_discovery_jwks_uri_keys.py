"""oidcc-client-test-discovery-jwks-uri-keys: the keys are those that `jwks_uri` publishes.

The provider publishes several keys of several kinds, some of which nobody here can use, and signs with one of them
(OpenID Connect Discovery §3).
"""

from functools import partial

from tests.conformance.stage import Case
from tests.fakes.issuer import make_key, publish, sign


def test_the_key_is_found_among_many(case: Case) -> None:
    """By its `kid`; what cannot be used is left out."""
    unusable = [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "AAAA"}, {"kty": "EC", "crv": "P-999"}]
    others = [publish(make_key(number=1), "key-2"), publish(make_key("EC", "P-256"), "key-3")]
    case.provider.keys = [*unusable, *others, publish(make_key(), "key-4", use="enc"), publish(make_key(), "key-1")]
    case.provider.write_id_token = partial(sign, key=make_key(), kid="key-1")

    case.check_admitted()
    assert 1 == len(case.provider.requests("/keys"))
