"""What the document may hold, taken from the model: sections, the shape of entries, words."""

import types
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from pulumi_martech.document.parse import unknown_key
from pulumi_martech.document.problems import Way
from pulumi_martech.model.access import Access
from pulumi_martech.model.identity import near

Kind = Literal["map", "list", "one"]
"""A section is a map of entries by key, a list of them, or one entry."""


class Section:
    """One section of the document: how its entries are kept, and what checks them."""

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        origin, arguments = get_origin(annotation), get_args(annotation)
        self.kind: Kind = "one"
        self.model: type[BaseModel] = annotation
        if origin is tuple:
            self.kind, self.model = "list", arguments[0]
        elif origin is not None:
            self.kind, self.model = "map", arguments[1]
        self.check = TypeAdapter(self.model).validate_python
        self.people = "people" in self.model.model_fields
        """Whether its entries have people of their own."""


SECTIONS: Mapping[str, Section] = {
    name: Section(name, field.annotation) for name, field in Access.model_fields.items()
}
"""The sections by name, in the order they are best written in."""


@lru_cache
def fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys that an entry may have."""
    return tuple(name for name, field in model.model_fields.items() if not field.exclude)


def fields_at(model: Any, path: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys that are known at a place within an entry."""
    return tuple(sorted({name for kind in _at(model, list(path)) for name in fields(kind)}))


def _at(annotation: Any, path: list[str | int]) -> list[type[BaseModel]]:
    """Return the models that can stand at a path below an annotation."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _at(arguments[0], path)
    if origin in (Union, types.UnionType):
        return [found for argument in arguments for found in _at(argument, path)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not path:
            return [annotation]
        field = annotation.model_fields.get(str(path[0]))
        return _at(field.annotation, path[1:]) if field else []
    if origin is not None and path and arguments:
        return _at(arguments[-1] if origin is not tuple else arguments[0], path[1:])
    return []


_KINDS = {
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must be a map of `key: value`",
    "mapping_type": "must be a map of `key: value`",
    "model_type": "must be a map of `key: value`",
    "model_attributes_type": "must be a map of `key: value`",
    "union_tag_not_found": "lacks `kind`: bearer, basic, oauth2, jwt or by hand",
    "union_tag_invalid": "must have a `kind` of bearer, basic, oauth2, jwt or by hand",
}


def explain(item: Any, entry: Any, model: type[BaseModel]) -> tuple[Way, str, bool]:
    """Return where within an entry something is wrong, in words, and whether its key is meant.

    ``item`` is one of the errors of a `ValidationError`. Values are not repeated: one may be a
    secret.
    """
    path, kind = _written(item["loc"], entry), item["type"]
    last = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "missing":
        return path, f"lacks `{last}`", True
    if kind == "extra_forbidden":
        return path, unknown_key(last, fields_at(model, path[:-1])), True
    if kind in ("literal_error", "enum"):
        wanted = str(item["ctx"]["expected"])
        said = item.get("input")
        words = wanted.replace("'", "").replace(" or ", ", ").split(", ")
        close = near(said, words, 1) if isinstance(said, str) else ""
        return path, f"must be {wanted}" + (f"; {close}" if close else ""), False
    said = _KINDS.get(kind) or _plain(item)
    if "key: value" in said and str(item.get("input")).partition(":")[0] in fields_at(model, path):
        said += "; a space belongs behind the colon"
    if path[-1:] == ("credentials",) and isinstance(item.get("input"), str):
        said = 'must say how to log in, such as {kind: bearer, token: "env:CRM_TOKEN"}'
    return path, said, False


def _plain(item: Any) -> str:
    kind, context = item["type"], item.get("ctx") or {}
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        (bound,) = context.values()
        return f"must be {kind.replace('_', ' ').replace(' equal', ' or equal to')} {bound:g}"
    said = str(item["msg"]).removeprefix("Value error, ")
    return f"{said[:1].lower()}{said[1:]}".rstrip(".")


def _written(loc: Sequence[str | int], entry: Any) -> Way:
    """Return a location as a path of what is written: without names of alternatives."""
    way: list[str | int] = []
    here = entry
    for part in loc:
        in_map = isinstance(here, Mapping) and part in here
        if in_map or (isinstance(here, list) and isinstance(part, int) and part < len(here)):
            here = here[part]
            way.append(part)
    return tuple(way)
