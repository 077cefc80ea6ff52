"""The monitor and engine objects that the SDK of the program talks to, in place of gRPC stubs."""

import re
import threading
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote, urlparse

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from .callbacks import CallbackFailed
from .deployment import Deployment, MonitorClosed
from .diffing import parse_path, path_text
from .errors import EngineError
from .hooks import BINDINGS
from .requests import Reading, Registration
from .state import (
    DYNAMIC_TYPE,
    NO_NAMES,
    NOTHING,
    PACKAGE,
    PROVIDER_TYPE,
    STACK_REFERENCE,
    Frames,
    is_urn,
    provider_urn,
    same_frames,
    share_provider,
    urn_type,
)
from .transforms import Transforms
from .values import UNKNOWN_TEXT
from .versions import check_version
from .wire import from_struct, from_wire, to_struct

_RESULTS = {
    "success": resource_pb2.Result.SUCCESS,
    "fail": resource_pb2.Result.FAIL,
    "skip": resource_pb2.Result.FAIL,  # to the program it is the same: there are no outputs
}

# Only what is implemented: the SDK refuses the rest by itself, before anything is registered.
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_SENDS_OPTIONS_TO_HOOKS,
)


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Unsupported(EngineError):
    """The program wants what this engine does not cover."""

    def __init__(self, what: str):
        super().__init__(
            f"{what} is not covered by the embedded engine, which runs resources of Python dynamic "
            "providers; use a stack on the real `pulumi`"
        )


class RequestFailed(grpc.RpcError):  # type: ignore[misc]
    """Fails one request of the program, which ends with an exception of this text."""

    def __init__(self, text: str):
        super().__init__(text)
        self._text = text

    def code(self) -> grpc.StatusCode:
        """Return the code of errors that are not of the protocol."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the text."""
        return self._text


class _Options(NamedTuple):
    """What children inherit."""

    provider: str
    deleted_with: str
    protect: bool | None
    retain_on_delete: bool | None

    @classmethod
    def of(cls, given: Registration) -> "_Options":
        return cls(given.provider, given.deleted_with, given.protect, given.retain_on_delete)


