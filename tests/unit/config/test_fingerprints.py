"""Fingerprints of configurations."""

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from ostiary.config.fingerprints import digest_configuration


class Config(BaseModel):
    """A configuration with a secret."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "a"
    secret: SecretStr = SecretStr("sesame")
    other: object = None


def test_equal_configurations_of_one_plugin_have_one_fingerprint() -> None:
    """And any difference makes another, in secrets too."""
    prints = [
        digest_configuration("oidc", Config()),
        digest_configuration("oidc", Config(name="b")),
        digest_configuration("oidc", Config(secret=SecretStr("other"))),
        digest_configuration("oauth2", Config()),
    ]

    assert prints[0] == digest_configuration("oidc", Config())
    assert 4 == len(set(prints))
    assert "sesame" not in prints[0]


def test_what_cannot_be_told_apart_is_no_configuration() -> None:
    """A value without a spelling would make two configurations alike."""
    with pytest.raises(NotImplementedError, match="a complex has no place"):
        digest_configuration("oidc", Config(other=1j))
