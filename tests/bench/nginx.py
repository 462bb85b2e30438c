"""nginx twice: as the upstream that costs little, and as the bare `proxy_pass` that the gateway is compared with.

The baseline is nginx as installed: one worker, keep-alive on both sides, its usual access log in its usual format.
"""

from pathlib import Path

from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port, wait_until_accepting

ANSWER_BYTES = 1024
START_LIMIT_S = 10.0

_COMMON = """daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  keepalive_requests 1000000000;
  large_client_header_buffers 8 32k;
  {rest}
}}
"""
_UPSTREAM = """access_log off;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 '{body}'; }}
  }}"""
_PROXY = """access_log {directory}/access.log;
  upstream service {{
    server {node};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}"""


class Nginx:
    """A running nginx."""

    def __init__(self, program: RunningProgram, port: int, access_log: Path | None) -> None:
        """Hold the process, its port and the file that it logs to."""
        self.program = program
        self.port = port
        self.access_log = access_log

    @property
    def address(self) -> str:
        """The node's address, as configurations name it."""
        return f"127.0.0.1:{self.port}"


def start_upstream(nginx: str, directory: Path) -> Nginx:
    """Serve one kilobyte of JSON under every path."""
    body = '{"filler":"' + "x" * (ANSWER_BYTES - 13) + '"}'
    port = free_port()
    return Nginx(_start(nginx, directory, port, _UPSTREAM.format(port=port, body=body)), port, None)


def start_proxy(nginx: str, directory: Path, node: str) -> Nginx:
    """Proxy everything to `node`."""
    port = free_port()
    program = _start(nginx, directory, port, _PROXY.format(port=port, node=node, directory=directory))
    return Nginx(program, port, directory / "access.log")


def _start(nginx: str, directory: Path, port: int, rest: str) -> RunningProgram:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "nginx.conf"
    file.write_text(_COMMON.format(directory=directory, rest=rest), encoding="ascii")
    program = RunningProgram(
        [nginx, "-p", str(directory), "-e", str(directory / "error.log"), "-c", str(file)],
        Outputs(directory / "stdout", directory / "stderr"),
    )
    try:
        wait_until_accepting(port, START_LIMIT_S)
    except BaseException:
        program.terminate()
        raise
    return program