class Monitor:
    """Hands the program's requests to the run; called in threads of the SDK's executor."""

    def __init__(self, run: Deployment):
        self._run = run
        self._lock = threading.Lock()
        self._transforms = Transforms(run.hooks.callbacks)
        self._options: dict[str, _Options] = {}  # by urn
        self._providers: dict[str, dict[str, str]] = {}  # of components, by urn

    # The names of the methods are those of the protocol.

    def GetDeploymentInfo(self, _request: Any, _context: Any = None) -> Any:
        """Say what is implemented."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SupportsFeature(self, _request: Any, _context: Any = None) -> Any:
        """Answer older SDKs."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request: Any, _context: Any = None) -> Any:
        """Register a resource; returns when it is done."""
        self._check_open()
        try:
            self._inherit(request)
            request = self._transforms.apply(request)
            registration = self._registration(request)
        except CallbackFailed as error:
            raise RequestFailed(f"invoke transform: {error}") from None
        except (Unsupported, ValueError) as error:
            self._refuse(error, request)
        state = self._run.register(registration)
        self._transforms.remember(state.urn, request)
        with self._lock:
            self._options[state.urn] = _Options.of(registration)
            if not request.custom:
                self._providers[state.urn] = self._inherited_providers(request)
        # The outputs of a component are what it registers itself.
        outputs = state.outputs if request.custom else {}
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id="" if state.id == UNKNOWN_TEXT and not state.is_provider else state.id,
            object=to_struct(outputs),
            result=_RESULTS[registration.result],
            unknown=registration.unknown,
        )

    def ReadResource(self, request: Any, _context: Any = None) -> Any:
        """Read a resource that the stack does not own."""
        self._check_open()
        try:
            if request.type != STACK_REFERENCE:
                self._covered(request.type, custom=True)
            position, trace = self._positions(request)
            reading = Reading(
                request.type,
                request.name,
                request.id,
                from_struct(request.properties),
                parent=request.parent,
                provider=request.provider,
                dependencies=sorted(request.dependencies),
                additional_secret_outputs=list(request.additionalSecretOutputs),
                source_position=position,
                stack_trace=trace,
            )
        except (Unsupported, ValueError) as error:
            self._refuse(error, request)
        state = self._run.read(reading)
        return resource_pb2.ReadResourceResponse(
            urn=state.urn,
            id="" if state.id == UNKNOWN_TEXT else state.id,
            properties=to_struct(state.outputs),
        )

    def RegisterResourceOutputs(self, request: Any, _context: Any = None) -> Any:
        """Take the outputs of a component or of the stack."""
        try:
            outputs = from_struct(request.outputs)
        except ValueError as error:
            self._refuse(error, None)
        self._run.set_outputs(request.urn, outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, _context: Any = None) -> Any:
        """Refuse functions of providers and stack references."""
        self._refuse(Unsupported(f"the function {request.tok}"), None)

    def Call(self, request: Any, _context: Any = None) -> Any:
        """Refuse methods of remote components."""
        self._refuse(Unsupported(f"the method {request.tok}"), None)

    def RegisterPackage(self, request: Any, _context: Any = None) -> Any:
        """Refuse packages."""
        self._refuse(Unsupported(f"the package {request.name}"), None)

    def ExistsResource(self, request: Any, _context: Any = None) -> Any:
        """Refuse the question whether a resource exists."""
        self._refuse(Unsupported(f"`exists` of {request.type}"), None)

    def RegisterStackTransform(self, request: Any, _context: Any = None) -> Any:
        """Take a transform for all resources."""
        self._transforms.for_stack(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any, _context: Any = None) -> Any:
        """Take a resource hook."""
        self._run.hooks.register(request)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any, _context: Any = None) -> Any:
        """Take an error hook."""
        self._run.hooks.register_error_hook(request)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _request: Any, _context: Any = None) -> Any:
        """Hear that the program has ended well; returns when everything is done."""
        self._run.signal()
        return empty_pb2.Empty()

    # ------------------------------------------------------------------ requests

    def _check_open(self) -> None:
        if self._run.closed:
            raise MonitorClosed

    def _refuse(self, error: Exception, request: Any) -> NoReturn:
        urn = ""
        if request is not None:
            urn = self._run.urn(request.parent, request.type, request.name)
        self._run.error(str(error), urn)
        self._run.bail()
        raise MonitorClosed

    def _covered(self, kind: str, custom: bool) -> None:
        """Refuse types of other packages by name."""
        if not custom or kind.split("/")[0].split(":")[:2] == DYNAMIC_TYPE.split(":"):
            return
        if kind == PROVIDER_TYPE + PACKAGE or kind.startswith(DYNAMIC_TYPE + "/"):
            return
        raise Unsupported(f"the resource type {kind}")

    def _registration(self, request: Any) -> Registration:
        self._covered(request.type, request.custom)
        if request.remote:
            raise Unsupported(f"the remote component {request.type}")
        if request.importId:
            raise Unsupported("the option `import_` (the command `import --file` is covered)")
        for option in ("version", "pluginDownloadURL"):
            if getattr(request, option):
                raise Unsupported(f"the option `{option}`, which asks for another provider plugin,")
        position, trace = self._positions(request)
        dependencies = {
            key: sorted(item.urns) or NO_NAMES for key, item in request.propertyDependencies.items()
        }
        for alias in request.aliases:
            if alias.urn and not is_urn(alias.urn):
                raise RequestFailed(f'invalid alias URN: invalid URN "{alias.urn}"')
        properties = from_struct(request.object)
        for key in properties:
            dependencies.setdefault(key, NO_NAMES)
        share_provider(properties)
        registration = Registration(
            intern(request.type),  # few texts, of many resources
            request.name,
            request.custom,
            properties,
            parent=intern(request.parent),
            provider=intern(request.provider),
            protect=request.protect if request.HasField("protect") else None,
            dependencies=sorted(request.dependencies) or (),
            property_dependencies=dependencies,
            delete_before_replace=(
                request.deleteBeforeReplace
                if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
                else None
            ),
            ignore_changes=list(request.ignoreChanges) or (),
            replace_on_changes=list(request.replaceOnChanges) or (),
            additional_secret_outputs=list(request.additionalSecretOutputs) or (),
            aliases=list(request.aliases) or (),
            retain_on_delete=(
                request.retainOnDelete if request.HasField("retainOnDelete") else None
            ),
            deleted_with=request.deletedWith,
            replace_with=list(request.replace_with) or (),
            replacement_trigger=(
                from_wire(request.replacement_trigger)
                if request.HasField("replacement_trigger")
                else None
            ),
            hooks=_hooks(request.hooks) or NOTHING,
            hide_diff=[path_text(parse_path(path)) for path in request.hideDiffs] or (),
            custom_timeouts=_timeouts(request.customTimeouts) or NOTHING,
            source_position=position,
            stack_trace=trace,
        )
        if registration.type.startswith(PROVIDER_TYPE) or not registration.custom:
            registration.provider = ""
        return registration

    def _inherit(self, child: Any) -> None:
        """Take from the parent what the registration does not say."""
        with self._lock:
            parent = self._options.get(child.parent)
        if parent is not None:
            child.deletedWith = child.deletedWith or parent.deleted_with
            if not child.HasField("protect") and parent.protect is not None:
                child.protect = parent.protect
            if not child.HasField("retainOnDelete") and parent.retain_on_delete is not None:
                child.retainOnDelete = parent.retain_on_delete
            above = parent.provider
            if above and urn_type(provider_urn(above)) == PROVIDER_TYPE + PACKAGE and child.custom:
                child.provider = child.provider or above
        if child.custom and not child.provider:
            child.provider = self._provider(child)

    def _provider(self, request: Any) -> str:
        """Return the provider given for the package, by the resource or a component above it."""
        if PACKAGE in request.providers:
            return str(request.providers[PACKAGE])
        with self._lock:
            return self._providers.get(request.parent, {}).get(PACKAGE, "")

    def _inherited_providers(self, request: Any) -> dict[str, str]:
        return {**self._providers.get(request.parent, {}), **dict(request.providers)}

    def _positions(self, request: Any) -> tuple[str, Frames]:
        """Return where in the project a resource is made, and the frames that lead there.

        Frames of libraries are left out: they say nothing of the program, and differ by machine.
        """
        root = self._run.project.root
        found = (
            (_inside(frame.pc.uri, root), frame.pc.line) for frame in request.stackTrace.frames
        )
        frames = [{"sourcePosition": f"{file}#{line}"} for file, line in found if file]
        return (frames[0]["sourcePosition"] if frames else ""), same_frames(frames)


