"""What the native rights and roles of a platform mean in capabilities, and the way back."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from fnmatch import fnmatchcase

from pydantic import Field

from pulumi_martech.model.capability import CAPABILITIES, Origin, effective
from pulumi_martech.model.content import Declared, Known, RoleContent, review_by
from pulumi_martech.model.identity import near
from pulumi_martech.model.manifest import Grade
from pulumi_martech.model.values import Frozen

_CAPABILITY = re.compile(r"[a-z_]+:[a-z_]+")


class Right(Frozen):
    """What one native right lets a holder do, and how that is known (sheet and tag).

    An empty set is a right that opens nothing in our words; ``perhaps`` is what nobody could tell
    of it: it counts where a right is chosen, and nowhere as given.
    """

    capabilities: frozenset[str]
    source: str
    grade: Grade
    perhaps: frozenset[str] = frozenset()


def same_name(role: str) -> str:
    """Return the right that a role stands for where each role is one right: its own name."""
    return role


class RoleMap(Frozen):
    """The role map of one platform.

    ``known`` is how a role's content is known there. ``rights`` are native rights by name, or by a
    shell pattern (``teammates.*``), the first that fits. ``roles`` are the built-in roles with
    their rights as the vendor ships them: on a platform where content is *declared* that is what
    is assumed, never what is known. ``portable`` says which native roles stand for a portable
    role where an account does not say otherwise. ``right_of`` names the right that a role stands
    for where each role is one right.
    """

    known: Known
    rights: Mapping[str, Right] = Field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    portable: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    right_of: Callable[[str], str] = same_name
    layouts: tuple[frozenset[str], ...] = ()

    def right(self, name: str) -> Right | None:
        """Return what is known of a native right, ``None`` if nobody has mapped it."""
        if name in self.rights:
            return self.rights[name]
        patterns = (pattern for pattern in self.rights if "*" in pattern)
        return next((self.rights[p] for p in patterns if fnmatchcase(name, p)), None)

    def translated(self, names: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return what capabilities and native rights come to, and the rights not mapped."""
        found: set[str] = set()
        unmapped: set[str] = set()
        for name in names:
            right = self.right(name)
            if name in CAPABILITIES:
                found.add(name)
            elif right is None:
                unmapped.add(name)
            else:
                found |= right.capabilities
        return frozenset(found), frozenset(unmapped)

    def content(
        self, role: str, declared: Declared | None, day: date, native_id: str = ""
    ) -> RoleContent:
        """Return what a native role allows and how that is known, as of a day.

        Args:
            role: the role as the platform names it.
            declared: what a person said of it on this account, if anybody did.
            day: the day to judge the age of the declaration by.
            native_id: the role's id on the platform as read now, where that is known.
        """
        if self.known != "declared":
            right = self.right_of(role)
            allowed, unmapped = self.translated(self.roles.get(right, (right,)))
            return RoleContent(
                role=role, known=self.known, allows=effective(allowed), unmapped=unmapped
            )
        if declared is None:
            allowed, unmapped = self.translated(self.roles.get(role, ()))
            return RoleContent(
                role=role,
                known="unknown",
                why="nobody has declared what it allows on this account",
                allows=effective(allowed, Origin.ASSUMED),
                unmapped=unmapped,
            )
        allowed, unmapped = self.translated(declared.allowed())
        until = review_by(effective(allowed), unmapped, min(declared.on, day))
        why = ""
        if declared.on > day:
            why = f"{declared.by} declared it on a day that has not come ({declared.on})"
        elif day > until:
            why = f"what {declared.by} declared on {declared.on} was to be reviewed by {until}"
        elif declared.native_id and native_id and declared.native_id != native_id:
            why = f"since {declared.by} declared it on {declared.on} another role took its name"
        return RoleContent(
            role=role,
            known="unknown" if why else "declared",
            why=why,
            by=declared.by,
            on=declared.on,
            review_by=until,
            cells=declared.content,
            allows=effective(allowed, Origin.ASSUMED if why else Origin.CELL),
            unmapped=unmapped,
        )

    def problems(self, role: str, declared: Declared) -> list[str]:
        """Return what is wrong with a declaration, in words to be put behind the role's name.

        A word that looks like a capability and is none is a misspelling; any other that no role
        map knows may be a right of the platform: it counts as unmapped and is no problem.
        """
        if self.known != "declared":
            return [f"need not be declared: the content of roles is {self.known} on this platform"]
        return [
            f"names {name!r}, and there is no such capability"
            + (f"; {hint}" if (hint := near(name, CAPABILITIES)) else "")
            for name in sorted(declared.content)
            if name not in CAPABILITIES and _CAPABILITY.fullmatch(name) and not self.right(name)
        ]

    def recipe(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Return the native rights that a role would need to allow ``wanted``.

        For each capability the right that brings least besides; what no right brings without
        something heavier than all that is wanted is left out. Of several screens it is the one on
        which most of it can be had.
        """
        goal = effective(wanted).keys()

        def had(rights: tuple[str, ...]) -> tuple[int, int]:
            together = (self.rights[name].capabilities for name in rights)
            return len(effective(frozenset().union(*together)).keys() & goal), -len(rights)

        screens = self.layouts or (frozenset(self.rights),)
        return max((self._recipe(goal, screen) for screen in screens), key=had)

    def _recipe(self, goal: Collection[str], screen: Collection[str]) -> tuple[str, ...]:
        most = max((CAPABILITIES[name].points for name in goal), default=0)
        brings = {
            name: allowed
            for name, right in self.rights.items()
            if name in screen
            and (allowed := effective(right.capabilities | right.perhaps).keys())
            and all(CAPABILITIES[more].points <= most for more in allowed)
        }

        def besides(name: str) -> tuple[int, int, str]:
            return len(brings[name] - set(goal)), -len(brings[name] & set(goal)), name

        chosen: set[str] = set()
        for capability in sorted(goal, key=lambda name: (-CAPABILITIES[name].points, name)):
            having = [name for name in brings if capability in brings[name]]
            if having and not any(capability in brings[name] for name in chosen):
                chosen.add(min(having, key=besides))
        return tuple(sorted(chosen))
