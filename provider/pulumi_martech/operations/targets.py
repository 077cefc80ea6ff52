"""What `--target` names: URNs are taken as they are, logical names are looked up."""

import difflib
import json
from collections.abc import Iterable

from pulumi_martech.engine.driver import Driver
from pulumi_martech.model.errors import InvalidDeclaration


def urns(driver: Driver, names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the URNs of the named resources, and those of them that the state holds; sorted.

    They are looked for in the state and, if one is not there, in what the program would create.

    Raises:
        InvalidDeclaration: there is no such resource; the sentence offers near matches.
    """
    wanted = sorted(set(names))
    found = {name for name in wanted if name.startswith("urn:")}
    missing = [name for name in wanted if name not in found]
    resources = json.loads(driver.export()).get("deployment", {}).get("resources") or []
    recorded = {resource["urn"] for resource in resources}
    known = set(recorded)
    if not all(_named(name, known) for name in missing):
        known |= {step.urn for step in driver.preview(refresh=False).steps}
    for name in missing:
        matches = _named(name, known)
        if not matches:
            near = difflib.get_close_matches(name, sorted({_name(urn) for urn in known}))
            raise InvalidDeclaration(
                f"find the target {name!r}",
                "neither the state nor the program has a resource of this name",
                "nothing was done",
                f"did you mean {' or '.join(map(repr, near))}?"
                if near
                else "see `martech preview`",
            )
        found |= matches
    return tuple(sorted(found)), tuple(sorted(found & recorded))


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]


def _named(name: str, known: Iterable[str]) -> set[str]:
    return {urn for urn in known if _name(urn) == name}
