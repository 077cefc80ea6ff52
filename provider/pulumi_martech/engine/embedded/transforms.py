"""Transforms: functions of the program that change what it registers, before anything sees it.

A resource is given to its own transforms, then to those of its parents, then to those of the stack.
Values travel as outputs that know what they depend on.
"""

import threading
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from .callbacks import Callbacks
from .values import OUTPUT, SECRET, SIGNATURE, UNKNOWN_TEXT

_OPTIONS = {  # of a registration, by the name in the options of a transform
    "import": "importId",
    "depends_on": "dependencies",
    "protect": "protect",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "replacement_trigger": "replacement_trigger",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "providers": "providers",
    "hide_diff": "hideDiffs",
    "custom_timeouts": "customTimeouts",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "replace_with": "replace_with",
    "additional_secret_outputs": "additionalSecretOutputs",
    "plugin_checksums": "pluginChecksums",
    "hooks": "hooks",
}


class Transforms:
    """The transforms of a program."""

    def __init__(self, callbacks: Callbacks):
        self._callbacks = callbacks
        self._stack: list[Any] = []
        self._of_parents: dict[str, list[Any]] = {}  # for the children of a urn, if there are any
        self._lock = threading.Lock()

    def for_stack(self, callback: Any) -> None:
        """Take a transform for everything that is registered from now on."""
        with self._lock:
            self._stack.append(callback)

    def remember(self, urn: str, request: Any) -> None:
        """Take the transforms of a resource, for its children."""
        with self._lock:
            found = [*request.transforms, *self._of_parents.get(request.parent, ())]
            if found:
                self._of_parents[urn] = found

    def apply(self, request: Any) -> Any:
        """Return the registration as the transforms leave it; the same one if there are none.

        Raises:
            CallbackFailed: one of them raised.
        """
        callbacks = [*request.transforms, *self._inherited(request.parent)]
        if not callbacks:
            return request
        own = bool(request.transforms)
        properties = struct_pb2.Struct()
        for key, value in request.object.fields.items():
            urns = request.propertyDependencies[key].urns if own else ()
            _as_output(value, properties.fields[key], list(urns))
        options = _options(request)
        for callback in callbacks:
            message = resource_pb2.TransformRequest(
                name=request.name,
                type=request.type,
                parent=request.parent,
                custom=request.custom,
                properties=properties,
                options=options,
            )
            response = resource_pb2.TransformResponse.FromString(
                self._callbacks.call(callback, message)
            )
            if response.HasField("options"):
                options = response.options
            if response.HasField("properties"):
                properties = response.properties
        return _transformed(request, properties, options, own)

    def _inherited(self, parent: str) -> list[Any]:
        with self._lock:
            return self._of_parents.get(parent, []) + self._stack


def _options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions()
    for name, field in _OPTIONS.items():
        _copy(request, field, options, name)
    if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def _transformed(request: Any, properties: struct_pb2.Struct, options: Any, own: bool) -> Any:
    result = type(request)()
    result.CopyFrom(request)
    result.object.CopyFrom(properties)
    for name, field in _OPTIONS.items():
        if name == "depends_on" and not own:
            continue  # as in the real engine, which looks at them only for transforms of its own
        _copy(options, name, result, field)
    result.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    result.deleteBeforeReplace = options.delete_before_replace
    if own:
        result.ClearField("propertyDependencies")
    for key, value in properties.fields.items():
        urns = _dependencies(value)
        known = result.propertyDependencies[key].urns
        known.extend(sorted(urns - set(known)))
        if own:
            result.dependencies.extend(sorted(urns - set(result.dependencies)))
    return result


def _copy(source: Any, field: str, target: Any, name: str) -> None:
    target.ClearField(name)
    descriptor = source.DESCRIPTOR.fields_by_name[field]
    value = getattr(source, field)
    if descriptor.is_repeated:
        getattr(target, name).MergeFrom(value)
    elif descriptor.message_type is not None:
        if source.HasField(field):
            getattr(target, name).CopyFrom(value)
    elif not descriptor.has_presence or source.HasField(field):
        setattr(target, name, value)


# ------------------------------------------------------------------ values as outputs


def _as_output(value: Any, target: Any, dependencies: list[str]) -> None:
    """Write a value with secrets and unknown values as outputs, and with its dependencies."""
    _upgrade(value, target)
    if set(dependencies) <= _dependencies(target):
        return
    if not _is(target, OUTPUT):
        inner = struct_pb2.Value()
        inner.CopyFrom(target)
        target.Clear()
        target.struct_value.fields[SIGNATURE].string_value = OUTPUT
        target.struct_value.fields["value"].CopyFrom(inner)
    listed = target.struct_value.fields["dependencies"].list_value
    known = {item.string_value for item in listed.values}
    for urn in dependencies:
        if urn not in known:
            listed.values.add().string_value = urn


def _upgrade(value: Any, target: Any) -> None:
    kind = value.WhichOneof("kind")
    if kind == "string_value" and value.string_value == UNKNOWN_TEXT:
        target.struct_value.fields[SIGNATURE].string_value = OUTPUT
    elif kind == "list_value":
        target.list_value.SetInParent()
        for item in value.list_value.values:
            _upgrade(item, target.list_value.values.add())
    elif kind == "struct_value" and _is(value, SECRET):
        fields = target.struct_value.fields
        fields[SIGNATURE].string_value = OUTPUT
        fields["secret"].bool_value = True
        inner = value.struct_value.fields["value"]
        if inner.string_value != UNKNOWN_TEXT:
            _upgrade(inner, fields["value"])
    elif kind == "struct_value" and SIGNATURE not in value.struct_value.fields:
        target.struct_value.SetInParent()
        for key, item in value.struct_value.fields.items():
            _upgrade(item, target.struct_value.fields[key])
    else:
        target.CopyFrom(value)


def _is(value: Any, signature: str) -> bool:
    if value.WhichOneof("kind") != "struct_value":
        return False
    fields = value.struct_value.fields
    return SIGNATURE in fields and fields[SIGNATURE].string_value == signature


def _dependencies(value: Any) -> set[str]:
    """Return what the outputs in a value depend on."""
    kind = value.WhichOneof("kind")
    found: set[str] = set()
    if kind == "list_value":
        for item in value.list_value.values:
            found |= _dependencies(item)
    elif kind == "struct_value":
        fields = value.struct_value.fields
        if _is(value, OUTPUT) and "dependencies" in fields:
            found.update(item.string_value for item in fields["dependencies"].list_value.values)
        for key, item in fields.items():
            if key not in (SIGNATURE, "dependencies"):
                found |= _dependencies(item)
    return found
