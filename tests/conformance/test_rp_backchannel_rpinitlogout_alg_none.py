"""oidcc-client-test-rp-backchannel-rpinitlogout-alg-none: an unsigned logout token ends nothing.

The provider's logout token has `alg` `none` (Back-Channel Logout 1.0 §2.6). Nobody vouches for it: anybody could have
sent it.
"""

import pytest

from tests.conformance.stage import ENDED_ELSEWHERE, Case
from tests.fakes.issuer import assemble


@pytest.mark.client(**ENDED_ELSEWHERE)
def test_the_session_goes_on(case: Case) -> None:
    """And the provider is answered 400."""
    case.check_logout_refused(assemble({"alg": "none"}, case.provider.build_logout_claims(), b""), "token_malformed")
