"""What remedies call the options of `oidc`: its own names, and none of another plugin's."""

import re

import msgspec
import pytest

from ostiary.errors import ProviderFault
from ostiary.identity.jose import TokenRefused
from ostiary.plugins.oidc.config import OidcConfig
from ostiary.plugins.oidc.option_names import OIDC_NAMES
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.relying_party.option_names import OptionNames
from ostiary.relying_party.remedies import DENIALS, REFUSALS, find_fault_remedy, find_refusal_remedy

# Names of metadata and of parameters of requests, which are the protocol's, too.
_OF_THE_PROTOCOL = {"jwks_uri", "token_endpoint", "id_token_signing_alg_values_supported"}
_FOREIGN = set(OpenIdConnectConfig.model_fields) - set(OidcConfig.model_fields) - _OF_THE_PROTOCOL
# `oidc` asks for no max_age, and takes no answer in a form.
_NEVER_MET = {"token_auth_time", "callback_content_type"}
_FAULTS = ("token_answer_invalid", "provider_without_token_endpoint", "issuer_mismatch", "keys_answer_invalid",
           "metadata_answer_invalid", "userinfo_subject_mismatch")  # fmt: skip


def list_foreign(text: str) -> set[str]:
    """Return the names in a text that `oidc` does not know."""
    return {word for word in re.findall(r"[a-z_]+", text) if word in _FOREIGN} | set(re.findall(r"session\.\w+", text))


@pytest.mark.parametrize("text", [text for code, text in (REFUSALS | DENIALS).items() if code not in _NEVER_MET])
def test_a_remedy_names_options_of_oidc(text: str) -> None:
    """Somebody who reads it can write what it says."""
    assert set() == list_foreign(OIDC_NAMES.fill(text))


def test_so_do_those_that_are_put_together() -> None:
    """Faults of the provider, and clocks that differ."""
    faults = [ProviderFault(code, "", passing=False) for code in _FAULTS]
    faults += [ProviderFault("token_refused", detail, passing=False) for detail in ("invalid_grant", "invalid_client")]
    early = TokenRefused("token_issued_at", ahead_s=400.0)
    texts = [find_fault_remedy(fault, None, OIDC_NAMES) for fault in faults]
    texts.append(find_refusal_remedy("token_issued_at", early, OIDC_NAMES))

    assert [set()] * len(texts) == [list_foreign(text) for text in texts]
    assert all(texts)


def test_every_name_is_its_own() -> None:
    """None is left as the other plugin has it; the test would see one."""
    ours, theirs = msgspec.structs.asdict(OIDC_NAMES), msgspec.structs.asdict(OptionNames())

    assert [] == [name for name in ours if ours[name] == theirs[name]]
    assert {"redirect_uri"} == list_foreign(OptionNames().fill(REFUSALS["flow_other_host"]))
