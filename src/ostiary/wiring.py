"""The composition root: the only module that knows everyone. It builds the world from a configuration file and runs it.

`run_gateway` serves until SIGTERM or Ctrl-C and then drains; SIGHUP reads the configuration again, and one with
mistakes never replaces what serves. Everything else in this code base gets what it needs as arguments.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import entry_points
from typing import final

import uvloop

from ostiary.adapters.certificates import CertificateWatch
from ostiary.adapters.clock import SystemClock
from ostiary.adapters.dice import SystemRandom
from ostiary.adapters.generated_secret import GeneratedSecret
from ostiary.adapters.http_client import AiohttpClient
from ostiary.adapters.line_writer import LineWriter
from ostiary.adapters.log import JsonLog
from ostiary.adapters.spawner import TaskSpawner
from ostiary.adapters.stores import SystemStores
from ostiary.config.checking import Registry
from ostiary.config.gateway import GatewaySettings
from ostiary.config.problems import CLOSED, Problem
from ostiary.config.snapshot import Reaches, Snapshot
from ostiary.config.sources import Source, find_state_folder, load_source, name_source
from ostiary.errors import OperatorFault
from ostiary.gateway.access_log import AccessLog
from ostiary.gateway.doors import Doors
from ostiary.gateway.server import Server
from ostiary.plugin import Place, PluginType, Services
from ostiary.providers.directory import ProviderDirectory
from ostiary.store_settings import StoreSettings

ShowProblems = Callable[..., None]  # the source's name, the problems, and what they led to if not to refusal
# How many new containers make a collection. Requests leave no cycles behind, so looking for them every 700 is waste.
YOUNG_OBJECTS = 50_000
PLUGIN_GROUP = "ostiary.plugins"
SECRET_FILE = ".ostiary-session-secret"


def load_registry() -> Registry:
    """Load every registered plugin type; built-ins come through the same door as those of third parties."""
    registry: dict[str, PluginType] = {}
    for entry in entry_points(group=PLUGIN_GROUP):
        plugin_type: PluginType = entry.load()
        registry[plugin_type.name] = plugin_type
    return registry


@final
class Gateway:
    """One gateway process around one configuration."""

    def __init__(self, source: Source, environ: Mapping[str, str], show_problems: ShowProblems) -> None:
        """Make the adapters; nothing is opened yet."""
        self.name = name_source(source)
        self._source = source
        self._show_problems = show_problems
        self._environ = environ
        self._clock = SystemClock()
        self._random = SystemRandom()
        self._log_writer = LineWriter(2)
        self._log = JsonLog(self._log_writer, self._clock)
        self._spawner = TaskSpawner(self._log)
        self._http = AiohttpClient()
        self._registry = load_registry()
        folder = find_state_folder(source)
        self._stores = SystemStores(folder, self._clock, self._log)
        self._secret = GeneratedSecret(folder / SECRET_FILE, self._random, self._clock, self._log)
        self._providers = ProviderDirectory(http=self._http, clock=self._clock, spawner=self._spawner, log=self._log)
        self._snapshot: Snapshot | None = None
        self._server: Server | None = None
        self._certificates = CertificateWatch(self._clock, self._log)
        self._doors: Doors | None = None

    def load(self) -> bool:
        """Read the source. A good one becomes the snapshot; problems are printed. Raises OSError when it is unreadable.

        Building runs without the garbage collector, and what it made is frozen: a full collection over many routes
        would stall traffic.
        """
        gc.disable()
        try:
            loaded = load_source(self._source, self._environ, self._registry, self._make_services, self._snapshot)
        finally:
            gc.enable()
        if loaded.snapshot is None:
            self._tell(loaded.problems)
            return False
        if loaded.problems:
            self._show_problems(self.name, loaded.problems, CLOSED)
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, 20, 100)
        for notice in loaded.snapshot.notices:
            self._log.event("warning", "notice", notice)
        self._snapshot = loaded.snapshot
        self._http.use_dns(loaded.snapshot.gateway.dns)
        if self._server is not None:
            self._server.install(loaded.snapshot, self._make_prefix())
        if self._doors is not None:
            self._doors.follow(loaded.snapshot.gateway)
        return True

    async def serve(self) -> int:
        """Listen, run until told to stop, drain. Returns the exit code."""
        if self._snapshot is None:
            return 1
        settings = self._snapshot.gateway
        writer = LineWriter(1)
        access_log = AccessLog(writer, settings.access_log_sample) if settings.access_log_sample else None

        def make_server() -> Server:
            return Server(
                clock=self._clock,
                timer=time.monotonic,
                spawner=self._spawner,
                log=self._log,
                access_log=access_log,
                defer=asyncio.get_running_loop().call_soon,
            )

        self._server = server = make_server()
        server.install(self._snapshot, self._make_prefix())
        self._doors = doors = Doors(
            server,
            make_server=make_server,
            make_prefix=self._make_prefix,
            open_certificate=self._certificates.open,
            log=self._log,
        )
        end = self._heed_signals()
        if not await self._try_files() or not await self._open_doors(doors, settings):
            return 1
        self._certificates.look()
        await end.wait()
        self._log.event("info", "draining", "told to stop: open requests are finished first")
        await doors.drain(self._snapshot.gateway.drain_s)
        self._certificates.stop()
        await self._spawner.drain(1.0)
        await self._http.close()
        await self._stores.close()
        writer.close()
        return 0

    async def _try_files(self) -> bool:
        """Say whether every file that keeps state can be written."""
        faults = await self._stores.find_faults()
        for fault in faults:
            print(f"ostiary: {fault.detail}: change state.path, session.sqlite.path or sqlite.path", file=sys.stderr)
        return not faults

    async def _open_doors(self, doors: Doors, settings: GatewaySettings) -> bool:
        for door in settings.listen:
            try:
                bound = await doors.open(door, settings)
            except (OSError, OperatorFault) as error:
                reason = error.detail if isinstance(error, OperatorFault) else error.strerror or str(error)
                print(
                    f"ostiary: cannot listen on {door.host}:{door.port} ({reason}): change gateway.listen, or stop "
                    "what uses it",
                    file=sys.stderr,
                )
                return False
            place = f"[{door.host}]" if ":" in door.host else door.host
            print(f"ostiary: listening on {door.scheme}://{place}:{bound}", file=sys.stderr, flush=True)
        return True

    def _tell(self, problems: tuple[Problem, ...]) -> None:
        """At start a person reads; a gateway that serves writes to its log, which never waits for its reader."""
        if self._server is None:
            self._show_problems(self.name, problems)
            return
        for problem in problems:
            place = {} if problem.file is None else {"file": problem.file}
            self._log.event("error", "reload_problem", problem.problem, path=problem.path, line=problem.line, **place)

    def close(self) -> None:
        """Write the log lines that still wait."""
        self._log_writer.close()

    def _heed_signals(self) -> asyncio.Event:
        """SIGTERM and Ctrl-C set the event that is returned, SIGHUP reads the file again."""
        loop = asyncio.get_running_loop()
        end = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        return end

    def _reload(self) -> None:
        try:
            done = self.load()
        except OSError as error:
            self._log.event("error", "reload_failed", f"{error.filename or self.name} cannot be read: {error.strerror}")
            return
        except OperatorFault as fault:  # everything else is in effect; the certificate before it serves on
            self._log.event("error", fault.code, fault.detail)
            return
        if done:
            self._log.event("info", "reloaded", f"{self.name} is read again; listening addresses stay as they were")
        else:
            self._log.event(
                "error", "reload_refused", f"{self.name} has mistakes; the configuration before it serves on"
            )

    def _make_services(self, place: Place, public_url: str | None, reaches: Reaches, state: StoreSettings) -> Services:
        return Services(
            clock=self._clock,
            random=self._random,
            http=self._http,
            spawner=self._spawner,
            log=self._log,
            stores=self._stores.share(state),
            providers=self._providers,
            place=place,
            public_url=public_url,
            generated_secret=partial(self._secret.find, state),
            reaches=reaches,
        )

    def _make_prefix(self) -> str:
        return self._random.token_bytes(5).hex()


def run_gateway(source: Source, show_problems: ShowProblems, environ: Mapping[str, str] = os.environ) -> int:
    """Serve a configuration. Returns 0 after a drain, 1 for mistakes or a port in use, 2 when it is unreadable."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the gateway serves there is nothing to read again
    gateway = Gateway(source, environ, show_problems)
    try:
        is_good = gateway.load()
    except OSError as error:
        print(f"ostiary run: {error.filename or gateway.name} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    try:
        return uvloop.run(gateway.serve()) if is_good else 1
    finally:
        gateway.close()
