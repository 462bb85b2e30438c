"""What resources do not say comes from a file with `gateway` and `state`, or is the default."""

from pathlib import Path

import pytest

from ostiary.config.higress.gateway_file import GatewayPart, read_gateway
from ostiary.config.state import DEFAULT_STATE


def read(folder: Path, text: str, **environ: str) -> GatewayPart:
    """Read a file with this text."""
    path = folder / "gateway.yaml"
    path.write_text(text)
    return read_gateway(path, environ)


def test_without_a_file_the_defaults_hold() -> None:
    """127.0.0.1:9080."""
    part = read_gateway(None, {})

    assert [("127.0.0.1", 9080)] == [(door.host, door.port) for door in part.config.listen]
    assert (DEFAULT_STATE, ()) == (part.state, part.problems)


def test_the_file_says_where_to_listen_and_where_state_is(tmp_path: Path) -> None:
    """With references, as everywhere."""
    text = "gateway: {listen: [{port: $ENV://PORT}]}\nstate: {type: sqlite, path: s.db}\n"
    part = read(tmp_path, text, PORT="8080")

    assert (8080, "s.db", False) == (part.config.listen[0].port, part.state.path, part.has_certificate)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "line", "place", "words"),
    [
        ("gateway: {listen: [{prt: 1}]}\n", 1, "gateway.listen[0].prt", "did you mean `port`?"),
        ("gateway: {}\nroutes: []\n", 2, "routes", "it comes from the folder here"),
        ("gateway: {}\nservice_sources: []\n", 2, "service_sources", "it comes from the folder here"),
        ("gateway: {}\ninstance: {}\n", 2, "instance", "it comes from the folder here"),
        ("gatway: {}\n", 1, "gatway", "did you mean `gateway`?"),
        ("state: {type: sqlite, path: ./gateway.yaml}\n", 1, "state.path", "name a file of its own"),
        ("gateway: {public_url: $ENV://NONE}\n", 1, "gateway.public_url", "NONE is not set"),
        ("gateway: {}\ngateway: {}\n", 2, "gateway", "stands here twice"),
        ("[]\n", None, "", "expected a mapping"),
        ("a: [\n", 2, "", "no valid YAML"),
        ("", None, "", "expected a mapping, found nothing"),
    ],
)
def test_a_mistake_has_file_line_and_key(tmp_path: Path, text: str, line: int | None, place: str, words: str) -> None:
    """As in `ostiary.yaml`."""
    (problem,) = read(tmp_path, text).problems

    assert (str(tmp_path / "gateway.yaml"), line, place) == (problem.file, problem.line, problem.path)
    assert words in str(problem)
