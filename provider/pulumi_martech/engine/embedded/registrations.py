"""Reads the requests of the protocol: what the program asks for, and whether it is covered."""

import re
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any
from urllib.parse import unquote, urlparse

import grpc  # type: ignore[import-untyped]

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
    same_frames,
    share_provider,
)
from .wire import from_struct, from_wire

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


def registration(request: Any, root: Path) -> Registration:
    """Read what the program wants of a resource.

    Args:
        request: as the protocol gives it, with what it takes from its parent.
        root: the folder of the project.

    Raises:
        Unsupported: something in it is not covered.
        ValueError: something in it cannot be read, or done by any engine.
        RequestFailed: an alias is no urn.
    """
    _check_covered(request.type, request.custom)
    if request.remote:
        raise Unsupported(f"the remote component {request.type}")
    if request.importId:
        raise ValueError(
            "the option `import_` takes over nothing that has a dynamic provider: the real "
            "`pulumi` fails with KeyError: '__provider', as it does not say which provider is to "
            "read; take it over by `import --file`, or read it by the option `id`"
        )
    for option in ("version", "pluginDownloadURL"):
        if getattr(request, option):
            raise Unsupported(f"the option `{option}`, which asks for another provider plugin,")
    position, trace = _positions(request, root)
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
    wanted = Registration(
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
        retain_on_delete=(request.retainOnDelete if request.HasField("retainOnDelete") else None),
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
    if wanted.type.startswith(PROVIDER_TYPE) or not wanted.custom:
        wanted.provider = ""
    return wanted


def reading(request: Any, root: Path) -> Reading:
    """Read what the program wants to read.

    Args:
        request: as the protocol gives it.
        root: the folder of the project.

    Raises:
        Unsupported: the type is not covered.
        ValueError: something in it cannot be read, or done by any engine.
    """
    if request.type != STACK_REFERENCE:
        _check_covered(request.type, custom=True)
    position, trace = _positions(request, root)
    return Reading(
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


def _check_covered(kind: str, custom: bool) -> None:
    """Refuse types of other packages by name."""
    if not custom or kind.split("/")[0].split(":")[:2] == DYNAMIC_TYPE.split(":"):
        return
    if kind == PROVIDER_TYPE + PACKAGE or kind.startswith(DYNAMIC_TYPE + "/"):
        return
    raise Unsupported(f"the resource type {kind}")


def _positions(request: Any, root: Path) -> tuple[str, Frames]:
    """Return where in the project a resource is made, and the frames that lead there.

    Frames of libraries are left out: they say nothing of the program, and differ by machine.
    """
    found = ((_inside(frame.pc.uri, root), frame.pc.line) for frame in request.stackTrace.frames)
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
