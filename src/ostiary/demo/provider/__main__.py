"""`python -m ostiary.demo.provider [--host 127.0.0.1] [--port 9090]`: run the demo provider.

The client's secret comes from OSTIARY_DEMO_CLIENT_SECRET; without it one is made for this run and printed.
"""

import os
import secrets
import sys

from starlette.types import ASGIApp

from ostiary.demo.loopback import run_service
from ostiary.demo.provider.accounts import CLIENT_ID, CLIENT_SECRET_VARIABLE
from ostiary.demo.provider.app import ProviderSettings, create_app


def make_app(issuer: str) -> ASGIApp:
    """Return the application for the address it was given, with the secret of the environment or a new one."""
    secret = os.environ.get(CLIENT_SECRET_VARIABLE)
    if not secret:
        secret = secrets.token_urlsafe(24)
        print(f"client {CLIENT_ID}, secret {secret} (made for this run)", flush=True)
    return create_app(ProviderSettings(issuer=issuer, client_secret=secret))


if __name__ == "__main__":
    sys.exit(run_service("ostiary demo provider", 9090, make_app))
