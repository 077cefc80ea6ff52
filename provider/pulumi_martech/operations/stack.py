"""`martech stack`: make, list, select, remove, move stacks."""

import json
import re
from pathlib import Path
from typing import Any

from pulumi_martech.engine.driver import Driver
from pulumi_martech.engine.stacks import Engine, NoStack, default_engine
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.operations import machine
from pulumi_martech.operations.screen import Screen, columns, require_approval
from pulumi_martech.operations.shown import harmless
from pulumi_martech.operations.work import Work, known_stacks

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def init(folder: Path, screen: Screen, name: str, engine: Engine | None) -> int:
    """Make a stack on an engine (the real one where it is on PATH), remember and select it."""
    root, stacks = known_stacks(folder)
    _check(name)
    if name in stacks.engines:
        raise NoStack(
            f"make stack {name}",
            f"this checkout has one already, on the engine {stacks.engines[name]}",
            "nothing was done",
            f"use it (`martech stack select {name}`), or remove it first",
        )
    chosen = engine or default_engine()
    Driver(chosen, root, name).create()
    stacks.add(name, chosen)
    stacks.save()
    screen.line(made(name, chosen))
    return 0


def made(name: str, engine: Engine) -> str:
    """Say that a stack is made, and for whom it is selected: bare ``pulumi`` keeps its own."""
    said = f"Stack {name} is made on the engine {engine} and selected"
    if engine is not Engine.PULUMI:
        return f"{said}."
    return (
        f"{said} for martech; for bare pulumi select it too (`pulumi stack select {name}`), or say "
        f"`-s {name}`."
    )


def ls(folder: Path, screen: Screen, as_json: bool) -> int:
    """List the stacks this checkout knows."""
    _, stacks = known_stacks(folder)
    rows = [
        {"name": name, "engine": engine.value, "selected": name == stacks.selected}
        for name, engine in sorted(stacks.engines.items())
    ]
    if as_json:
        screen.write(machine.document("stack ls", stacks=rows))
    elif rows:
        listed = [(row["name"], row["engine"], "*" if row["selected"] else "") for row in rows]
        screen.table(columns(listed, ("stack", "engine", "selected")))
    else:
        screen.line("No stacks yet; make one with `martech stack init NAME`.")
    return 0


def select(folder: Path, screen: Screen, name: str, engine: Engine | None) -> int:
    """Select a stack; with an engine, take one that is already there into this checkout."""
    root, stacks = known_stacks(folder)
    _check(name)
    known = stacks.engines.get(name)
    if known is None and engine is not None:
        if not Driver(engine, root, name).exists():
            raise NoStack(
                f"take stack {name}",
                f"the engine {engine} has no such stack",
                "nothing was done",
                f"make it with `martech stack init {name} --engine {engine}`",
            )
        stacks.engines[name] = engine
    elif known is not None and engine not in (None, known):
        raise NoStack(
            f"select stack {name} on the engine {engine}",
            f"it runs on {known}, and a stack keeps its engine",
            "nothing was done",
            "to move it, export it here and import it into a new stack on the other engine",
        )
    stacks.selected = stacks.choose(name)
    stacks.save()
    screen.line(f"Stack {name} is selected (engine {stacks.engines[name]}).")
    return 0


def rm(folder: Path, screen: Screen, name: str, yes: bool, force: bool) -> int:
    """Remove a stack that holds nothing (or, with ``force``, forget what it holds)."""
    root, stacks = known_stacks(folder)
    chosen = stacks.choose(name)
    require_approval(screen, yes, f"remove stack {chosen}")
    if not yes:
        screen.confirm(f"This removes stack {chosen} and its state.", chosen)
    Driver(stacks.engines[chosen], root, chosen).remove(force=force)
    stacks.forget(chosen)
    stacks.save()
    screen.line(f"Stack {chosen} is removed.")
    return 0


def unlock(folder: Path, screen: Screen, name: str, yes: bool) -> int:
    """Break the lock that a run left which is gone; what it did is in the state."""
    root, stacks = known_stacks(folder)
    chosen = stacks.choose(name)
    driver = Driver(stacks.engines[chosen], root, chosen)
    lock = driver.lock()
    if lock is None:
        screen.line(f"Stack {chosen} may be locked; the engine pulumi does not say by whom.")
    elif not lock.id:
        screen.line(f"Stack {chosen} is not locked.")
        return 0
    else:
        screen.line(f"Stack {chosen} is locked by {harmless(lock.holder)}.")
    require_approval(screen, yes, f"unlock stack {chosen}")
    if not yes:
        screen.confirm(
            "If that run still works, two runs would write at once: make sure that it is gone."
        )
    driver.unlock(lock)
    screen.line(f"Stack {chosen} is unlocked; the next run goes on from what was done.")
    return 0


def export(work: Work, screen: Screen, file: Path | None, show_secrets: bool) -> int:
    """Write the deployment of the stack to a file or to standard output."""
    text = work.driver.export(show_secrets=show_secrets)
    if file is None:
        screen.write(text if text.endswith("\n") else text + "\n")
    else:
        file.touch(mode=0o600)
        file.write_text(text + "\n", encoding="utf-8")
        screen.line(f"Exported stack {work.stack} to {file}.")
    return 0


def import_(work: Work, screen: Screen, file: Path) -> int:
    """Put a deployment from a file in the place of the stack's state."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        whole = isinstance(said, dict) and isinstance(said.get("deployment"), dict)
    except (OSError, ValueError):
        whole = False
    if not whole:
        raise InvalidDeclaration(
            f"import {file}",
            "it is not a deployment",
            "the stack was left as it is",
            "give a file made by `martech stack export` or `pulumi stack export`",
        )
    work.driver.import_(file)
    screen.line(f"Imported {file} into stack {work.stack}.")
    return 0


def output(work: Work, screen: Screen, name: str, as_json: bool, show_secrets: bool) -> int:
    """Print the outputs of the stack, or one of them."""
    outputs = work.driver.outputs(show_secrets=show_secrets)
    if name and name not in outputs:
        raise NoStack(
            f"read output {name} of stack {work.stack}",
            f"there is none (there are: {', '.join(sorted(outputs)) or 'none'})",
        )
    said: Any = outputs[name] if name else outputs
    if as_json:
        screen.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    elif name:
        screen.line(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))
    elif outputs:
        rows = [(key, json.dumps(outputs[key], ensure_ascii=False)) for key in sorted(outputs)]
        screen.table(columns(rows, ("output", "value")))
    else:
        screen.line(f"Stack {work.stack} has no outputs.")
    return 0


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidDeclaration(
            f"name a stack {name!r}",
            "names have letters, digits, `_`, `.` and `-`, and at most 100 characters",
            "nothing was done",
        )
