"""The forms that property values have on the wire and in the handlers of providers."""

import asyncio
from collections.abc import Mapping
from enum import Enum
from sys import intern
from typing import Any

from google.protobuf import struct_pb2
from pulumi.output import Unknown
from pulumi.runtime import rpc

from .values import (
    OUTPUT,
    RESOURCE,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXT,
    Properties,
    Secret,
    Value,
    refuse_asset,
)

# ------------------------------------------------------------------ protobuf, the SDK's side


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Read the properties of a request."""
    return _fields(struct.fields)


def _fields(fields: Any) -> Properties:
    return {intern(key): from_wire(value) for key, value in fields.items()}  # few, of many objects


def from_wire(value: struct_pb2.Value) -> Value:
    """Read one value of a request."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
    if kind == "number_value":
        return value.number_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [from_wire(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE not in fields:
            return _fields(fields)
        signature = fields[SIGNATURE].string_value
        refuse_asset(signature)
        if signature == SECRET:
            return Secret(from_wire(fields["value"]))
        if signature == OUTPUT:
            inner = from_wire(fields["value"]) if "value" in fields else UNKNOWN
            return Secret(inner) if fields["secret"].bool_value else inner
        return _fields(fields)  # a resource reference
    return None


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Write properties for a response."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _write(struct.fields[key], value)
    return struct


def _write(target: struct_pb2.Value, value: Value) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, list):
        target.list_value.SetInParent()
        for item in value:
            _write(target.list_value.values.add(), item)
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _write(target.struct_value.fields[key], item)
    elif isinstance(value, Secret):
        _write(target.struct_value.fields[SIGNATURE], SECRET)
        _write(target.struct_value.fields["value"], value.value)
    else:
        target.string_value = UNKNOWN_TEXT


# ------------------------------------------------------------------ handlers of providers


def to_handler(properties: Properties, keep_unknowns: bool) -> dict[str, Any]:
    """Return what a handler gets: no secrets, no `None` members, fresh containers.

    Unknown values are instances of `pulumi.output.Unknown`, or left out if not `keep_unknowns`.
    """
    result = {}
    for key, value in properties.items():
        plain = _plain(value, keep_unknowns)
        if plain is not None:
            result[key] = plain
    return result


def _plain(value: Value, keep_unknowns: bool) -> Any:
    if isinstance(value, Secret):
        return _plain(value.value, keep_unknowns)
    if value is UNKNOWN:
        return Unknown() if keep_unknowns else None  # type: ignore[no-untyped-call]
    if isinstance(value, dict):
        if value.get(SIGNATURE) == RESOURCE:  # the protocol gives a provider the id alone
            return value.get("id") or value.get("urn")
        return to_handler(value, keep_unknowns)
    if isinstance(value, list):
        return [_plain(v, keep_unknowns) for v in value if keep_unknowns or v is not UNKNOWN]
    return value


def from_handler(result: Mapping[str, Any]) -> Properties:
    """Read what a handler returned, as the servicer of the SDK would have sent it.

    `None` is left out as the value of a name, and is kept inside of values.
    """
    try:
        members = _members(result)
    except TypeError:  # outputs, assets or other types of the SDK: let the SDK serialise them
        loop = asyncio.new_event_loop()
        try:
            struct = loop.run_until_complete(rpc.serialize_properties(dict(result), {}))
        finally:
            loop.close()
        return from_struct(struct)
    return {key: value for key, value in members.items() if value is not None}


def _members(mapping: Mapping[str, Any]) -> Properties:
    result: Properties = {}
    for key, item in mapping.items():
        if not isinstance(key, str):
            raise TypeError(key)
        result[key] = _read(item)
    return result


def _read(value: Any) -> Value:
    if value is None or isinstance(value, (bool, str)):
        return UNKNOWN if value == UNKNOWN_TEXT else value
    if isinstance(value, Enum):
        return _read(value.value)
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, (list, tuple)):
        return [_read(item) for item in value]
    if isinstance(value, Mapping) and SIGNATURE not in value:
        return _members(value)
    raise TypeError(type(value))
