"""`ostiary run | check | explain | demo`: options, help and exit codes. The modules they import do the work.

Exit codes: 0 all is well, 1 the configuration (or the start) failed, 2 wrong usage or a file that cannot be read.
"""

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostiary import __version__

if TYPE_CHECKING:
    from ostiary.config.sources import Source

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

File = Annotated[Path | None, typer.Argument(metavar="FILE", help="The configuration.", show_default="ostiary.yaml")]
Higress = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A folder in Higress's notation, in the place of FILE.")
]
GatewayFile = Annotated[
    Path | None, typer.Option("--gateway", metavar="FILE", help="With --higress: a file with `gateway` and `state`.")
]


importer = typer.Typer(
    name="import",
    help="Write down another gateway's configuration as ostiary.yaml.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(importer)


def is_compiled() -> bool:
    """Say whether the data plane runs as C (`make wheel`) or as Python, which decides alike and takes longer."""
    found = importlib.util.find_spec("ostiary.bounded")
    return found is not None and not str(found.origin).endswith(".py")


def main() -> None:
    """Run the command line and exit."""
    app(prog_name="ostiary")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"ostiary {__version__}{' (compiled)' if is_compiled() else ''}")
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
    epilog="Example:\n\n\b\n  SESSION_SECRET=... CLIENT_SECRET=... ostiary run ostiary.yaml\n"
    "  ostiary run --higress ./higress --gateway gateway.yaml",
)
def run(file: File = None, higress: Higress = None, gateway: GatewayFile = None) -> None:
    """Serve a configuration until Ctrl-C or SIGTERM; then open requests are finished first.

    A configuration with a mistake is not served: every mistake is printed, with its line and what to write instead.
    With --higress, mistakes in a plugin's configuration only close its routes.
    The access log is one JSON line per request on standard output; messages go to standard error.
    """
    from ostiary.cli.presentation import Screen
    from ostiary.wiring import run_gateway

    raise typer.Exit(run_gateway(_choose_source(file, higress, gateway), Screen(sys.stderr).show_problems))


@app.command(
    short_help="Say what is wrong with a configuration, or what it sets up.",
    epilog="Example:\n\n\b\n  ostiary check ostiary.yaml && systemctl restart ostiary\n"
    "  ostiary check --higress ./higress",
)
def check(file: File = None, higress: Higress = None, gateway: GatewayFile = None) -> None:
    """Read a configuration, say everything that is wrong with it, or what it sets up. Nothing is started.

    Exits with 0 when it can be served, 1 when it has mistakes, 2 when the file cannot be read. References like
    `$ENV://NAME` are looked up in the environment of this command.
    """
    from ostiary.cli.check import check_file

    raise typer.Exit(check_file(_choose_source(file, higress, gateway)))


@app.command(
    short_help="Say which route and which policies a request would meet, and why.",
    epilog="Examples:\n\n\b\n  ostiary explain https://shop.example.com/orders/4711\n"
    "  ostiary explain POST http://localhost:9080/oauth2/token staging.yaml",
)
def explain(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, ...", show_default="GET")] = "",
    url: Annotated[str, typer.Argument(metavar="URL", help="The whole address, as a client writes it.")] = "",
    file: File = None,
    client: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Who asks; without it somebody whom no `remote_addr` names.")
    ] = "",
    higress: Higress = None,
    gateway: GatewayFile = None,
) -> None:
    """Say which route a request meets, which level each plugin comes from, and why no other. Nothing is sent.

    A plugin comes from the finest level that names it: route, service, domain (names before wildcards), instance;
    with --higress from the first rule that fits. Its configuration there counts whole; the others are listed below
    it, each with why it does not.
    Exits with 0 when it is explained, 1 when the configuration has mistakes, 2 for what is no method, URL or file.
    """
    from ostiary.cli.explain import explain_file, read_request

    if "/" in method:  # no method looks like a URL: it was left out
        method, url, file = _shift(method, url, file)
    if not url:
        message = "write the whole address, as in `ostiary explain GET https://shop.example.com/orders/4711`"
        raise typer.BadParameter(message, param_hint="URL")
    raise typer.Exit(explain_file(read_request(method, url, client), _choose_source(file, higress, gateway)))


@importer.command(
    "higress",
    short_help="Write down a folder in Higress's notation.",
    epilog="Example:\n\n\b\n  kubectl get wasmplugin,mcpbridge,ingress -A -o yaml > higress/all.yaml\n"
    "  ostiary import higress ./higress --output ostiary.yaml",
)
def import_higress(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder, or one file.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; default: standard output.")
    ] = None,
) -> None:
    """Write an ostiary.yaml that decides as the WasmPlugin, McpBridge and Ingress resources of a folder do.

    Comments say where something means more or less than it did. Exits with 0 when it is written, 1 when something
    cannot be written down, 2 when the folder cannot be read or the file not be written.
    """
    from ostiary.cli.import_higress import import_folder

    raise typer.Exit(import_folder(folder, output))


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


def _shift(url: str, file: str, surplus: Path | None) -> tuple[str, str, Path | None]:
    """Return method, URL and file of an `ostiary explain` whose method was left out."""
    if surplus is not None:
        raise typer.BadParameter(f"{surplus} is one too many: write METHOD URL FILE", param_hint="FILE")
    return "GET", url, Path(file) if file else None


def _choose_source(file: Path | None, higress: Path | None, gateway: Path | None) -> "Source":
    """Return what was named: a file, or a folder and the file beside it."""
    if higress is None:
        if gateway is not None:
            message = "it goes with --higress: FILE has `gateway` in it"
            raise typer.BadParameter(message, param_hint="--gateway")
        return file or Path("ostiary.yaml")
    if file is not None:
        message = "name a folder or FILE, not both"
        raise typer.BadParameter(message, param_hint="--higress")
    from ostiary.config.higress.loading import HigressFolder

    return HigressFolder(higress, gateway)
