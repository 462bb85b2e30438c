"""`ostiary import higress`: a file that loads, or what stands in its way."""

from pathlib import Path

import pytest

from ostiary.cli.import_higress import import_folder
from ostiary.config.loading import load
from tests.fakes.higress import TYPES, bridge, ingress, secret, wasm, write_folder
from tests.fakes.plugin_types import make_services

SHOP = ingress("shop", "a.b")
LOGIN = wasm({"ingress": ["shop"], "config": {"secret": "$ENV://SECRET"}}, {"domain": ["x.y"], "configDisable": True})
ENVIRON = {"SECRET": "hushed-secret"}


def test_it_prints_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """References stay references, and what the operator should know stands on top."""
    assert 0 == import_folder(write_folder(tmp_path, bridge(), SHOP, LOGIN), None, ENVIRON, TYPES)

    printed = capsys.readouterr().out
    assert "secret: $ENV://SECRET" in printed
    assert "hushed-secret" not in printed
    assert "# - WasmPlugin/login.spec.matchRules[1]: the rule is disabled" in printed


def test_it_writes_a_file_for_its_owner_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has what secrets the folder has."""
    output = tmp_path / "ostiary.yaml"
    folder = write_folder(tmp_path / "folder", bridge(), SHOP, LOGIN)

    assert 0 == import_folder(folder, output, ENVIRON, TYPES)

    assert 0o600 == output.stat().st_mode & 0o777
    assert () == load(output, ENVIRON, TYPES, make_services).problems
    assert f"{output} is written" in capsys.readouterr().err


def test_it_replaces_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody may have worked on it."""
    output = tmp_path / "ostiary.yaml"
    output.write_text("mine\n")

    assert 2 == import_folder(write_folder(tmp_path / "folder", bridge(), SHOP), output, {}, TYPES)

    assert "mine\n" == output.read_text()
    assert f"ostiary import: {output} cannot be written: File exists\n" == capsys.readouterr().err


def test_certificates_are_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are in secrets of the cluster."""
    secure = {**SHOP, "spec": {**SHOP["spec"], "tls": [{"secretName": "x"}]}}

    assert 0 == import_folder(write_folder(tmp_path, bridge(), secure), None, {}, TYPES)

    assert "# - Ingress/shop: its certificate is in a Secret: name files in `gateway.listen[].tls`" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (
            [wasm({"ingress": ["shop"], "config": {"secret": "short"}})],
            "matchRules[0].config.secret: expected at least",
        ),
        ([wasm({"ingress": ["shop"], "config": {"cannot_work": True}})], "cannot work"),
        ([wasm({"ingress": ["nobody"], "config": secret("x")})], "there is no Ingress nobody"),
        ([wasm(defaultConfig={}), wasm(name="two", defaultConfig={})], "a route names a plugin once"),
    ],
)
def test_what_is_wrong_or_cannot_be_said_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], objects: list[dict[str, object]], words: str
) -> None:
    """With file, line and key, and nothing is written."""
    output = tmp_path / "ostiary.yaml"

    assert 1 == import_folder(write_folder(tmp_path / "folder", bridge(), SHOP, *objects), output, {}, TYPES)

    told = capsys.readouterr().err
    assert words in told
    assert "all.yaml:" in told
    assert "nothing was written" in told
    assert not output.exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As by the other commands."""
    assert 2 == import_folder(tmp_path / "missing", None, {}, TYPES)

    assert f"ostiary import: {tmp_path / 'missing'} cannot be read: No such file or directory\n" == (
        capsys.readouterr().err
    )
