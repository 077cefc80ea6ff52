"""`martech import`: an account that is in use becomes typed resources of the program."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.expiry import day, ended
from pulumi_martech.model.identity import shown_url
from pulumi_martech.model.plan import Op, Plan
from pulumi_martech.operations import machine, show
from pulumi_martech.operations.import_census import Census, Choice, Declared, take
from pulumi_martech.operations.import_file import as_program, written
from pulumi_martech.operations.import_items import Vendor
from pulumi_martech.operations.import_names import identifier, plain_name
from pulumi_martech.operations.import_program import (
    account_variable,
    module_name,
    source,
    summed_up,
)
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.shown import harmless
from pulumi_martech.operations.work import Work
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.guards import named
from pulumi_martech.policy.holdings import HOLDERS, holdings
from pulumi_martech.policy.plans import GATE, Recorded
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.session import Session


@dataclass(frozen=True)
class Known:
    """What the program and the state say: ``resources`` as they will be, by URN."""

    plan: Plan
    state: Mapping[str, Recorded]
    resources: Mapping[str, Recorded]

    def account(self, key: str) -> AccountConfig | None:
        """Return the account of this key as the program declares it."""
        return accounts(Plan(), self.resources.values()).get(key)

    def gate(self) -> Mapping[str, Any] | None:
        """Return the recorded inputs of the gate."""
        return next((r.inputs for r in self.state.values() if r.kind == GATE), None)


def look(work: Work, screen: Screen) -> Known:
    """Run the program, without reading any platform and without the guards: nothing is written."""
    environment = {**work.driver.environment, "MARTECH_OVERRIDE": "only looking"}
    with screen.phase("running the program"):
        plan = replace(work.driver, environment=environment).preview(refresh=False)
        state = {resource.urn: resource for resource in recorded(work.driver.export())}
    resources = dict(state)
    for step in plan.steps:
        if step.new is not None and step.op is not Op.DELETE:
            resources[step.urn] = Recorded(urn=step.urn, kind=step.kind, inputs=step.new)
        else:
            resources.pop(step.urn, None)
    return Known(plan, state, resources)


def raw(work: Work, screen: Screen, key: str, choice: Choice, folder: Path | None = None) -> int:
    """Write a program module and an import file for what is in an account; return the exit code.

    ``folder`` is where both go; by default the module goes to the program and the import file to
    the folder of Pulumi.yaml. Files that are there are never overwritten.

    Raises:
        InvalidDeclaration: the account cannot be imported as asked; nothing is read or written.
        MartechError: the account cannot be read; nothing is written.
    """
    files = _files(work, key, folder)
    known = look(work, screen)
    if not known.plan.ok:
        return broken(work, screen, known.plan, "nothing was read or written")
    config = _account(known, key)
    declared = _declared(known, config)
    _check(config, declared, choice)
    session = Session(config, home(work.root))
    client = session.connector.client
    with (
        client,
        screen.phase(f"reading {key}", lambda: f"{sum(client.counts.calls.values())} calls"),
    ):
        census = take(session, declared, choice)
    if census.items:
        gate = known.gate() or _limits(known)
        texts = (source(config, census), written(config, census.items, gate, work.stack_urn))
        for file, text, mode in zip(files, texts, (0o666, 0o600), strict=True):
            _write(file, text, mode)
    return _report(work, screen, config, census, files)


# -- before anything is read


def check_usage(account: str, raw: bool, apply: bool) -> None:
    """Refuse a command line that says neither what to write nor what to apply, or both.

    Raises:
        InvalidDeclaration: it does.
    """
    said, todo = "", "say `martech import ACCOUNT --raw`, or `martech import --apply FILE`"
    if apply and (account or raw):
        said = "--apply takes a file that is there, and no account"
    elif not apply and not account:
        said = "no account is named"
    elif not apply and not raw:
        said = "it is not said what to write, and typed resources (--raw) are what there is"
    if said:
        raise InvalidDeclaration("import", said, "nothing was done", todo)


def _files(work: Work, key: str, folder: Path | None) -> tuple[Path, Path]:
    """Return the paths of the module and the import file; neither may be there."""
    main = work.root / str(work.settings.get("main") or ".")
    program = folder or (main if main.is_dir() else main.parent)
    files = (program / f"{module_name(key)}.py", (folder or work.root) / f"{key}.import.json")
    there = [str(file) for file in files if file.exists()]
    if folder is not None and not folder.is_dir():
        raise InvalidDeclaration(
            f"import account {key}", f"{folder} is no folder", "nothing was read or written"
        )
    if there:
        raise InvalidDeclaration(
            f"import account {key}",
            f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} there already",
            "nothing was read or written",
            "remove it, or say --out FOLDER",
        )
    return files


def _account(known: Known, key: str) -> AccountConfig:
    config = known.account(key)
    if config is not None:
        return config
    others = ", ".join(sorted(accounts(Plan(), known.resources.values()))) or "none"
    credentials = 'Bearer(token="env:TOKEN")'
    raise InvalidDeclaration(
        f"import account {key}",
        f"the program has no account of that key (it has: {others})",
        "nothing was read or written",
        f'declare it first: {identifier(key)} = PLATFORM.Account("{key}", url="https://...", '
        f"credentials={credentials}), where PLATFORM is one of {', '.join(sorted(PLATFORMS))}",
    )


def _declared(known: Known, config: AccountConfig) -> Declared:
    """Return what the program says already, of this account and of people in others."""
    logins: set[str] = set()
    roles: set[str] = set()
    keys: dict[str, set[str]] = {}
    vendors = {}
    persons: dict[str, set[str]] = {}
    domains: set[str] = set()
    for resource in known.resources.values():
        kind, inputs = resource.kind.partition(":")[2], resource.inputs
        held = holdings(kind, inputs) if kind in HOLDERS else {}
        domains |= {has.domain for has in held.values() if has.domain}
        if inputs.get("account") != config.key:
            if kind == "MartechUser":
                for address in {inputs.get("login"), inputs.get("email")} - {None}:
                    persons.setdefault(str(address), set()).add(str(inputs.get("person")))
            continue
        logins |= held.keys()
        keys.setdefault(kind, set()).add(resource.urn.rsplit("/", 1)[-1])
        if kind in ("Role", "RoleReference"):
            roles.add(str(inputs.get("name")))
        if kind == "VendorGrant":
            owned = (frozenset(inputs.get("domains") or ()), frozenset(inputs.get("aliases") or ()))
            vendors[str(inputs.get("vendor"))] = owned
    return Declared(
        logins=frozenset(logins),
        roles=frozenset(roles),
        keys={kind: frozenset(of_kind) for kind, of_kind in keys.items()},
        vendors=vendors,
        persons={address: ids.pop() for address, ids in persons.items() if len(ids) == 1},
        domains=frozenset(domains),
    )


def _check(config: AccountConfig, declared: Declared, choice: Choice) -> None:
    """Refuse what cannot be imported into this program, before the account is read."""
    manifest = PLATFORMS[config.platform].manifest
    twice = [vendor.name for vendor in choice.vendors if vendor.name in declared.vendors]
    if "Roster" in declared.keys:
        said, todo = "the program has a Roster of it, which lists everybody", "add to that one"
    elif manifest.needs_successor and not config.successor:
        said = f"removing a user of {manifest.title} needs somebody who takes over what it owns"
        todo = "say successor='LOGIN' on the Account"
    elif twice:
        said, todo = f"the program has a VendorGrant {twice[0]} in it already", "add to that one"
    else:
        return
    tried = f"import account {config.key}"
    raise InvalidDeclaration(tried, said, "nothing was read or written", todo)


def _limits(known: Known) -> Mapping[str, Any]:
    """Return what a gate that is not recorded yet will have besides its map: the limits."""
    inputs: Mapping[str, Any] = next(
        (r.inputs for r in known.resources.values() if r.kind == GATE), {}
    )
    return {"limits": inputs.get("limits") or {}}


def vendors(
    said: Sequence[str], until: str, owner: str, reason: str, as_of: str
) -> tuple[Vendor, ...]:
    """Return the vendors that ``--vendor NAME=DOMAIN,...`` names, with the terms of their grants.

    What has an ``@`` or a ``:`` is a login at another domain, or a key.

    Raises:
        InvalidDeclaration: one is not written so, or a term is missing.
    """
    found: list[Vendor] = []
    if not said and (until or owner or reason):
        raise InvalidDeclaration(
            "import", "--until, --owner and --reason are terms of a --vendor", "nothing was done"
        )
    for text in said:
        name, _, owned = text.partition("=")
        parts = [part.strip().lower() for part in owned.split(",") if part.strip()]
        logins = tuple(part for part in parts if re.search("[@:]", part))
        domains = tuple(part for part in parts if part not in logins)
        tried, left = f"import the people of vendor {text}", "nothing was read or written"
        if not name or plain_name(name) != name or not domains:
            todo = "write it like --vendor northlight=northlight.example"
            raise InvalidDeclaration(tried, "this is no NAME=DOMAIN", left, todo)
        if name in [vendor.name for vendor in found]:
            raise InvalidDeclaration(
                tried, "it is named twice", left, "say all its domains at once"
            )
        if not (until and owner and reason):
            todo = "say --until DATE, --owner WHO (inside) and --reason WHY"
            raise InvalidDeclaration(tried, "a vendor's access has terms", left, todo)
        if ended(day(until, "--until").isoformat(), day(as_of, "the day of the run")):
            raise InvalidDeclaration(tried, f"the contract was over on {until}", left)
        found.append(
            Vendor(
                name=name, domains=domains, aliases=logins, until=until, owner=owner, reason=reason
            )
        )
    return tuple(found)


# -- afterwards


def _write(file: Path, text: str, mode: int) -> None:
    """Write a new file; one that came meanwhile is not overwritten."""
    with open(file, "x", encoding="utf-8", opener=lambda p, how: os.open(p, how, mode)) as new:
        new.write(text)


def _report(
    work: Work, screen: Screen, config: AccountConfig, census: Census, files: tuple[Path, Path]
) -> int:
    manifest = PLATFORMS[config.platform].manifest
    unknown = _unknown(config, census)
    screen.line(f"Account {config.key} ({manifest.title} at {shown_url(config.url)})")
    screen.line()
    screen.table(columns(_rows(census), ("found", "number", "in the program")))
    if census.left_out:
        screen.line()
        screen.line("Not declared:")
        for why, what in summed_up(census.left_out):
            screen.line(harmless(f"{why}: {named(what)}"), 4, f"{len(what):>3} ")
    screen.line()
    screen.line("Not known:")
    for text in unknown:
        screen.line(harmless(text), 4, "-")
    screen.line()
    if census.items:
        for problem in as_program(config, census.items).whole():
            screen.warn(f"the program will be refused until this is put right: {problem}")
        _tell_next(screen, config, files)
    else:
        screen.line("There is nothing to declare, so nothing was written.")
    show.duration(screen)
    if screen.machine:
        written_ = [str(file) for file in files] if census.items else []
        screen.write(
            machine.document(
                "import",
                stack=work.stack,
                engine=work.driver.engine.value,
                exit_code=0,
                phases=screen.phases,
                account=config.key,
                platform=config.platform,
                files=written_,
                found=_counts(census),
                left_out=census.left_out,
                unsaid=census.unsaid,
                unknown=unknown,
            )
        )
    return 0


def _counts(census: Census) -> dict[str, Any]:
    return {
        "roles": len(census.roles),
        "people": len(census.people),
        "services": len(census.services),
        "vendors": {item.key: len(item.inputs["people"]) for item in census.grants},
        "administrators": census.administrators,
        "pending": census.pending,
        "declared_already": census.declared,
        "left_out": len(census.left_out),
    }


def _rows(census: Census) -> list[tuple[str, str, str]]:
    """Return what was found as rows, without those of which there are none."""
    kinds = sorted({item.kind for item in census.roles})
    rows = [
        ("roles", len(census.roles), ", ".join(kinds)),
        ("people", len(census.people), "MartechUser"),
        ("services", len(census.services), "MartechUser"),
        *(
            (f"people of vendor {item.key}", len(item.inputs["people"]), "VendorGrant")
            for item in census.grants
        ),
        ("  of these, administrators", census.administrators, ""),
        ("  of these, invited and not there yet", census.pending, ""),
        ("declared already", census.declared, "as it was"),
        ("not declared", len(census.left_out), "no: see below"),
    ]
    return [(what, str(number), where) for what, number, where in rows if number]


def _unknown(config: AccountConfig, census: Census) -> tuple[str, ...]:
    """Return in words what is not known of the account, and what of it is not managed."""
    found = [
        f"{name} of {number} members, which cannot be declared as it is and is left alone"
        for name, number in census.unsaid.items()
    ]
    references = sum(item.kind == "RoleReference" for item in census.roles)
    if references:
        found.append(
            f"what the {references} roles allow: look it up and say it with content=, declared_by= "
            "and declared_on="
        )
    if not (config.administrators or PLATFORMS[config.platform].manifest.administrator_roles):
        found.append("which roles administer it: name them on the Account, administrators=[...]")
    return (*census.unknown, *found)


def _tell_next(screen: Screen, config: AccountConfig, files: tuple[Path, Path]) -> None:
    module, file = files
    name = account_variable(config)
    screen.line(f"Written: {_short(module)} and {_short(file)}; the account was only read.")
    screen.line()
    screen.line("Next:")
    screen.line(
        f"say in the program, where {name} is the Account:  import {module.stem}; "
        f"{module.stem}.declare({name})",
        4,
        "1.",
    )
    screen.line(
        f"martech import --apply {_short(file)}   (takes it into the state, writes to no platform)",
        4,
        "2.",
    )
    screen.line("martech preview   (has nothing to do then; remove the import file)", 4, "3.")


def _short(file: Path) -> Path:
    """Return a path as it is typed here."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def broken(work: Work, screen: Screen, plan: Plan, left: str) -> int:
    """Say why the program does not run through; return the exit code."""
    show.messages(screen, plan.errors)
    screen.error(f"the program does not run through; {left}; mend it and run again")
    if screen.machine:
        screen.write(
            machine.document(
                "import",
                stack=work.stack,
                engine=work.driver.engine.value,
                exit_code=1,
                phases=screen.phases,
                plan=plan,
            )
        )
    return 1
