"""Which stacks this checkout knows, which engine each runs on, and which one is selected.

The record is ``stacks.json`` in the ``.martech`` folder: the files of the real CLI hold what the
real CLI put there. An engine is chosen once, when a stack is made or first taken, and never
guessed later.
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pulumi_martech.model.errors import MartechError

VERSION = 1


class Engine(StrEnum):
    """What runs a stack: the real CLI, or the engine of this package."""

    PULUMI = "pulumi"
    EMBEDDED = "embedded"


class NoStack(MartechError):
    """No stack was named, or one that this checkout does not know."""


def default_engine() -> Engine:
    """Return the engine of a new stack: the real one where it is on PATH."""
    return Engine.PULUMI if shutil.which("pulumi") else Engine.EMBEDDED


@dataclass
class Stacks:
    """The record of one checkout; changes are written by `save`."""

    path: Path
    engines: dict[str, Engine] = field(default_factory=dict)
    selected: str = ""

    @classmethod
    def load(cls, home: Path) -> "Stacks":
        """Read the record in the ``.martech`` folder; one that is not there is empty.

        Raises:
            NoStack: the record is damaged.
        """
        path = home / "stacks.json"
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(path)
        try:
            said = json.loads(text)
            engines = {name: Engine(entry["engine"]) for name, entry in said["stacks"].items()}
            return cls(path, engines, said.get("selected") or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NoStack(
                f"read {path}",
                "it is damaged",
                "nothing was done",
                "delete it and take your stacks again: `martech stack select NAME --engine ENGINE`",
            ) from None

    def save(self) -> None:
        """Write the record, whole or not at all."""
        stacks = {name: {"engine": self.engines[name].value} for name in sorted(self.engines)}
        said = {"version": VERSION, "selected": self.selected, "stacks": stacks}
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        os.replace(new, self.path)

    def choose(self, named: str | None) -> str:
        """Return the stack to work on: named, selected, or the only one.

        Args:
            named: what ``--stack`` or MARTECH_STACK said.

        Raises:
            NoStack: none is named and there is not just one, or the named one is not known here.
        """
        known = ", ".join(sorted(self.engines)) or "none"
        name = named or self.selected
        if not name and len(self.engines) == 1:
            return next(iter(self.engines))
        if not name:
            raise NoStack(
                "choose a stack",
                f"none is named or selected (known here: {known})",
                "nothing was done",
                "say --stack NAME, or make one with `martech stack init NAME`",
            )
        if name not in self.engines:
            raise NoStack(
                f"work on stack {name}",
                f"it is not known in this checkout (known here: {known})",
                "nothing was done",
                f"make it with `martech stack init {name}`, or, if it lives in the backend of the "
                f"Pulumi CLI, take it with `martech stack select {name} --engine pulumi`",
            )
        return name

    def add(self, name: str, engine: Engine) -> None:
        """Remember a stack and its engine, and select it."""
        self.engines[name], self.selected = engine, name

    def forget(self, name: str) -> None:
        """Forget a stack."""
        self.engines.pop(name, None)
        if self.selected == name:
            self.selected = ""
