"""`martech import --apply`: take import files of ours into the state of the stack."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.model.identity import shown_url
from pulumi_martech.model.plan import GATE_TYPE, Inputs, differences, visible
from pulumi_martech.operations import machine, show
from pulumi_martech.operations.import_file import (
    GATE_PROCESS,
    PROCESS,
    STACK,
    Entry,
    merged,
    provider_text,
)
from pulumi_martech.operations.importing import Known, broken, look
from pulumi_martech.operations.recording import note_recorded
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.work import Work
from pulumi_martech.policy.guards import named
from pulumi_martech.resources.provider import PROVIDER_KEY

_LEFT = "the state was left as it is"


def apply(work: Work, screen: Screen, files: Sequence[Path]) -> int:
    """Import what the program declares and the state does not hold yet; return the exit code.

    The gate's map grows by what is imported, so that nobody counts as new in the next run. No
    platform is read or written.

    Raises:
        InvalidDeclaration: a file is none of ours, or not one of this program.
    """
    entries = _combined(files)
    known = look(work, screen)
    if not known.plan.ok:
        return broken(work, screen, known.plan, _LEFT)
    urns = {entry["name"]: _urn(work, entry) for entry in entries}
    _check(entries, urns, known)
    own = [entry for entry in entries if entry["type"] not in (PROCESS, GATE_TYPE)]
    fresh = [entry for entry in own if urns[entry["name"]] not in known.state]
    with screen.phase("taking it into the state"):
        if fresh:
            _import(work, entries, urns, known)
        _grow_gate(work, entries)
        note_recorded(work.driver)
    there = len(own) - len(fresh)
    edited = _edited(fresh, urns, known)
    _tell(screen, work, len(fresh), there, edited)
    show.duration(screen)
    if screen.machine:
        screen.write(
            machine.document(
                "import",
                stack=work.stack,
                engine=work.driver.engine.value,
                exit_code=0,
                phases=screen.phases,
                imported=sorted(entry["logicalName"] for entry in fresh),
                there_already=there,
                edited=edited,
            )
        )
    return 0


def _combined(files: Sequence[Path]) -> list[Entry]:
    """Return the entries of all files, each once, and one gate with the maps of all."""
    found: dict[str, Entry] = {}
    for file in files:
        for entry in _load(file):
            before = found.setdefault(entry["name"], entry)
            if before is not entry and entry["type"] == GATE_TYPE:
                for part in ("inputs", "outputs"):
                    both = merged(before[part]["accounts"], entry[part]["accounts"])
                    before[part]["accounts"] = both
    return list(found.values())


def _load(file: Path) -> list[Entry]:
    """Return the entries of an import file as `import_file.written` wrote them.

    What stands for code in it must be what this version writes: a state names classes to load.
    """
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["resources"]
        whole = all(_is_ours(entry) for entry in entries) and bool(_accounts(entries))
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise InvalidDeclaration(
            f"import {file}",
            "it is no file that this version of `martech import --raw` wrote",
            _LEFT,
            "write it anew",
        )
    return list(entries)


def _is_ours(entry: Mapping[str, Any]) -> bool:
    if entry["type"] == PROCESS:
        return (
            entry["name"] == GATE_PROCESS or AccountConfig.from_inputs(entry["inputs"]) is not None
        )
    text = provider_text(entry["type"])
    parts = (entry["inputs"], entry["outputs"])
    return bool(text and entry["id"] and entry["logicalName"]) and all(
        part[PROVIDER_KEY] == text for part in parts
    )


def _accounts(entries: Sequence[Entry]) -> list[AccountConfig]:
    """Return the accounts that the entries are of."""
    found = (AccountConfig.from_inputs(e["inputs"]) for e in entries if e["type"] == PROCESS)
    return [config for config in found if config is not None]


def _urn(work: Work, entry: Entry) -> str:
    return work.urn(str(entry["type"]), str(entry["logicalName"]))


def _check(entries: Sequence[Entry], urns: Mapping[str, str], known: Known) -> None:
    """Refuse what the program does not declare: the next run would take their access away."""
    for imported in _accounts(entries):
        tried = f"import what was read of account {imported.key}"
        declared = known.account(imported.key)
        if declared is None:
            raise InvalidDeclaration(tried, "the program has no account of that key", _LEFT)
        if (declared.platform, declared.url) != (imported.platform, imported.url):
            raise InvalidDeclaration(
                tried,
                f"that was {imported.platform} at {shown_url(imported.url)}, and the account of "
                f"the program is {declared.platform} at {shown_url(declared.url)}",
                _LEFT,
                "write it anew",
            )
    missing = [e["logicalName"] for e in entries if urns[e["name"]] not in known.resources]
    if missing:
        raise InvalidDeclaration(
            "import what was read",
            f"the program does not declare {len(missing)} of the resources ({named(missing)}): the "
            "next run would take them away",
            _LEFT,
            "call declare() of the module that was written with them in the program",
        )


def _import(work: Work, entries: Sequence[Entry], urns: Mapping[str, str], known: Known) -> None:
    """Run the engine's import of what is not in the state; what is there is referred to."""
    there = {e["name"]: urns[e["name"]] for e in entries if urns[e["name"]] in known.state}
    said = {
        "nameTable": {STACK: work.stack_urn, **there},
        "resources": [entry for entry in entries if entry["name"] not in there],
    }
    with _file(said) as part:
        done = work.driver.import_resources(part)
    if not done.ok:
        first = done.errors[0].text if done.errors else "the engine did not say why"
        raise MartechError(
            "import into the state", first, "what was imported before is kept", "run it again"
        )


def _grow_gate(work: Work, entries: Sequence[Entry]) -> None:
    """Add what was imported to the recorded map of the gate, where that was there before."""
    (gate,) = (entry for entry in entries if entry["type"] == GATE_TYPE)
    keys = [config.key for config in _accounts(entries)]
    more = {key: gate["inputs"]["accounts"][key] for key in keys}
    state = json.loads(work.driver.export())
    changed = False
    for resource in state["deployment"]["resources"]:
        if resource["type"] != GATE_TYPE:
            continue
        for part in (resource["inputs"], resource["outputs"]):
            grown = merged(part.get("accounts") or {}, more)
            changed = changed or grown != part.get("accounts")
            part["accounts"] = grown
    if changed:
        with _file(state) as file:
            work.driver.import_(file)


@contextlib.contextmanager
def _file(said: Any) -> Iterator[Path]:
    """Lend a file of JSON that nobody else can read."""
    with tempfile.TemporaryDirectory(prefix="martech-import-") as folder:
        file = Path(folder) / "import.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(said), encoding="utf-8")
        yield file


def _edited(fresh: Sequence[Entry], urns: Mapping[str, str], known: Known) -> list[str]:
    """Return what the program says otherwise than it was found."""

    def said(entry: Entry) -> Inputs:
        return known.resources[urns[entry["name"]]].inputs

    return sorted(
        entry["logicalName"]
        for entry in fresh
        if any(differences(visible(entry["inputs"]), dict(said(entry))))
    )


def _tell(screen: Screen, work: Work, taken: int, there: int, edited: list[str]) -> None:
    if taken:
        already = f"; {there} were there already" if there else ""
        screen.line(f"{taken} resources are in the state of {work.stack} now{already}.")
    else:
        screen.line(f"All {there} resources were in the state of {work.stack} already.")
    screen.line("Nothing was written to any platform.")
    if edited:
        screen.line(
            f"Declared otherwise than found: {named(edited)}; `martech preview` shows what that "
            "changes."
        )
    else:
        screen.line("`martech preview` has nothing to do, if nobody changed anything meanwhile.")
