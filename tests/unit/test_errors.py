"""Faults carry a stable code and a text for the log."""

import pytest

from ostiary.errors import ClientFault, Fault, OperatorFault, ProviderFault, UpstreamFault


@pytest.mark.parametrize("family", [ClientFault, ProviderFault, UpstreamFault, OperatorFault])
def test_every_family_carries_its_code_and_its_detail(family: type[Fault]) -> None:
    """The code is for machines, the detail for the operator's log, the text for both."""
    fault = family("some_code", "what happened")

    assert (fault.code, fault.detail, str(fault)) == ("some_code", "what happened", "some_code: what happened")


@pytest.mark.parametrize("family", [ClientFault, ProviderFault, UpstreamFault, OperatorFault])
def test_a_fault_without_detail_is_its_code(family: type[Fault]) -> None:
    """No dangling colon."""
    assert (str(family("some_code")), family("some_code").detail) == ("some_code", "")


def test_the_families_are_told_apart_by_blame() -> None:
    """Whoever catches one family does not catch another."""
    families = [ClientFault, ProviderFault, UpstreamFault, OperatorFault]

    assert all(issubclass(family, Fault) for family in families)
    assert not any(issubclass(a, b) for a in families for b in families if a is not b)


def test_a_provider_fault_passes_unless_it_says_otherwise() -> None:
    """Waiting helps after a time-out, not after a wrong answer."""
    assert ProviderFault("provider_timeout").passing
    assert not ProviderFault("token_answer_invalid", passing=False).passing
