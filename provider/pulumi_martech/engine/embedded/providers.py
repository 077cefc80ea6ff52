"""Providers: instances for each provider resource, called as the server of the SDK calls them.

The handlers run in this process, in a context of their own, and see what they would see in the
process that the real engine starts: plain values, floats, no `None`, no settings of the program.
"""

import base64
import contextvars
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import dill  # type: ignore[import-untyped]
from pulumi.dynamic import Config, ConfigureRequest, ResourceProvider
from pulumi.runtime import Settings, configure
from pulumi.runtime._serialization import _deserialize

from .diffing import Diff, compare, with_ignored
from .errors import StepFailed
from .fibers import Short, aside
from .state import BUILTIN, PROVIDER_TYPE, ResourceState, urn_type
from .values import (
    PROVIDER_KEY,
    UNKNOWN,
    Properties,
    Secret,
    Value,
    contains_unknowns,
    mark_secrets,
    unwrap,
)
from .wire import from_handler, to_handler

T = TypeVar("T")

_NOT_KNOWN = (
    "The provider for this resource has inputs that are not known during preview.\n"
    "This preview may not correctly represent the changes that will be applied during an update."
)


@dataclass
class Failure:
    """A failed check: the property (or empty) and the reason."""

    property: str
    reason: str


@dataclass
class Read:
    """What `read` answered; `id` is empty if the object is gone."""

    id: str
    outputs: Properties
    inputs: Properties | None


class DiffUnavailable(StepFailed):
    """There can be no diff before the run."""


