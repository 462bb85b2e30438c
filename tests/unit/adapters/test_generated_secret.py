"""The secret that nobody wrote: in a file, or in Redis for several nodes."""

import asyncio
import socket
from pathlib import Path

import pytest

from ostiary.adapters.clock import SystemClock
from ostiary.adapters.dice import SystemRandom
from ostiary.adapters.generated_secret import GeneratedSecret
from ostiary.errors import OperatorFault
from ostiary.store_settings import RedisSettings, SqliteSettings
from tests.e2e.counterparts.redis_server import RedisServer
from tests.fakes.log import FakeLog


def make(folder: Path) -> GeneratedSecret:
    """Make what one node has."""
    return GeneratedSecret(folder / "secret", SystemRandom(), SystemClock(), FakeLog())


def test_one_machine_keeps_it_in_a_file(tmp_path: Path) -> None:
    """The same at the next start."""
    secret = make(tmp_path).find(SqliteSettings(path="state.db"))

    assert secret == (tmp_path / "secret").read_text().strip()
    assert secret == make(tmp_path).find(SqliteSettings(path="state.db"))


def test_several_nodes_find_the_same_one_in_redis(tmp_path: Path) -> None:
    """Each asks once; also inside a running loop; no file is made."""
    with RedisServer(tmp_path, password="sesame") as server:
        settings = RedisSettings(port=server.port, password="sesame", prefix="ostiary")
        nodes = [make(tmp_path / str(number)) for number in range(3)]
        found = [nodes[0].find(settings), nodes[1].find(settings)]

        async def reload() -> None:
            found.append(nodes[2].find(settings))

        asyncio.run(reload())
        server.kill()
        found.append(nodes[0].find(settings))

    assert [found[0]] * 4 == found
    assert 32 == len(bytes.fromhex(found[0]))
    assert not (tmp_path / "0").exists()


def test_a_redis_that_cannot_be_asked_is_the_operators(tmp_path: Path) -> None:
    """With the cause and the remedy, without the password; the next attempt asks again."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings = RedisSettings(port=nobody.getsockname()[1], password="sesame")
        with pytest.raises(OperatorFault) as caught:
            make(tmp_path).find(settings)

    assert "secret_store" == caught.value.code
    assert "connection is refused" in caught.value.detail
    assert "write session.secret" in caught.value.detail
    assert "sesame" not in str(caught.value)


def test_something_else_in_its_place_is_no_secret(tmp_path: Path) -> None:
    """A short text would be a weak one."""
    with RedisServer(tmp_path) as server:
        server.run("SET", "sessions:session-secret", "short")
        with pytest.raises(OperatorFault, match="is no secret"):
            make(tmp_path).find(RedisSettings(port=server.port))
