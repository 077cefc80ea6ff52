"""`state ...`: changes what the state says of resources, without a call to any platform."""

import sys
from collections.abc import Callable
from typing import Any

from .checkpoint import Deployment
from .context import Context
from .errors import EngineError
from .integrity import Pruned, State, in_order, moved, problem, pruned
from .state_edits import deleted, marked, named_anew

_PROTECT = (
    "This will protect by modifying the stack state directly.\n"
    "If your program does not also set the 'protect' resource option, it is unprotected the next "
    "time your program runs.\nConfirm?"
)
_EDIT = "This command will edit your stack's state directly. Confirm?"
_MARKS = {  # of a command: what it sets, whether, and what that is called
    "protect": ("protect", True, "protected"),
    "unprotect": ("protect", False, "unprotected"),
    "taint": ("taint", True, "tainted"),
    "untaint": ("taint", False, "untainted"),
}


class StateCommands:
    """The commands on the resources of a state."""

    def __init__(self, context: Context, confirmed: Callable[[str], bool]):
        """Take the context, and what asks a person at a terminal."""
        self._context = context
        self._confirmed = confirmed

    def run(self) -> int:
        """Run the command; it holds the lock, and folds what a killed run left in the journal."""
        arguments = self._context.arguments
        action = arguments.action
        if action == "rename" and (arguments.urn is None or arguments.name is None):
            raise EngineError(
                "Must supply <resource URN> and <new name> unless pulumi is run interactively"
            )
        named = action in (*_MARKS, "delete")
        if named and not arguments.urns and not getattr(arguments, "all", False):
            raise EngineError("Must supply <resource URN> unless pulumi is run interactively")
        if action == "repair":
            return self._edit("state repair", self._repair, "")
        if action in _MARKS:
            question = _PROTECT if action == "protect" else _EDIT
            return self._edit(f"state {action}", self._mark, question)
        edit = self._rename if action == "rename" else self._delete
        return self._edit(f"state {action}", edit, _EDIT)

    def _edit(
        self,
        operation: str,
        edit: Callable[[list[State]], tuple[list[State], str] | None],
        question: str,
    ) -> int:
        _, folder = self._context.stack()
        if question and sys.stdin.isatty() and not self._context.arguments.yes:
            asked = not self._context.arguments.non_interactive
            if asked and not self._confirmed(question):
                raise EngineError("confirmation declined")
        with folder.locked(operation):
            deployment: Deployment = folder.read()
            before: list[State] = deployment.get("resources") or []
            wrong = problem(before)
            unchecked = self._context.arguments.disable_integrity_checking
            if wrong and operation != "state repair" and not unchecked:
                raise EngineError(
                    f"the state of stack '{folder.name}' does not fit together: {wrong}; mend it "
                    "with `state repair`, or pass --disable-integrity-checking"
                )
            edited = edit(before)
            if edited is None:
                return 0
            resources, said = edited
            if not unchecked and (wrong := problem(resources)):
                raise EngineError(f"state edit produced an invalid snapshot: {wrong}")
            folder.write({**deployment, "resources": resources})
        print(said)
        return 0

    def _mark(self, resources: list[State]) -> tuple[list[State], str]:
        arguments = self._context.arguments
        mark, on, said = _MARKS[arguments.action]
        everything = getattr(arguments, "all", False)
        result, count = marked(resources, None if everything else arguments.urns, mark, on)
        return result, f"All resources {said}" if everything else f"{count} resources {said}"

    def _delete(self, resources: list[State]) -> tuple[list[State], str]:
        arguments = self._context.arguments
        if arguments.all and arguments.urns:
            raise EngineError("cannot specify a resource URN when deleting all resources")

        def unprotect(urn: str) -> None:
            print(
                f"warning: deleting protected resource {urn} due to presence of --force",
                file=sys.stderr,
            )

        result, count = deleted(
            resources,
            None if arguments.all else arguments.urns,
            arguments.target_dependents,
            unprotect if arguments.force else None,
        )
        if arguments.all:
            return result, "Resources deleted"
        return result, "Resource deleted" if count == 1 else f"{count} resources deleted"

    def _rename(self, resources: list[State]) -> tuple[list[State], str]:
        arguments = self._context.arguments
        return named_anew(resources, arguments.urn, arguments.name), "Resource renamed"

    def _repair(self, resources: list[State]) -> tuple[list[State], str] | None:
        wrong = problem(resources)
        if not wrong:
            print("The snapshot is already valid; skipping repair")
            return None
        try:
            ordered = in_order(resources)
            result, changes = pruned(ordered)
            left = problem(result)
        except EngineError as error:
            left = str(error)
        if left:
            raise EngineError(
                f"Failed to repair the snapshot automatically: {left}; nothing was changed. Take "
                "the state out with `stack export --file state.json`, keep a copy, mend it by hand "
                f"and take it back with `stack import`. What was wrong at first: {wrong}"
            )
        if not self._context.arguments.yes:
            print(_described(moved(resources, ordered), changes))
            if not sys.stdin.isatty() or not self._confirmed(_EDIT):
                print("Confirmation denied, not proceeding with state repair")
                return None
        return result, "State repaired successfully"


def _described(reordered: list[State], changes: list[Pruned]) -> str:
    """Say what a repair will do."""

    def named(state: dict[str, Any]) -> str:
        return f"{state['urn']}{' (deleted)' if state.get('delete') else ''}"

    lines = []
    if reordered:
        lines.append("The following resources will be reordered to appear before their dependents:")
        lines += ["", *(f"* {named(state)}" for state in reordered), ""]
    if changes:
        lines += ["The following resources will be modified to remove missing dependencies:", ""]
    for change in changes:
        lines.append(f"~ {named(change.old)}")
        if change.new["urn"] != change.old["urn"]:
            lines.append(f"  ~ {change.new['urn']} [urn]")
        for gone in change.removed:
            where = f"{gone.kind}: {gone.key}" if gone.key else gone.kind
            lines.append(f"  - {gone.urn} [{where}]")
    return "\n".join(lines)
