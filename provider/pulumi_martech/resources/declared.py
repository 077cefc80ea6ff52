"""Roles as a program speaks of them: what native ones allow, and portable ones by name.

What is wrong is noted with its place, like everything that a person writes.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import ValidationError

from pulumi_martech.model import content as model
from pulumi_martech.model.identity import near
from pulumi_martech.model.portable import PORTABLE_ROLES, PortableRole
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


def portable(key: str) -> PortableRole:
    """Return a portable role, to be given in ``roles`` on any platform.

    What stands for it in an account is said by ``portable_roles`` of that account, or else by the
    platform's role map; `martech role explain` shows it, and what is gained and lost by it.

    Args:
        key: ``viewer``, ``analyst``, ``marketer``, ``marketing-manager``, ``administrator``, or one
            for partners: ``reseller``, ``distributor``, ``partner-marketer``, ``partner-support``.
    """
    name = str(key)
    if name not in PORTABLE_ROLES:
        hint = near(name, PORTABLE_ROLES) or f"there are {', '.join(sorted(PORTABLE_ROLES))}"
        program().problem(f"portable({name!r}): there is no such portable role; {hint}")
        return PortableRole(key=name, title=name, capabilities=frozenset())
    return PORTABLE_ROLES[name]
