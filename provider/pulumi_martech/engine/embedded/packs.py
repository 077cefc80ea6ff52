"""Policy packs: processes of their own that look at resources and at the finished stack.

A pack is a folder with PulumiPolicy.yaml and a Python program on `pulumi_policy`, which holds other
versions of packages than this one; so it runs in the environment that its file names, as with the
real engine: `runtime: {name: python, options: {virtualenv: FOLDER}}`, relative to the pack.
"""

import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from .errors import EngineError
from .events import Events
from .fibers import aside
from .pack_config import LEVELS, NUMBERS, Settings, apply, parsed, problems, read_config
from .project import Project
from .yaml_files import read_yaml

T = TypeVar("T")

# Started so that it ends when this process does, however that ends: its input is a pipe of ours.
_BOOT = (
    "import os, runpy, sys, threading\n"
    "stdin = sys.stdin\n"
    "threading.Thread(target=lambda: (stdin.read(), os._exit(0)), daemon=True).start()\n"
    "runpy.run_module('pulumi.policy', run_name='__main__', alter_sys=True)\n"
)
_START = 60.0  # seconds a pack may take until it listens
_SEVERITIES: dict[int, str] = {
    analyzer_pb2.POLICY_SEVERITY_LOW: "low",
    analyzer_pb2.POLICY_SEVERITY_MEDIUM: "medium",
    analyzer_pb2.POLICY_SEVERITY_HIGH: "high",
    analyzer_pb2.POLICY_SEVERITY_CRITICAL: "critical",
}


class PolicyPack:
    """A pack that runs."""

    def __init__(self, folder: Path, settings: Mapping[str, str], events: Events):
        """Start the process; `load` waits until it is there.

        Args:
            folder: of PulumiPolicy.yaml.
            settings: environment variables that say which stack is looked at.
            events: where what the pack prints goes.

        Raises:
            EngineError: there is no pack, or none that can be run here.
        """
        self.folder = folder
        self._events = events
        data = _described(folder)
        self.version = str(data.get("version") or "")
        command, environment = _python(folder, data)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the pack that the user names
                [command, "-u", "-c", _BOOT, "127.0.0.1:0", str(folder)],
                cwd=folder,
                env={**environment, **settings},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C is for the engine
            )
        except OSError as error:
            raise EngineError(
                f"policy pack {str(folder)!r} failed to start: {command}: {error.strerror}"
            ) from None
        self._last = ""  # what it said last
        self._readers = [self._reader(self._process.stderr, "info#err")]
        self._channel: Any = None
        self._stub: Any = None
        self.name = folder.name
        self.policies: dict[str, Any] = {}  # by name, as the pack describes them
        self.levels: dict[str, str] = {}

    def load(self, config: Path | None, stack: Mapping[str, Any]) -> None:
        """Wait for the pack and configure it.

        Args:
            config: a JSON file with levels and settings by policy.
            stack: the fields of `AnalyzerStackConfigureRequest`.

        Raises:
            EngineError: it did not start or the configuration is wrong.
        """
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port()}")
        self._stub = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self._optional(
            self._stub.Handshake,
            analyzer_pb2.AnalyzerHandshakeRequest(
                engine_address="127.0.0.1:0",
                root_directory=str(self.folder),
                program_directory=str(self.folder),
            ),
        )
        self._optional(
            self._stub.ConfigureStack, analyzer_pb2.AnalyzerStackConfigureRequest(**stack)
        )
        info = self.call(self._stub.GetAnalyzerInfo, empty_pb2.Empty())
        self.name = info.name
        self.version = self.version or info.version
        self.policies = {p.name: p for p in sorted(info.policies, key=lambda p: p.name)}
        self.levels = {p.name: LEVELS[p.enforcementLevel] for p in info.policies}
        self._configure(info, read_config(config) if config is not None else None)

    def _port(self) -> int:
        out = self._process.stdout
        watchdog = threading.Timer(_START, self._process.kill)
        watchdog.start()
        line = out.readline() if out is not None else ""
        watchdog.cancel()
        try:
            port = int(line)
        except ValueError:
            code = self._process.wait()
            for reader in self._readers:
                reader.join()
            last = f"; the last it said: {self._last}" if self._last else ""
            raise EngineError(
                f"policy pack {str(self.folder)!r} failed to start: it ended with exit status "
                f"{code} before it listened{last}"
            ) from None
        self._readers.append(self._reader(out, "info"))
        return port

    def _reader(self, stream: IO[str] | None, severity: str) -> threading.Thread:
        def read() -> None:
            with contextlib.suppress(ValueError):  # closed while the run ends
                for line in stream or ():
                    if line.strip():
                        self._last = line.strip()
                        self._events.diagnostic(severity, line.rstrip("\n"))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    # ------------------------------------------------------------------ configuration

    def _configure(self, info: Any, given: dict[str, Any] | None) -> None:
        if not info.supportsConfig:
            if given is not None:
                raise EngineError(f"policy pack {self.name!r} does not support config")
            return
        config = {name: Settings.default(policy) for name, policy in self.policies.items()}
        initial = {
            name: Settings(LEVELS[c.enforcementLevel], MessageToDict(c.properties))
            for name, c in info.initialConfig.items()
        }
        for layer in (initial, parsed(given or {})):
            apply(config, layer)
        wrong = [
            f"validating policy config: {self.name} {self.version}  {name}: {problem}"
            for name, policy in self.policies.items()
            for problem in problems(policy, config[name].properties)
        ]
        for problem in sorted(wrong):
            self._events.diagnostic("error", problem)
        if wrong:
            raise EngineError("validating policy config")
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, settings in config.items():
            request.policyConfig[name].enforcementLevel = NUMBERS[settings.level or "advisory"]
            request.policyConfig[name].properties.update(settings.properties)
            self.levels[name] = settings.level
        self.call(self._stub.Configure, request)

    # ------------------------------------------------------------------ calls

    def remediate(self, request: Any) -> Any:
        """Return what the pack would change of a resource."""
        return self.call(self._stub.Remediate, request)

    def analyze(self, request: Any) -> Any:
        """Return what is wrong with a resource."""
        return self.call(self._stub.Analyze, request)

    def analyze_stack(self, request: Any) -> Any:
        """Return what is wrong with the stack."""
        return self.call(self._stub.AnalyzeStack, request)

    def call(self, method: Callable[[Any], T], request: Any) -> T:
        """Call the pack.

        Raises:
            PackFailed: it raised, or has gone.
        """
        try:
            return aside(lambda: method(request))
        except grpc.RpcError as error:
            raise PackFailed(str(error.details())) from None

    def _optional(self, method: Callable[[Any], Any], request: Any) -> None:
        try:
            method(request)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise EngineError(
                    f"policy pack {str(self.folder)!r} failed to start: {error.details()}"
                ) from None

    def close(self) -> None:
        """End the pack."""
        if self._channel is not None:
            self._channel.close()
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    # ------------------------------------------------------------------ what it says

    def level(self, number: int) -> str:
        """Return the name of an enforcement level."""
        return LEVELS[number]

    def severity(self, diagnostic: Any) -> str:
        """Return the severity of what was found: its own, or that of its policy."""
        own = _SEVERITIES.get(diagnostic.severity)
        policy = self.policies.get(diagnostic.policyName)
        return own or (_SEVERITIES.get(policy.severity, "") if policy is not None else "")

    def passed(self, kind: int, failed: set[str], skipped: set[str]) -> list[str]:
        """Return the policies of a kind that found nothing."""
        kinds = (kind, analyzer_pb2.POLICY_TYPE_UNKNOWN)
        return [
            name
            for name, policy in self.policies.items()
            if policy.policy_type in kinds
            and self.levels[name] != "disabled"
            and name not in failed
            and name not in skipped
        ]