class Provider:
    """The instances that serve the resources of one provider resource."""

    def __init__(self, project: str, inputs: Properties):
        self._project = project
        self._lock = threading.Lock()
        self._instances: dict[str, ResourceProvider] = {}
        self._short = Short()  # `check` and `diff`, of one resource after the other
        self.known = not contains_unknowns(inputs)
        config = {key: value for key, value in inputs.items() if key != "__internal"}
        self._config = to_handler(config, False) if self.known else {}
        self._context = contextvars.Context()
        self._context.run(self._settings)

    def _settings(self) -> None:
        # As in the provider process: no monitor, and the literal name of the stack.
        configure(Settings(project=self._project, stack="stack", organization="organization"))

    def check(
        self, olds: Properties, news: Properties, preview: bool
    ) -> tuple[Properties, list[Failure]]:
        """Call `check`; return the inputs and what is wrong with them."""
        if not self.known:
            return news, []
        old = to_handler(olds, preview)
        new = to_handler(news, preview)
        instance = self._made(old if _unknown(news) else new)
        result = self._call(lambda: instance.check(old, new), where=self._short)
        inputs = self._with_provider(result.inputs, new)
        mark_secrets(inputs, news)
        return inputs, [Failure(f.property or "", f.reason) for f in result.failures]

    def diff(
        self,
        state: ResourceState,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        *,
        unknowns: bool,
        ignored: Sequence[str],
    ) -> Diff:
        """Call `diff`; where it leaves the changes open, compare the inputs.

        Raises:
            DiffUnavailable: the configuration is not known yet.
            StepFailed: the handler raised.
        """
        if not self.known:
            raise DiffUnavailable(_NOT_KNOWN)
        old = to_handler(old_outputs, unknowns)
        new = to_handler(news, unknowns)
        instance = self._made(old if _unknown(news) else new)
        result = self._call(lambda: instance.diff(state.id, old, new), where=self._short)
        diff = Diff(
            bool(result.changes),
            replace_keys=list(result.replaces or []),
            delete_first=bool(result.delete_before_replace),
        )
        if result.changes is None:
            kept, _ = with_ignored(news, old_inputs, ignored)
            diff.changed_keys, detailed = compare(old_inputs, kept)
            diff.changed = bool(detailed)
            diff.detailed = detailed if detailed else None
        return diff

    def create(self, inputs: Properties) -> tuple[str, Properties]:
        """Call `create`; return the id and the outputs."""
        props = to_handler(inputs, False)
        result = self._call(lambda: self._instance(props).create(props))
        if not isinstance(result.id, str) or not result.id:
            # What it may have made cannot be named.
            said = f"create returned {result.id!r} in place of an id"
            raise StepFailed(said, uncertain=not result.id)
        outputs = self._known(self._with_provider(result.outs or {}, props))
        mark_secrets(outputs, inputs)
        return result.id, outputs

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> Read:
        """Call `read`."""
        if not self.known:
            return Read("", {}, {})
        props = to_handler(outputs, False)

        def read() -> Read:
            result = self._instance(props).read(resource_id, props)
            found = self._known(self._with_provider(result.outs, props))
            live = result.inputs
            if live is not None:
                live = self._known(self._with_provider(live, props))
            return Read(result.id or "", found, live)

        found = self._call(read, uncertain=True)
        mark_secrets(found.outputs, outputs)
        if found.inputs is not None:
            mark_secrets(found.inputs, inputs)
        return found

    def update(self, resource_id: str, olds: Properties, news: Properties) -> Properties:
        """Call `update`; return the outputs."""
        old, new = to_handler(olds, False), to_handler(news, False)

        def update() -> Properties:
            result = self._instance(new).update(resource_id, old, new)
            return self._known(self._with_provider(result.outs or {}, new))

        outputs = self._call(update, uncertain=True)
        mark_secrets(outputs, news)
        return outputs

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Call `delete`."""
        props = to_handler(outputs, False)
        self._call(lambda: self._instance(props).delete(resource_id, props), uncertain=True)

    def _with_provider(self, result: Any, props: dict[str, Any]) -> Properties:
        values = from_handler(result)
        values[PROVIDER_KEY] = props[PROVIDER_KEY]
        return values

    @staticmethod
    def _known(values: Properties) -> Properties:
        """Refuse unknown values in what is there."""
        name = _first_unknown("", values)
        if name is not None:
            raise StepFailed(f'unexpected unknown property value for "{name}"')
        return values

    def _instance(self, props: dict[str, Any]) -> ResourceProvider:
        """Return the configured instance of a serialised provider, the same for all resources."""
        text = props[PROVIDER_KEY]
        instance = self._instances.get(text)
        if instance is None:
            with self._lock:
                instance = self._instances.get(text)
                if instance is None:
                    made: ResourceProvider = _deserialize(
                        lambda: dill.loads(base64.b64decode(text))  # noqa: S301 - Pulumi's format
                    )
                    config = Config(raw_config=dict(self._config), project_name=self._project)
                    made.configure(ConfigureRequest(config=config))
                    instance = self._instances[text] = made
        return instance

    def _made(self, props: dict[str, Any]) -> ResourceProvider:
        made = self._instances.get(props[PROVIDER_KEY])
        return made if made is not None else self._call(lambda: self._instance(props))

    def _call(
        self,
        handler: Callable[[], T],
        uncertain: bool = False,
        where: Callable[[Callable[[], T]], T] = aside,
    ) -> T:
        try:
            return where(lambda: self._context.copy().run(handler))
        except StepFailed:
            raise
        except (Exception, SystemExit) as error:
            # The place in the code helps nobody who declares access; the message does.
            lines = traceback.format_exception_only(error)
            raise StepFailed("".join(lines).strip(), uncertain) from None


def _first_unknown(name: str, value: Value) -> str | None:
    """Return the innermost name that has an unknown value, if there is any."""
    if value is UNKNOWN:
        return name
    if isinstance(value, Secret):
        return _first_unknown(name, value.value)
    inner = value.items() if isinstance(value, dict) else ()
    found = [(key, item) for key, item in inner]
    found += [(name, item) for item in value] if isinstance(value, list) else []
    names = (_first_unknown(key, item) for key, item in found)
    return next((text for text in names if text is not None), None)


def _unknown(news: Properties) -> bool:
    return unwrap(news.get(PROVIDER_KEY)) is UNKNOWN


class Registry:
    """The providers of a run by reference (`URN::ID`)."""

    def __init__(self, project: str, references: Provider):
        """Take the project, and what serves stack references."""
        self._project = project
        self._references = references
        self._providers: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def get(self, reference: str) -> Provider | None:
        """Return a provider that is there."""
        return self._providers.get(reference)

    def put(self, urn: str, provider_id: str, inputs: Properties, renew: bool) -> None:
        """Make the provider of a provider resource.

        Args:
            urn: of the provider resource.
            provider_id: its id, or the unknown text in previews.
            inputs: its configuration.
            renew: in place of one that is there already.
        """
        reference = f"{urn}::{provider_id}"
        with self._lock:
            if renew or reference not in self._providers:
                builtin = urn_type(urn) == PROVIDER_TYPE + BUILTIN
                provider = self._references if builtin else Provider(self._project, inputs)
                self._providers[reference] = provider
