"""A plan as it is reviewed: reduced to what matters, stable byte for byte, free of secrets.

`martech preview --save F` writes one and `martech up --plan F` carries out exactly that one. The
reduced form leaves out what differs from run to run or machine to machine (ids, times, order,
steps that change nothing), so the same program on the same state gives the same bytes in every
checkout. Secret values read ``[secret]``: that one changes is in the plan, to what is not.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.plan import STACK_TYPE, Inputs, Plan, differences
from pulumi_martech.model.values import Frozen

FORMAT = "martech-plan/1"

_PROGRAM_FILES = frozenset({".py", ".yaml", ".yml"})
_NO_PROGRAM = frozenset({"__pycache__", "node_modules", "venv"})


class PlanChanged(MartechError):
    """The plan of now is not the plan that was reviewed."""


class ReducedStep(Frozen):
    """What is done to one resource: its inputs before and after (``None``: it is not there)."""

    urn: str
    op: str
    old: Inputs | None
    new: Inputs | None


class ReviewedPlan(Frozen):
    """A reduced plan.

    ``as_of`` is the day or instant (UTC) grants were judged by; ``targets`` what the preview was
    limited to; ``program`` the SHA-256 of each file of the program, by path from the project;
    ``leaving`` what hung on the people who go, which is told and not compared: it goes on changing.
    """

    stack: str
    as_of: str
    targets: tuple[str, ...] = ()
    program: Mapping[str, str]
    steps: tuple[ReducedStep, ...]
    leaving: tuple[Leaving, ...] = ()

    @property
    def hash(self) -> str:
        """The SHA-256 of what is compared, in hexadecimal digits."""
        compared = self.model_dump(mode="json", exclude={"leaving"})
        return hashlib.sha256(_canonical(compared).encode()).hexdigest()

    def text(self) -> str:
        """Return the file: JSON, keys sorted."""
        said = {"format": FORMAT, "hash": self.hash, **self.model_dump(mode="json")}
        return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


class Unlike(Frozen):
    """One thing in which two plans differ, in words: what was reviewed, what is now."""

    what: str
    reviewed: str
    now: str


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def reduced(
    plan: Plan, stack: str, as_of: str, program: Mapping[str, str], targets: Iterable[str] = ()
) -> ReviewedPlan:
    """Reduce a plan to what is reviewed."""
    steps = [
        ReducedStep(urn=step.urn, op=step.op.value, old=step.old, new=step.new)
        for step in plan.steps
        if step.type != STACK_TYPE
    ]
    return ReviewedPlan(
        stack=stack,
        as_of=as_of,
        targets=tuple(sorted(targets)),
        program=dict(sorted(program.items())),
        steps=tuple(sorted(steps, key=lambda step: (step.urn, step.op))),
        leaving=plan.leaving,
    )


def load(path: Path) -> ReviewedPlan:
    """Read a saved plan.

    Raises:
        MartechError: it cannot be read, is no plan, or was edited by hand.
    """
    tried, todo = f"read the plan {path}", "make it again with `martech preview --save`"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict) or said.pop("format", None) != FORMAT:
            raise MartechError(tried, "it is not a saved plan of martech", "nothing was done", todo)
        stated = said.pop("hash", "")
        plan = ReviewedPlan.model_validate(said)
    except OSError as error:
        raise MartechError(tried, error.strerror or "", "nothing was done", todo) from None
    except (ValueError, ValidationError):
        raise MartechError(tried, "it is damaged", "nothing was done", todo) from None
    if stated != plan.hash:
        raise MartechError(
            tried, "it was changed after it was saved", "nothing was done", todo
        ) from None
    return plan


def unlike(reviewed: ReviewedPlan, now: ReviewedPlan) -> list[Unlike]:
    """List in what the plan of now differs from the reviewed one; empty if in nothing."""
    found = [
        Unlike(what=what, reviewed=before, now=after)
        for what, before, after in (
            ("stack", reviewed.stack, now.stack),
            ("as of", reviewed.as_of, now.as_of),
            ("targets", ", ".join(reviewed.targets), ", ".join(now.targets)),
        )
        if before != after
    ]
    for file in sorted(reviewed.program.keys() | now.program.keys()):
        before, after = reviewed.program.get(file), now.program.get(file)
        if before != after:
            words = ("-" if before is None else "there", "-" if after is None else "there")
            if None not in (before, after):
                words = (f"sha256 {before}"[:15], f"sha256 {after}"[:15])
            found.append(Unlike(what=f"program file {file}", reviewed=words[0], now=words[1]))
    return found + list(_unlike_steps(reviewed, now))


def _unlike_steps(reviewed: ReviewedPlan, now: ReviewedPlan) -> Iterator[Unlike]:
    before = {step.urn: step for step in reviewed.steps}
    after = {step.urn: step for step in now.steps}
    for urn in sorted(before.keys() | after.keys()):
        name, old, new = urn.split("::", 3)[-1], before.get(urn), after.get(urn)
        if old is None or new is None or old.op != new.op:
            yield Unlike(
                what=name,
                reviewed=old.op if old else "no change",
                now=new.op if new else "no change",
            )
            continue
        for side, was, is_ in (("now there", old.old, new.old), ("wanted", old.new, new.new)):
            if (was is None) is not (is_ is None):
                words = ("-" if was is None else "there", "-" if is_ is None else "there")
                yield Unlike(what=f"{name} ({side})", reviewed=words[0], now=words[1])
                continue
            for diff in differences(was or {}, is_ or {}):
                yield Unlike(
                    what=f"{name} {diff.path} ({side})",
                    reviewed="-" if diff.kind == "add" else _canonical(diff.old),
                    now="-" if diff.kind == "delete" else _canonical(diff.new),
                )


def program_files(root: Path, main: Path, stack_file: Path | None) -> dict[str, str]:
    """Return the SHA-256 of each file that makes the program, by path from the project's folder.

    These are the Python and YAML files below the folder of the program, ``Pulumi.yaml``, and the
    configuration of the stack without what encrypts it. Line endings do not count.
    """
    files = {root / "Pulumi.yaml", *_below(main)}
    found = {}
    for file in sorted(files):
        if not file.is_file() or _is_stack_file(file):
            continue
        content = file.read_bytes().replace(b"\r\n", b"\n")
        found[_relative(file, root)] = hashlib.sha256(content).hexdigest()
    if stack_file is not None and stack_file.is_file():
        found[_relative(stack_file, root)] = hashlib.sha256(_config(stack_file)).hexdigest()
    return found


def _relative(file: Path, root: Path) -> str:
    try:
        return file.relative_to(root).as_posix()
    except ValueError:
        return file.name


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files of a program, not those of environments, caches and hidden folders."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.name in _NO_PROGRAM or path.is_symlink():
            continue
        if path.is_dir() and not (path / "pyvenv.cfg").exists():
            yield from _below(path)
        elif path.suffix in _PROGRAM_FILES:
            yield path


def _is_stack_file(file: Path) -> bool:
    """Tell whether a file is the configuration of some stack (``Pulumi.dev.yaml``)."""
    return file.name.startswith("Pulumi.") and file.name.count(".") > 1


def _config(stack_file: Path) -> bytes:
    """Return the configuration in a stack's file; how its secrets are encrypted is left out."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        said = YAML(typ="safe").load(stack_file) or {}
    except YAMLError:
        return stack_file.read_bytes()
    return _canonical(said.get("config") or {}).encode()
