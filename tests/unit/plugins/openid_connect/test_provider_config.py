"""Where the provider is and how it is reached."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.files import make_context
from ostiary.identity.metadata import Endpoints
from ostiary.plugins.openid_connect.provider_config import ProviderConfig
from tests.fakes.certificates import make_authority

DISCOVERY = "https://id.example/.well-known/openid-configuration"
ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint",
    "revocation_endpoint",
)  # fmt: skip


def read(folder: Path | None = None, **written: Any) -> ProviderConfig:
    """Read what was written."""
    return ProviderConfig.model_validate({"discovery": DISCOVERY, **written}, context=make_context(folder))


def errors(folder: Path | None = None, **written: Any) -> dict[str, str]:
    """Return what is wrong, by name."""
    with pytest.raises(ValidationError) as refused:
        read(folder, **written)
    return {str(line["loc"][0]): line["msg"] for line in refused.value.errors(include_input=False)}


def test_the_defaults_are_the_documented_ones() -> None:
    """Everything from discovery, a day for keys, three seconds for a call, certificates checked."""
    config = read()

    assert (config.own_endpoints, config.jwk_expires_in, config.timeout) == (Endpoints(), 86_400, 3)
    assert (config.ssl_verify, config.ssl_ca_file, config.proxy_opts) == (True, None, None)


def test_each_endpoint_can_be_written() -> None:
    """Under its name in the metadata."""
    written: dict[str, Any] = {name: f"https://id.example/{name}?a=1" for name in ENDPOINTS}

    assert read(**written).own_endpoints == Endpoints(**written)


@pytest.mark.parametrize(
    "url", ["id.example", "/token", "ftp://id.example/", "https://u:p@id.example/", "https://id.example/#x",
            "https://id.example:0/", "https://ïd.example/", "https://id .example/", ""],
)  # fmt: skip
@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_is_a_whole_address(name: str, url: str) -> None:
    """Of the same form as one that a provider may name."""
    written: dict[str, Any] = {name: url}

    assert list(errors(**written)) == [name]


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "soon", None])
def test_keys_live_for_a_second_at_least(value: object) -> None:
    """In whole seconds."""
    assert list(errors(jwk_expires_in=value)) == ["jwk_expires_in"]
    assert read(jwk_expires_in="1").jwk_expires_in == 1


def test_a_private_authority_is_read_from_its_file(tmp_path: Path) -> None:
    """Beside the configuration; what is kept is what it says, so that a changed file is a changed configuration."""
    authority, other = make_authority(), make_authority()
    file = tmp_path / "ca.pem"
    file.write_text(authority.pem)
    before = read(tmp_path, ssl_ca_file="ca.pem")

    assert authority.pem == before.ssl_ca_file
    assert before == read(tmp_path, ssl_ca_file=str(file))
    file.write_text(other.pem)
    assert before != read(tmp_path, ssl_ca_file="ca.pem")


def test_a_file_that_vouches_for_nobody_is_refused(tmp_path: Path) -> None:
    """Missing, or something else."""
    (tmp_path / "key.pem").write_text(make_authority().private_pem)

    assert "cannot be read" in errors(tmp_path, ssl_ca_file="none.pem")["ssl_ca_file"]
    assert "no certificates" in errors(tmp_path, ssl_ca_file="key.pem")["ssl_ca_file"]


@pytest.mark.parametrize("off", [False, "false", "no"])
def test_an_authority_is_for_checking(tmp_path: Path, off: object) -> None:
    """With the check switched off it would do nothing."""
    (tmp_path / "ca.pem").write_text(make_authority().pem)

    assert list(errors(tmp_path, ssl_ca_file="ca.pem", ssl_verify=off)) == ["ssl_ca_file"]
    assert read(tmp_path, ssl_ca_file="ca.pem", ssl_verify=True).ssl_ca_file
