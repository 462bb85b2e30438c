"""Files that a configuration names."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, ValidationError

from ostiary.config.files import MAX_BYTES, find_file, make_context, read_certificates
from ostiary.config.section import Section
from tests.fakes.certificates import make_authority


class Part(Section):
    """A section that names files."""

    where: Annotated[str, AfterValidator(lambda text, info: str(find_file(text, info)))] = ""
    trusted: Annotated[str, AfterValidator(read_certificates)] = ""


def read(folder: Path | None, **written: str) -> Part:
    """Read a part whose configuration file is in `folder`."""
    return Part.model_validate(written, context=make_context(folder))


def refusal(folder: Path, trusted: str) -> str:
    """Return what is wrong."""
    with pytest.raises(ValidationError) as error:
        read(folder, trusted=trusted)
    return error.value.errors()[0]["msg"]


def test_a_path_starts_at_the_folder_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is absolute; without a folder at the working directory."""
    monkeypatch.chdir(tmp_path)

    assert str(tmp_path / "a/b.pem") == read(tmp_path, where="a/b.pem").where
    assert str(tmp_path / "conf/b.pem") == read(Path("conf"), where="b.pem").where
    assert "/etc/b.pem" == read(tmp_path, where="/etc/b.pem").where
    assert "b.pem" == read(None, where="b.pem").where
    assert "b.pem" == Part.model_validate({"where": "b.pem"}).where


def test_certificates_are_kept_by_value_and_nothing_else_of_the_file(tmp_path: Path) -> None:
    """Two files that say the same are the same; a private key in it goes no further."""
    authority = make_authority()
    (tmp_path / "plain.pem").write_text(authority.pem)
    (tmp_path / "noisy.pem").write_text(f"# ours\n{authority.private_pem}\n{authority.pem}\n")

    assert authority.pem == read(tmp_path, trusted="plain.pem").trusted
    assert authority.pem == read(tmp_path, trusted="noisy.pem").trusted


def test_a_bundle_has_several(tmp_path: Path) -> None:
    """In their order."""
    bundle = make_authority("one").pem + make_authority("two").pem
    (tmp_path / "bundle.pem").write_text(bundle)

    assert bundle == read(tmp_path, trusted="bundle.pem").trusted


def test_what_is_no_file_of_certificates_is_refused(tmp_path: Path) -> None:
    """Missing, a folder, no PEM, a broken one, too large, no path at all; the content is never repeated."""
    (tmp_path / "text.pem").write_text("s3cret")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\ns3cret\n-----END CERTIFICATE-----\n")
    (tmp_path / "large.pem").write_bytes(b"x" * (MAX_BYTES + 1))

    assert "the file cannot be read: No such file or directory" == refusal(tmp_path, "none.pem")
    assert "the file cannot be read: Is a directory" == refusal(tmp_path, ".")
    assert "the file cannot be read: this is no path" == refusal(tmp_path, "a\0b")
    assert "the file has no certificates in PEM form" == refusal(tmp_path, "text.pem")
    assert "the file has no certificates in PEM form" == refusal(tmp_path, "broken.pem")
    assert "more than" in refusal(tmp_path, "large.pem")
