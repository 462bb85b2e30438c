"""Which files of a folder are read, and in which order."""

from pathlib import Path

import pytest

from ostiary.config.higress import folder as module
from ostiary.config.higress.folder import list_files, read_folder


def write(folder: Path, *names: str, text: str = "a: 1\n") -> None:
    """Write files, with their folders."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_manifests_are_found_in_every_folder_below(tmp_path: Path) -> None:
    """By their endings, sorted; names with a dot in front belong to whoever mounts or edits."""
    write(
        tmp_path, "b.yml", "a.yaml", "x/c.json", "x/d.YAML", "readme.md", ".hidden.yaml", "..data/d.yaml", "y.yaml.swp"
    )

    assert ["a.yaml", "b.yml", "x/c.json", "x/d.YAML"] == [
        str(file.relative_to(tmp_path)) for file in list_files(tmp_path)
    ]


@pytest.mark.parametrize("text", ["", "# nothing so far\n", "---\n---\n"])
def test_a_file_that_says_nothing_is_told(tmp_path: Path, text: str) -> None:
    """Whoever emptied it may have taken what protects a route."""
    write(tmp_path, "routes.yaml")
    write(tmp_path, "plugins.yaml", text=text)

    told, read = read_folder(tmp_path)

    assert ("plugins.yaml", ["the file says nothing"]) == (told.file, [problem.problem for problem in told.problems])
    assert ("routes.yaml", ()) == (read.file, read.problems)


def test_a_link_to_a_folder_is_told(tmp_path: Path) -> None:
    """What stands there would be left out; links to files are read, and so are a mounted ConfigMap's."""
    write(tmp_path / "elsewhere", "b.yaml")
    write(tmp_path / "folder" / "..data", "a.yaml")
    (tmp_path / "folder" / "a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "folder" / "..link").symlink_to("..data")
    (tmp_path / "folder" / "plugins").symlink_to("../elsewhere")

    read, told = read_folder(tmp_path / "folder")

    assert ("a.yaml", {"a": 1}, ()) == (read.file, read.tree, read.problems)
    assert ("plugins", ["this is a link to a folder, and those are not followed"]) == (
        told.file,
        [problem.problem for problem in told.problems],
    )


def test_a_file_stands_for_a_folder(tmp_path: Path) -> None:
    """What `kubectl get -o yaml` wrote."""
    write(tmp_path, "all.txt")

    assert ["all.txt"] == [document.file for document in read_folder(tmp_path / "all.txt")]


def test_each_document_comes_with_its_own_lines(tmp_path: Path) -> None:
    """Counted from the file's first line."""
    write(tmp_path, "a.yaml", text="a: 1\n---\nb:\n  c: 2\n")

    documents = list(read_folder(tmp_path))

    assert [{"a": 1}, {"b": {"c": 2}}] == [document.tree for document in documents]
    assert [{"a": 1}, {"b": 3, "b.c": 4}] == [document.lines for document in documents]


def test_json_is_read_as_it_is_written(tmp_path: Path) -> None:
    """With tabs, too."""
    write(tmp_path, "a.json", text='{\n\t"a": {\n\t\t"b": [1]\n\t}\n}\n')

    (document,) = read_folder(tmp_path)

    assert {"a": {"b": [1]}} == document.tree
    assert 3 == document.lines["a.b"]


def test_what_is_no_yaml_is_a_problem_of_its_file(tmp_path: Path) -> None:
    """Files behind it are read."""
    write(tmp_path, "a.yaml", text="a: [1\n")
    write(tmp_path, "b.yaml")

    first, second = read_folder(tmp_path)

    assert ("a.yaml", None, 2) == (first.file, first.tree, first.problems[0].line)
    assert ("b.yaml", {"a": 1}) == (second.file, second.tree)


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    """It is most likely the wrong one."""
    (document,) = read_folder(tmp_path)

    assert "there is no file that ends in .yaml, .yml, .json" == document.problems[0].problem


def test_a_folder_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    """An OSError names it."""
    with pytest.raises(FileNotFoundError) as caught:
        list(read_folder(tmp_path / "missing"))

    assert str(tmp_path / "missing") == caught.value.filename


def test_a_folder_has_a_number_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's whole disk is no configuration."""
    write(tmp_path, "a.yaml", "b.yaml", "c.yaml")
    monkeypatch.setattr(module, "MAX_FILES", 2)

    documents = list(read_folder(tmp_path))

    assert ["a.yaml", "b.yaml", "c.yaml"] == [document.file for document in documents]
    assert "the folder has more than 2 files" == documents[-1].problems[0].problem
