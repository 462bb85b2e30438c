"""`ostiary run | check | explain | demo`: options, help and exit codes. The modules they import do the work.

Exit codes: 0 all is well, 1 the configuration (or the start) failed, 2 wrong usage or a file that cannot be read.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ostiary import __version__

EXAMPLES = """
Examples:

\b
  ostiary demo                   try a sign-in on this machine, nothing to configure
  ostiary check ostiary.yaml     every mistake of a configuration at once
  ostiary run ostiary.yaml       serve it
  ostiary explain GET URL        which route and which policies a request would meet, and why

\b
A first configuration:
  routes:
    - uri: /*
      plugins:
        openid-connect:
          discovery: https://id.example.com/.well-known/openid-configuration
          client_id: my-app
          client_secret: $ENV://CLIENT_SECRET
          session: {secret: $ENV://SESSION_SECRET}
      upstream: {nodes: {"127.0.0.1:8000": 1}}
"""

app = typer.Typer(
    name="ostiary",
    help="An identity-aware API gateway: it finds out who is asking, decides, and only then lets the request through.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold secrets
    rich_markup_mode=None,  # examples keep their lines, on paper as on a terminal
    context_settings={"help_option_names": ["-h", "--help"]},
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The configuration.", show_default="ostiary.yaml")]


def main() -> None:
    """Run the command line and exit."""
    app(prog_name="ostiary")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"ostiary {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version and end.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """An identity-aware API gateway: it finds out who is asking, decides, and only then lets the request through."""


@app.command(
    short_help="Serve a configuration.",
    epilog="Example:\n\n\b\n  SESSION_SECRET=... CLIENT_SECRET=... ostiary run ostiary.yaml",
)
def run(file: File = Path("ostiary.yaml")) -> None:
    """Serve a configuration until Ctrl-C or SIGTERM; then open requests are finished first.

    A configuration with a mistake is not served: every mistake is printed, with its line and what to write instead.
    The access log is one JSON line per request on standard output; messages go to standard error.
    """
    from ostiary.cli.presentation import Screen
    from ostiary.wiring import run_gateway

    raise typer.Exit(run_gateway(file, Screen(sys.stderr).show_problems))


@app.command(
    short_help="Say what is wrong with a configuration, or what it sets up.",
    epilog="Example:\n\n\b\n  ostiary check ostiary.yaml && systemctl restart ostiary",
)
def check(file: File = Path("ostiary.yaml")) -> None:
    """Read a configuration, say everything that is wrong with it, or what it sets up. Nothing is started.

    Exits with 0 when it can be served, 1 when it has mistakes, 2 when the file cannot be read. References like
    `$ENV://NAME` are looked up in the environment of this command.
    """
    from ostiary.cli.check import check_file

    raise typer.Exit(check_file(file))


@app.command(
    short_help="Say which route and which policies a request would meet, and why.",
    epilog="Examples:\n\n\b\n  ostiary explain GET https://shop.example.com/orders/4711\n"
    "  ostiary explain POST http://localhost:9080/oauth2/token staging.yaml",
)
def explain(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, ...")],
    url: Annotated[str, typer.Argument(metavar="URL", help="The whole address, as a client writes it.")],
    file: File = Path("ostiary.yaml"),
) -> None:
    """Say which route a request meets, which level each plugin comes from, and why no other. Nothing is sent.

    A plugin comes from the finest level that names it: route, service, domain (names before wildcards), instance.
    Exits with 0 when it is explained, 1 when the configuration has mistakes, 2 for what is no method, URL or file.
    """
    from ostiary.cli.explain import explain_file

    raise typer.Exit(explain_file(method, url, file))


@app.command(
    short_help="Try a sign-in on this machine, nothing to configure.",
    epilog="Examples:\n\n\b\n  ostiary demo\n  ostiary demo --gateway-port 8080\n"
    "  OSTIARY_DEMO_PORTS=8080,8090,8070 ostiary demo     gateway, provider, echo",
)
def demo(
    gateway_port: Annotated[
        int | None, typer.Option(metavar="PORT", min=1, max=65535, help="Port of the gateway (9080).")
    ] = None,
    provider_port: Annotated[
        int | None, typer.Option(metavar="PORT", min=1, max=65535, help="Port of the provider (9090).")
    ] = None,
    echo_port: Annotated[
        int | None, typer.Option(metavar="PORT", min=1, max=65535, help="Port of the echo service (9070).")
    ] = None,
) -> None:
    """Start the gateway with an identity provider and an echo service of its own, to sign in with a browser.

    Everything listens on this machine only. Ctrl-C ends all of it. Options go before OSTIARY_DEMO_PORTS.
    """
    from ostiary.cli.demo import start_demo

    raise typer.Exit(start_demo({"gateway": gateway_port, "provider": provider_port, "echo": echo_port}))