@cache
def _inside(uri: str, root: Path) -> str:
    """Return `project:///PATH`, or nothing for a file outside the project."""
    path = Path(unquote(urlparse(uri).path))
    if not path.is_relative_to(root):
        return ""
    inside = path.relative_to(root)
    if any(part.startswith(".") or part == "site-packages" for part in inside.parts[:-1]):
        return ""
    return f"project:///{inside.as_posix()}"


def _hooks(given: Any) -> dict[str, list[str]]:
    found = {bound: list(getattr(given, name)) for name, bound in BINDINGS.items()}
    return {bound: names for bound, names in found.items() if names}


def _timeouts(given: Any) -> dict[str, float]:
    """Read time limits such as `1h30m`, in seconds.

    Raises:
        ValueError: a text is no duration.
    """
    found = {}
    for name in ("create", "update", "delete", "read"):
        text = getattr(given, name)
        if text:
            found[name] = _seconds(text)
    return {name: seconds for name, seconds in found.items() if seconds}


def _seconds(text: str) -> float:
    parts = re.findall(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", text)
    if "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"unable to parse customTimeout Value {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


class Engine:
    """What the SDK logs to and asks for the root resource."""

    def __init__(self, run: Deployment):
        self._run = run
        self._root = ""

    def Log(self, request: Any, _context: Any = None) -> Any:
        """Pass on what the program logs; debug messages are dropped."""
        severity = {
            engine_pb2.INFO: "info",
            engine_pb2.WARNING: "warning",
            engine_pb2.ERROR: "error",
        }.get(request.severity)
        if severity:
            self._run.events.diagnostic(
                severity, request.message, request.urn, ephemeral=request.ephemeral
            )
        return empty_pb2.Empty()

    def GetRootResource(self, _request: Any, _context: Any = None) -> Any:
        """Return the urn of the stack."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, _context: Any = None) -> Any:
        """Remember the urn of the stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, _context: Any = None) -> Any:
        """Refuse a range of versions that the one this engine stands for does not lie in."""
        try:
            check_version(request.pulumi_version_range)
        except EngineError as error:
            raise RequestFailed(str(error)) from None
        return engine_pb2.RequirePulumiVersionResponse()
