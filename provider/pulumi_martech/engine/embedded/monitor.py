"""The monitor and engine objects that the SDK of the program talks to, in place of gRPC stubs."""

import threading
from typing import Any, NamedTuple, NoReturn

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from .callbacks import CallbackFailed
from .deployment import Deployment
from .errors import EngineError
from .registrations import RequestFailed, Unsupported, reading, registration
from .requests import Registration
from .run import Run
from .state import PACKAGE, PROVIDER_TYPE, provider_urn, urn_type
from .transforms import Transforms
from .turns import MonitorClosed
from .values import UNKNOWN_TEXT
from .versions import check_version
from .wire import from_struct, to_struct

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

    def __init__(self, deployment: Deployment):
        self._deployment = deployment
        self._run = deployment.run
        self._lock = threading.Lock()
        self._transforms = Transforms(self._run.hooks.callbacks)
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
        by_hook = self._run.hooks.called
        try:
            self._inherit(request)
            request = self._transforms.apply(request)
            asked = registration(request, self._run.project.root)
            asked.by_hook = by_hook
        except CallbackFailed as error:
            raise RequestFailed(f"invoke transform: {error}") from None
        except (Unsupported, ValueError) as error:
            self._refuse(error, request)
        state = self._deployment.register(asked)
        self._transforms.remember(state.urn, request)
        with self._lock:
            self._options[state.urn] = _Options.of(asked)
            if not request.custom:
                self._providers[state.urn] = self._inherited_providers(request)
        # The outputs of a component are what it registers itself.
        outputs = state.outputs if request.custom else {}
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id="" if state.id == UNKNOWN_TEXT and not state.is_provider else state.id,
            object=to_struct(outputs),
            result=_RESULTS[asked.result],
            unknown=asked.unknown,
        )

    def ReadResource(self, request: Any, _context: Any = None) -> Any:
        """Read a resource that the stack does not own."""
        self._check_open()
        try:
            asked = reading(request, self._run.project.root)
            asked.by_hook = self._run.hooks.called
        except (Unsupported, ValueError) as error:
            self._refuse(error, request)
        state = self._deployment.read(asked)
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
        self._deployment.set_outputs(request.urn, outputs)
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
        self._deployment.signal()
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


class Engine:
    """What the SDK logs to and asks for the root resource."""

    def __init__(self, run: Run):
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
