"""`python -m ostiary.demo.echo [--host 127.0.0.1] [--port 9070]`: run the echo service."""

import sys

from ostiary.demo.echo.app import create_app
from ostiary.demo.loopback import run_service

if __name__ == "__main__":
    sys.exit(run_service("ostiary demo echo service", 9070, lambda _url: create_app()))
