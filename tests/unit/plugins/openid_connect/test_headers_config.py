"""What the upstream is told: six switches."""

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.headers_config import HeadersConfig

DEFAULTS = {
    "set_access_token_header": True,
    "access_token_in_authorization_header": False,
    "set_id_token_header": True,
    "set_userinfo_header": True,
    "set_refresh_token_header": False,
    "set_raw_id_token_header": False,
}


def test_the_defaults_are_the_documented_ones() -> None:
    """What the provider signed and what renews a session stay at the gateway unless asked for."""
    assert HeadersConfig().model_dump() == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_is_a_switch(name: str) -> None:
    """That a variable can hold as text."""
    for value, read in ((True, True), (False, False), ("true", True), ("false", False)):
        assert getattr(HeadersConfig.model_validate({name: value}), name) is read
    for wrong in ("yes", 1, 0, None, "True"):
        with pytest.raises(ValidationError):
            HeadersConfig.model_validate({name: wrong})
