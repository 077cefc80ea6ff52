"""Resource hooks: functions of the program that run before and after a resource is changed.

A hook that fails before the change stops it; one that fails afterwards fails the run, as the change
is there. Error hooks are asked whether a failed change is to be tried again.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pulumi.runtime.proto import resource_pb2

from .callbacks import CallbackFailed, Callbacks
from .errors import StepFailed
from .events import Events
from .fibers import UnderWay
from .options import Options
from .state import ResourceState
from .wire import to_struct

T = TypeVar("T")

BINDINGS = {  # names in the state, by those of the protocol
    "before_create": "BeforeCreate",
    "after_create": "AfterCreate",
    "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate",
    "before_delete": "BeforeDelete",
    "after_delete": "AfterDelete",
    "on_error": "OnError",
}
DELETE_HOOKS = ("BeforeDelete", "AfterDelete")
_MOST = 100  # times that a change is tried


class Hooks:
    """The hooks of a program, by name."""

    def __init__(self, options: Options, events: Events, failed_after: Callable[[], None]):
        """Have none yet; `failed_after` hears that one failed after a change."""
        self._options = options
        self._events = events
        self._failed_after = failed_after
        self.callbacks = Callbacks()
        self._hooks: dict[str, Any] = {}
        self._error_hooks: dict[str, Any] = {}
        self._calls = UnderWay()

    @property
    def called(self) -> bool:
        """Whether a hook has been called and has not answered yet."""
        return self._calls.any

    def register(self, request: Any) -> None:
        """Take a hook.

        Raises:
            ValueError: there is one of that name.
        """
        self._check(request.name)
        self._hooks[request.name] = request

    def register_error_hook(self, request: Any) -> None:
        """Take an error hook.

        Raises:
            ValueError: there is one of that name.
        """
        self._check(request.name)
        self._error_hooks[request.name] = request

    def _check(self, name: str) -> None:
        if not name:
            raise ValueError("resource hook name cannot be empty")
        if name in self._hooks or name in self._error_hooks:
            raise ValueError(f'resource hook already registered for name "{name}"')

    # ------------------------------------------------------------------ before and after

    def before(self, kind: str, old: ResourceState | None, new: ResourceState | None) -> None:
        """Run the hooks before a change: `Create`, `Update` or `Delete`.

        Raises:
            StepFailed: one of them says no.
        """
        failed = self._run_all(f"Before{kind}", "before", old, new)
        if failed:
            raise StepFailed(failed)

    def after(self, kind: str, old: ResourceState | None, new: ResourceState | None) -> None:
        """Run the hooks after a change; a failure is reported, and fails the run."""
        failed = self._run_all(f"After{kind}", "after", old, new)
        if failed:
            self._events.diagnostic("error", failed, _subject(old, new).urn)
            self._failed_after()

    def _run_all(
        self, kind: str, when: str, old: ResourceState | None, new: ResourceState | None
    ) -> str:
        """Run hooks; return what went wrong."""
        state = _subject(old, new)
        for name in state.resource_hooks.get(kind, ()):
            hook = self._hooks.get(name)
            if hook is None:
                return f'hook "{name}" was not registered'
            if self._options.preview and not hook.on_dry_run:
                continue
            problem = self._call(hook, when, old, new)
            if problem and hook.ignore_errors:
                self._events.diagnostic(
                    "warning", f'{kind} hook "{name}" failed: {problem}', state.urn
                )
            elif problem:
                return f'{when} hook "{name}" failed: {problem}'
        return ""

    def _call(
        self, hook: Any, when: str, old: ResourceState | None, new: ResourceState | None
    ) -> str:
        outputs = new.outputs if new is not None and when == "after" else None
        request = resource_pb2.ResourceHookRequest(
            **_described(old, new),
            new_outputs=None if outputs is None else to_struct(outputs),
        )
        try:
            with self._calls:
                answer = self.callbacks.call(hook.callback, request)
        except CallbackFailed as error:
            return str(error)
        return str(resource_pb2.ResourceHookResponse.FromString(answer).error)

    # ------------------------------------------------------------------ errors

    def retrying(
        self,
        operation: str,
        old: ResourceState | None,
        new: ResourceState | None,
        change: Callable[[], T],
    ) -> T:
        """Do a change, again and again as long as the error hooks ask for it.

        Raises:
            StepFailed: it failed for good.
        """
        state = _subject(old, new)
        names = state.resource_hooks.get("OnError", ())
        failures: list[str] = []
        while True:
            try:
                return change()
            except StepFailed as error:
                if not names:
                    raise
                failures.insert(0, str(error))
                if len(failures) >= _MOST:
                    self._events.diagnostic(
                        "warning",
                        f"maximum number of error hook retries ({_MOST}) reached",
                        state.urn,
                    )
                    raise StepFailed(
                        "maximum number of error hook retries reached", error.uncertain
                    ) from None
                try:
                    again = self._asks_again(names, operation, failures, old, new)
                except StepFailed:
                    if operation != "delete":  # there what the provider said matters more
                        raise
                    again = False
                if not again:
                    raise
                self._events.diagnostic(
                    "warning",
                    f"retrying {operation} due to on-error hook request ({len(failures)}/{_MOST})",
                    state.urn,
                )

    def _asks_again(
        self,
        names: Sequence[str],
        operation: str,
        failures: list[str],
        old: ResourceState | None,
        new: ResourceState | None,
    ) -> bool:
        again = False
        for name in names:
            hook = self._error_hooks.get(name)
            if hook is None:
                raise StepFailed(
                    f'error hooks execution failed: error hook "{name}" was not registered'
                )
            request = resource_pb2.ErrorHookRequest(
                **_described(old, new), failed_operation=operation, errors=failures
            )
            try:
                with self._calls:
                    said = self.callbacks.call(hook.callback, request)
                answer = resource_pb2.ErrorHookResponse.FromString(said)
                problem = answer.error
            except CallbackFailed as error:
                answer, problem = None, str(error)
            if problem or answer is None:
                raise StepFailed(
                    f'error hooks execution failed: error hook "{name}" failed: {problem}'
                )
            again = again or answer.retry
        return again


def _described(old: ResourceState | None, new: ResourceState | None) -> dict[str, Any]:
    """Return what hooks are told of a resource before and after a change."""
    state = _subject(old, new)
    fields: dict[str, Any] = {
        "urn": state.urn,
        "id": state.id,
        "name": state.name,
        "type": state.type,
    }
    if old is not None:
        fields["old_inputs"] = to_struct(old.inputs)
        fields["old_outputs"] = to_struct(old.outputs)
        fields["old_options"] = _options(old)
    if new is not None:
        fields["new_inputs"] = to_struct(new.inputs)
        fields["new_options"] = _options(new)
    return fields


def _options(state: ResourceState) -> Any:
    hooks = {name: state.resource_hooks.get(bound, []) for name, bound in BINDINGS.items()}
    options = resource_pb2.ResourceOptions(
        depends_on=state.dependencies,
        ignore_changes=state.ignore_changes,
        replace_on_changes=state.replace_on_changes,
        provider=state.provider,
        deleted_with=state.deleted_with,
        hide_diff=state.hide_diff,
        replace_with=state.replace_with,
        parent=state.parent,
        additional_secret_outputs=state.additional_secret_outputs,
        protect=state.protect,
        retain_on_delete=state.retain_on_delete,
    )
    if state.resource_hooks:
        options.hooks.CopyFrom(resource_pb2.RegisterResourceRequest.ResourceHooksBinding(**hooks))
    for alias in state.aliases:
        options.aliases.add().urn = alias
    for name, seconds in state.custom_timeouts.items():
        setattr(options.custom_timeouts, name, f"{seconds:g}s")
    return options


def _subject(old: ResourceState | None, new: ResourceState | None) -> ResourceState:
    state = new or old
    if state is None:
        raise ValueError("a change has a resource before or after it")
    return state
