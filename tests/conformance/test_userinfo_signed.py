"""oidcc-client-test-userinfo-signed: signed userinfo is verified.

The provider answers at its userinfo endpoint with a JWT (OpenID Connect Core §5.3.2).
"""

from typing import Any

import pytest

from tests.conformance.provider import SUBJECT
from tests.conformance.stage import Case
from tests.fakes.issuer import assemble, make_key, sign


def build_userinfo(case: Case, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good answer, with changes."""
    return {"iss": case.provider.issuer, "aud": case.provider.client_id, "sub": SUBJECT, "name": "Somebody", **changes}


def test_signed_userinfo_is_used(case: Case) -> None:
    """Its claims are the answer."""
    case.provider.userinfo = sign(build_userinfo(case))

    assert build_userinfo(case) == case.check_admitted().userinfo


@pytest.mark.parametrize("fault", ["signature", "none", "iss", "aud"])
def test_signed_userinfo_that_is_not_the_providers_tells_nothing(case: Case, fault: str) -> None:
    """The person is signed in by the ID token, and nobody is told what the answer said."""
    case.provider.userinfo = {
        "signature": sign(build_userinfo(case), make_key(number=1)),
        "none": assemble({"alg": "none"}, build_userinfo(case), b""),
        "iss": sign(build_userinfo(case, iss="https://other.example")),
        "aud": sign(build_userinfo(case, aud="another-client")),
    }[fault]

    assert case.check_admitted().userinfo is None
