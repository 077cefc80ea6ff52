"""Runs on a disk in memory that is troubled at the n-th call, for every n there is.

Whatever happens: who exists on the platform is in the state or pending, and the next runs make
everything as declared.
"""

import copy
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.stacks import empty_deployment
from pulumi_martech.engine.embedded.stores import FolderStore
from tests.engine.disk import Disk, Killed
from tests.engine.office import AFTER, BEFORE, USER, WORLD, Place, World, provider_code, wanted

CUTS = ("none", "removals", "all", "lengths")
"""What a power cut may leave: see `Disk.cut_power`."""

CHANGING = ("open", "write", "sync", "rename", "link", "remove", "sync_folder", "make_folder")
"""Calls that a disk refuses which is full or cannot be written to."""


@dataclass
class OnDisk(Place):
    """A place whose store is a folder on a disk that can be troubled."""

    disk: Disk

    def other(self) -> "OnDisk":
        """Return it as another process has it."""
        return on(self.disk.other(), self.root)

    def works_again(self) -> None:
        """End all trouble."""
        self.disk.dead, self.disk.trouble = False, lambda number, name: None


def on(disk: Disk, root: Path) -> OnDisk:
    return OnDisk(root, FolderStore(Path("/state/dev"), disk), disk)


@dataclass
class Stage:
    """How everything is before the run that is troubled."""

    root: Path
    disk: Any
    world: World
    on: Callable[[Any, Path], Any] = on

    def place(self) -> Any:
        WORLD.people, WORLD.made = copy.deepcopy((self.world.people, self.world.made))
        disk = self.disk.copy()
        WORLD.dead = lambda: disk.dead
        return self.on(disk, self.root)


def staged(root: Path, disk: Any = None, on: Callable[[Any, Path], Any] = on) -> Stage:
    """Make a stack with the people of `BEFORE`, on a disk or what else `on` makes a place of."""
    WORLD.reset()
    disk = disk or Disk()
    place = on(disk, root)
    place.stack.make(empty_deployment())
    assert place.run(BEFORE) == 0
    assert set(WORLD.people) == wanted(BEFORE)
    return Stage(root, disk, World(dict(WORLD.people), dict(WORLD.made)), on)


def at(number: int, trouble: str, forever: bool = False, only: tuple[str, ...] = ()) -> Any:
    """Return the trouble of one call, or of all from it on."""

    def happens(now: int, name: str) -> str | None:
        hit = now == number or (forever and now > number)
        return trouble if hit and name in (only or (name,)) else None

    return happens


# ------------------------------------------------------------------ what is done, and afterwards


@dataclass(frozen=True)
class Act:
    """What is done on a stage, who is there then, and what must be so after trouble."""

    run: Callable[[OnDisk], int]
    logins: set[str]
    settle: Callable[[OnDisk, str], None]
    before: Callable[[Stage], Stage] = lambda stage: stage


def _update(place: OnDisk) -> int:
    return place.run(AFTER)


def _first(place: OnDisk) -> int:
    if not place.stack.exists:
        place.stack.make(empty_deployment())
    return place.run(AFTER)


def _first_settled(place: OnDisk, what: str) -> None:
    if not place.stack.exists:
        assert not WORLD.people, f"{what}: somebody is there, and no stack"
        place.stack.make(empty_deployment())
    place.converges(what)


def _nobody(stage: Stage) -> Stage:
    return replace(stage, disk=Disk(), world=World())


def _changed_by_hand(stage: Stage) -> Stage:
    people = copy.deepcopy(stage.world.people)
    people["bob"]["role"] = "admin"
    del people["dan"], people["eve"]
    return replace(stage, world=replace(stage.world, people=people))


def _refresh(place: OnDisk) -> int:
    return place.run({}, "refresh")


def _refreshed(place: OnDisk, what: str) -> None:
    place.forgets_nobody(what)
    place.stack.unlock()
    assert _refresh(place) == 0, what
    found = {r["id"]: r["outputs"]["role"] for r in place.users()}
    assert found == {f"id of {n}": p["role"] for n, p in WORLD.people.items()}, what
    place.converges(what)


def _reread(place: OnDisk) -> int:
    people = {name: one for name, one in BEFORE.items() if name != "cat"}  # who is read at the end
    return place.run(people, "refresh", by_program=True)


def _destroy(place: OnDisk) -> int:
    return place.run({}, "destroy")


def _destroyed(place: OnDisk, what: str) -> None:
    place.forgets_nobody(what)
    place.stack.unlock()
    assert _destroy(place) == 0, what
    assert not WORLD.people and not place.stack.read()["resources"], what
    WORLD.made.clear()
    place.converges(what)


