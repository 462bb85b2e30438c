"""oidcc-client-test-client-secret-basic: the client authenticates itself by HTTP Basic.

The provider takes no other method (OpenID Connect Core §9); it answers anything else with `invalid_client`.
"""

import pytest

from tests.conformance.stage import Case


def test_the_secret_goes_into_the_header(case: Case) -> None:
    """And nowhere else."""
    case.provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]

    case.check_admitted()
    (asked,) = case.provider.requests("/token")
    assert case.provider.basic == asked.headers["authorization"]
    assert not {"client_id", "client_secret", "client_assertion"} & asked.form.keys()


@pytest.mark.client(client_secret="a-secret-that-the-provider-does-not-know")
def test_a_client_that_is_refused_signs_nobody_in(case: Case) -> None:
    """The page and the log say that it was the client."""
    case.check_refused("client_refused")
