"""The demo's `ostiary.yaml`: three routes that each teach one thing, with comments for whoever opens the file.

Text in, text out. Values are printable ASCII, written as JSON strings, which YAML reads as they are.
"""

import json

from ostiary.demo.ports import DemoPorts
from ostiary.demo.provider.accounts import CLIENT_ID

TEMPLATE = """\
# The configuration of this run of `ostiary demo`. The secrets in it were made for this run.

gateway:
  listen: [{{host: 127.0.0.1, port: {gateway}}}]

routes:
  # A person signs in; a program may show a bearer token instead.
  - id: browser
    uri: /anything/*
    plugins:
      openid-connect:
        client_id: {client_id}
        client_secret: {client_secret}
        discovery: {discovery}
        scope: openid profile email
        redirect_uri: {redirect_uri}
        # Bearer tokens are verified with the provider's published keys ...
        use_jwks: true
        # ... and because there is a session, a browser without one is sent to sign in.
        session: {{secret: {session_secret}}}
    upstream: {{nodes: {{{echo}: 1}}}}

  # For programs alone: a valid bearer token, or 401.
  - id: api
    uri: /api/*
    plugins:
      openid-connect:
        client_id: {client_id}
        client_secret: {client_secret}
        discovery: {discovery}
        bearer_only: true
        use_jwks: true
    upstream: {{nodes: {{{echo}: 1}}}}

  # For everybody. Identity headers that a client makes up are still taken away: try -H 'X-Userinfo: me'.
  - id: public
    uri: /headers
    upstream: {{nodes: {{{echo}: 1}}}}
"""


def write_configuration(ports: DemoPorts, client_secret: str, session_secret: str) -> str:
    """Return the YAML. `redirect_uri` says localhost where people open 127.0.0.1, as the tutorial has it."""
    values = {
        "client_id": CLIENT_ID,
        "client_secret": client_secret,
        "discovery": f"{provider_url(ports)}/.well-known/openid-configuration",
        "redirect_uri": f"http://localhost:{ports.gateway}/anything/callback",
        "session_secret": session_secret,
        "echo": f"127.0.0.1:{ports.echo}",
    }
    return TEMPLATE.format(gateway=ports.gateway, **{name: json.dumps(value) for name, value in values.items()})


def gateway_url(ports: DemoPorts) -> str:
    """Return where the gateway is."""
    return f"http://127.0.0.1:{ports.gateway}"


def provider_url(ports: DemoPorts) -> str:
    """Return where the demo provider is: its issuer."""
    return f"http://127.0.0.1:{ports.provider}"
