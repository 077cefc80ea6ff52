"""Resources that the program knows under another urn than the state."""

from collections.abc import Iterable, Sequence
from typing import Any

from .decisions import Decisions
from .run import Run
from .state import STACK_TYPE, ResourceState, make_urn, qualified_type, urn_name, urn_type


class Aliases:
    """Finds the old state of a resource under its urn or one of its aliases.

    Attributes:
        old_of: a new urn to the old one that was found by an alias.
    """

    def __init__(self, run: Run, decisions: Decisions):
        self._run = run
        self._decisions = decisions
        self.old_of: dict[str, str] = {}

    def old_resource(
        self, urn: str, name: str, kind: str, parent: str, aliases: Sequence[Any]
    ) -> tuple[ResourceState | None, bool, str]:
        """Return the old resource, whether that is clear, and the alias it was found by."""
        run, valid = self._run, True
        seen, new_of = self._decisions.seen, self._decisions.new_of
        if urn in new_of:
            run.error(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN "
                f"'{new_of[urn]}'",
                urn,
            )
            valid = False
        for candidate in [urn, *self._aliases(name, kind, parent, aliases)]:
            old = run.olds.get(candidate)
            if old is None:
                continue
            if candidate == urn:
                return old, valid, ""
            taken = [urn] if candidate in seen else []
            taken += [new_of[candidate]] if candidate in new_of else []
            for other in taken:
                run.error(
                    f"Duplicate resource alias '{candidate}' applied to resource with URN '{urn}' "
                    f"conflicting with resource with URN '{other}'",
                    urn,
                )
                valid = False
            new_of[candidate] = urn
            self.old_of[urn] = candidate
            return old, valid, candidate
        return None, valid, ""

    def _aliases(self, name: str, kind: str, parent: str, aliases: Sequence[Any]) -> Iterable[str]:
        own = [self._alias(name, kind, parent, alias) for alias in aliases]
        yield from own
        if parent in self.old_of:
            before, now = urn_name(self.old_of[parent]), urn_name(parent)
            for child_kind, child in [(kind, name), *((urn_type(u), urn_name(u)) for u in own)]:
                # A child that is named after its parent was named after the old one.
                named = before + child[len(now) :] if child.startswith(now) else child
                yield make_urn(
                    self._run.stack,
                    self._run.project.name,
                    self.old_of[parent],
                    child_kind,
                    named,
                )

    def _alias(self, name: str, kind: str, parent: str, alias: Any) -> str:
        if alias.urn:
            return str(alias.urn)
        spec = alias.spec
        above = spec.parentUrn or parent
        if spec.parentUrn in self.old_of:
            above = self.old_of[spec.parentUrn]
        if spec.noParent or (above and qualified_type(above) == STACK_TYPE):
            above = ""
        return make_urn(
            spec.stack or self._run.stack,
            spec.project or self._run.project.name,
            above,
            spec.type or kind,
            spec.name or name,
        )
