"""oidcc-client-test-nonce-unless-code-flow: a nonce is sent.

In the code flow a relying party may leave it out; this one never does (OpenID Connect Core §3.1.2.1).
"""

from tests.conformance.stage import Case
from tests.fakes.browser import Browser


def test_every_sign_in_has_a_nonce_of_its_own(case: Case) -> None:
    """As long as nobody can guess."""
    for _ in range(3):
        case.browser = Browser()
        case.check_admitted()

    nonces = {asked.query["nonce"] for asked in case.provider.requests("/authorize")}
    assert (3, {43}) == (len(nonces), {len(nonce) for nonce in nonces})