_STRANGERS = ("hal", "ivy")


def _with_strangers(stage: Stage) -> Stage:
    people = {name: {"login": name, "role": "reader"} for name in _STRANGERS}
    items = [
        {
            "type": USER,
            "name": name,
            "id": f"id of {name}",
            "inputs": {"__provider": provider_code(), **people[name]},
            "outputs": {"__provider": provider_code(), **people[name]},
        }
        for name in _STRANGERS
    ]
    stage.root.joinpath("import.json").write_text(json.dumps({"resources": items}))
    made = {**stage.world.made, **dict.fromkeys(_STRANGERS, 1)}
    return replace(stage, world=World({**stage.world.people, **people}, made))


def _import(place: OnDisk) -> int:
    return place.run({}, "import", import_file=place.root / "import.json", protect=False)


def _imported(place: OnDisk, what: str) -> None:
    place.forgets_nobody(what, _STRANGERS)
    place.stack.unlock()
    WORLD.asked.clear()
    assert _import(place) == 0, what
    assert place.logins() == set(WORLD.people) == wanted(BEFORE) | set(_STRANGERS), what
    assert not WORLD.asked, f"{what}: an import asks for nothing"
    place.converges(what)


ACTS = {
    "update": Act(_update, wanted(AFTER), lambda place, what: place.converges(what)),
    "first": Act(_first, wanted(AFTER), _first_settled, _nobody),
    "refresh": Act(_refresh, {"ann", "bob", "cat"}, _refreshed, _changed_by_hand),
    "refresh by the program": Act(_reread, {"ann", "bob", "cat"}, _refreshed, _changed_by_hand),
    "destroy": Act(_destroy, set(), _destroyed),
    "import": Act(_import, wanted(BEFORE) | set(_STRANGERS), _imported, _with_strangers),
}


# ------------------------------------------------------------------ sweeps


def calls(stage: Stage, act: Act) -> list[str]:
    """Return the calls to the disk of a run without trouble."""
    place = stage.place()
    assert act.run(place) == 0
    assert place.logins() == set(WORLD.people) == act.logins
    return list(place.disk.calls)


def sweep_kills(
    stage: Stage, act: Act, trouble: str, cut: str = "", step: int = 1, threads: int = 1
) -> int:
    """Kill a run at every call, with a power cut or without; return how many calls there are."""
    stage = act.before(stage)
    total = len(calls(stage, act))
    for number in range(1, total + 1, step):
        place = stage.place()
        place.disk.trouble = at(number, trouble)
        try:  # a run may end before, as some have a call or two less
            assert act.run(place) == 0
            assert len(place.disk.calls) < number
        except Killed:
            assert len(place.disk.calls) == number
        if cut:
            place.disk.cut_power(cut)
        place.works_again()
        if not cut and place.stack.exists:
            assert len(place.pending()) <= threads, "what was done is known to be done"
        act.settle(place, f"{trouble} {cut} at {number}")
    return total


def sweep_asked(stage: Stage, act: Act) -> int:
    """Kill a run whenever it has said what it begins, and before the platform hears of it."""
    stage = act.before(stage)
    for number in itertools.count(1):
        place = stage.place()
        asked = itertools.count(1)

        def gone(place: OnDisk = place, number: int = number, asked: Any = asked) -> bool:
            place.disk.dead = place.disk.dead or next(asked) == number
            return place.disk.dead

        WORLD.dead = gone
        with suppress(Killed):
            assert act.run(place) == 0
            return number
        place.works_again()
        WORLD.dead = lambda: False
        act.settle(place, f"killed before call {number}")
    return 0


def sweep_failures(stage: Stage, act: Act, trouble: str, forever: bool, step: int = 1) -> None:
    """Let every call fail, that one alone or all from it on; a run that ends well has not lied."""
    stage = act.before(stage)
    names = calls(stage, act)
    only = () if trouble == "broken" else CHANGING
    for number in range(1, len(names) + 1, step):
        if only and names[number - 1] not in only:
            continue
        place = stage.place()
        place.disk.trouble = at(number, trouble, forever, only)
        code = 1
        with suppress(EngineError):
            code = act.run(place)
        place.works_again()
        what = f"{trouble} at {number}, {names[number - 1]}"
        if code == 0:
            place.disk.cut_power("none")
            assert place.logins() == set(WORLD.people) == act.logins, f"{what}: a lie"
            assert not place.pending(), what
        act.settle(place, what)