class PackFailed(Exception):
    """A policy raised; the text is what the real engine says."""


def _described(folder: Path) -> dict[str, Any]:
    path = folder / "PulumiPolicy.yaml"
    if not path.is_file():
        named = os.path.relpath(folder)
        raise EngineError(
            f'failed to load Pulumi policy project located at "{named}": open '
            f"{named}/{path.name}: no such file or directory"
        )
    return read_yaml(path)


def _python(folder: Path, data: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the Python that runs a pack, and the environment it runs in."""
    runtime = data.get("runtime")
    options = (runtime.get("options") if isinstance(runtime, dict) else None) or {}
    kind = runtime.get("name") if isinstance(runtime, dict) else runtime
    if kind != "python":
        raise EngineError(
            f"the policy pack {folder} is for the runtime {kind!r}, the embedded engine runs packs "
            "in Python only; use a stack on the real `pulumi`"
        )
    if options.get("toolchain", "pip") != "pip":
        raise EngineError(
            f"the policy pack {folder} has the toolchain {options['toolchain']!r}; name its "
            "environment with the option `virtualenv` in place of it"
        )
    environment = dict(os.environ)
    virtualenv = options.get("virtualenv")
    if not virtualenv:
        named = os.environ.get("PULUMI_PYTHON_CMD") or "python3"
        return shutil.which(named) or named, environment
    root = folder / str(virtualenv)
    environment["VIRTUAL_ENV"] = str(root)
    environment["PATH"] = f"{root / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    environment.pop("PYTHONHOME", None)
    return str(root / "bin" / "python"), environment


@contextlib.contextmanager
def open_packs(
    folders: list[Path],
    configs: list[Path],
    project: Project,
    stack: str,
    config: Mapping[str, str],
    secret_keys: list[str],
    preview: bool,
    events: Events,
) -> Iterator[list[PolicyPack]]:
    """Start packs and wait for them; end them afterwards.

    Args:
        folders: of the packs.
        configs: their configuration files, one each or none at all.
        project: the project.
        stack: the name of the stack.
        config: its configuration by full key, in plain text.
        secret_keys: the keys that are secret.
        preview: whether this is a preview.
        events: where events go.

    Raises:
        EngineError: one of them did not start.
    """
    if configs and len(configs) != len(folders):
        raise EngineError("--policy-pack-config must be given once for each --policy-pack")
    settings = {
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_PROJECT": project.name,
        "PULUMI_STACK": stack,
        "PULUMI_DRY_RUN": "true" if preview else "false",
        "PULUMI_CONFIG": json.dumps(dict(config)),
    }
    fields = {
        "stack": stack,
        "project": project.name,
        "organization": "organization",
        "dry_run": preview,
        "config": dict(config),
        "config_secret_keys": secret_keys,
    }
    packs: list[PolicyPack] = []
    try:
        for folder in folders:
            packs.append(PolicyPack(folder, settings, events))
        for number, pack in enumerate(packs):
            events.send("policyLoadEvent", {})
            pack.load(configs[number] if configs else None, fields)
        yield packs
    finally:
        for pack in packs:
            pack.close()
