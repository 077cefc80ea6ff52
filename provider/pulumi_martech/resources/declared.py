"""What people say of native roles, as a program writes it: checked without ever raising."""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import ValidationError

from pulumi_martech.model import content as model
from pulumi_martech.model.wording import in_words
from pulumi_martech.resources.program import program


def Declared(
    content: Sequence[str] | Mapping[str, str], *, by: str, on: str | date, native_id: str = ""
) -> model.Declared:
    """Return what a native role allows, as a person saw it on the platform's own screen.

    Args:
        content: capabilities (``contacts:export``) and rights in the platform's words that the role
            has; or each with what the screen says: granted, denied, unlisted, on, off, no switch.
        by: who looked.
        on: on which day (YYYY-MM-DD); 90 days later (180 without personal data) it counts no more.
        native_id: the role's id on the platform then, where it has one.
    """
    try:
        return model.Declared.model_validate(
            {"content": content, "by": by, "on": on, "native_id": native_id}
        )
    except ValidationError as error:
        for name, words in in_words(error):
            program().problem(f"Declared: {name} {words}")
    return model.Declared.model_construct(content={}, by=str(by), on=date.max, native_id="")
