"""What the program asks the engine for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .state import Frames, Names, NamesBy, ResourceState, nothing
from .values import Properties, Value


@dataclass(slots=True)
class Registration:
    """What the program wants: a resource with its options, and what became of it.

    Attributes:
        delete_before_replace: the option, or `None` if it is not set.
        aliases: as the protocol gives them.
        result: `success`, `fail` or `skip`.
        state: the resource after the step.
        unknown: the outputs are not known, as the resource was left out of a targeted run.
        by_hook: a hook may have asked, and wait for the answer.
    """

    type: str
    name: str
    custom: bool
    properties: Properties
    parent: str = ""
    provider: str = ""
    protect: bool | None = None
    dependencies: Names = ()
    property_dependencies: NamesBy = field(default_factory=nothing)
    delete_before_replace: bool | None = None
    ignore_changes: Names = ()
    replace_on_changes: Names = ()
    additional_secret_outputs: Names = ()
    aliases: Sequence[Any] = ()
    custom_timeouts: Mapping[str, Any] = field(default_factory=nothing)
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: Names = ()
    replacement_trigger: Value = None
    hooks: NamesBy = field(default_factory=nothing)
    hide_diff: Names = ()
    source_position: str = ""
    stack_trace: Frames = ()
    result: str = "success"
    state: ResourceState | None = None
    unknown: bool = False
    by_hook: bool = False


@dataclass(slots=True)
class Reading:
    """What the program wants to read: a resource that it does not own.

    Attributes:
        by_hook: a hook may have asked, and wait for the answer.
    """

    type: str
    name: str
    id: str
    properties: Properties
    parent: str = ""
    provider: str = ""
    dependencies: Names = ()
    additional_secret_outputs: Names = ()
    source_position: str = ""
    stack_trace: Frames = ()
    result: str = "success"
    state: ResourceState | None = None
    by_hook: bool = False


class Opened(NamedTuple):
    """A registration with its resource as it is and as it is to be.

    Attributes:
        request: what the program asks for.
        old: the resource in the state, if it is there.
        new: the resource as it is to be.
        valid: whether it is clear which one it is.
    """

    request: Registration
    old: ResourceState | None
    new: ResourceState
    valid: bool
