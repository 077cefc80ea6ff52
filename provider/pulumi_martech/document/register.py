"""Resources of what a document comes to, in the running program."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from pulumi_martech.document.compile import Compiled, Declaration, compile_access
from pulumi_martech.document.evidence import Evidence
from pulumi_martech.document.load import Document, read
from pulumi_martech.document.problems import Finding, Place, Problem, errors
from pulumi_martech.document.revision import committed_on
from pulumi_martech.model.access import Access, Held
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.expiry import as_of, ends_count, today
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.moment import over
from pulumi_martech.policy.builtin import rules_of
from pulumi_martech.policy.judging import judge
from pulumi_martech.project import project
from pulumi_martech.reconcile.attested import with_role_content
from pulumi_martech.resources.accounts import AccountResource
from pulumi_martech.resources.limit import limits
from pulumi_martech.resources.program import program

MOST = 200
"""Problems of a document that refuse a run by name; nobody reads more."""


@dataclass(frozen=True)
class Declared:
    """What a document declared in this program.

    Attributes:
        access: the document's values.
        accounts: its accounts by key, so that a program can declare more in them.
    """

    access: Access
    accounts: Mapping[str, AccountResource]


def register(
    path: str | Path, accounts: Mapping[str, AccountResource], enforce: bool = False
) -> Declared:
    """Declare what a document says as of the day of this run; see `document.declare`."""
    document = read(_found(Path(path)))
    _note(errors(document.problems))
    program().waits_for()  # so that the gate is there to refuse even a document without accounts
    made = dict(accounts)
    if not document.ok:
        return Declared(document.access, made)
    compiled = compile_access(document.access, as_of(), accounts, ends_count())
    problems = document.locate([*compiled.findings, *_unfitting(document.access, accounts)])
    _note(problems)
    if problems:
        return Declared(document.access, made)
    if enforce:
        _enforce(document)
    _note_another_day(document.access)
    _limit(document)
    try:
        for account in compiled.accounts:
            if account.key not in made:
                program().place = str(document.place("accounts", account.key))
                found = _account(account, document.place("accounts", account.key))
                if found is not None:
                    made[account.key] = found
        _declare(document, compiled, made)
    finally:
        program().place = ""
    return Declared(document.access, made)


def _limit(document: Document) -> None:
    """Set what one run may change, as far as the document says it, and whose domains are ours."""
    access = document.access
    limits(company_domains=access.company.domains)
    for name in sorted(access.limits.model_fields_set):
        program().place = str(document.place("limits", name))
        limits(**{name: getattr(access.limits, name)})
    program().place = ""


def _note_another_day(access: Access) -> None:
    """Note what a run of another day than today would do to ends and begins."""
    day, now = as_of(), today()

    def named(held: Held) -> str:
        until = f" ({held.until})" if held.until else ""
        return f"{held.principal.key}/{held.grant.account}/{held.grant.role}{until}"

    if day < now:
        program().late += [named(held) for held in access.held(day) if over(held.until, now)]
    if day > now:
        ends, begins = program().early
        ends += [named(held) for held in access.held(now) if over(held.until, day)]
        in_force = {(held.principal.key, held.index) for held in access.held(now)}
        begins += [
            named(held)
            for held in access.held(day)
            if (held.principal.key, held.index) not in in_force
        ]


def _enforce(document: Document) -> None:
    """Note what mandatory policies find and nobody answers for."""
    # As a check does: a nightly run that ends access is not refused because a waiver ended.
    day = committed_on(document) or as_of()
    view = Evidence.of(document.path, as_of()).view(with_role_content(document.access), day)
    try:
        rules = rules_of(project())
        judgement = judge(view, rules)
    except InvalidDeclaration as error:
        program().problem(str(error), document.path.name)
        return
    _note(document.locate([Finding(way, text, True) for way, text in judgement.wrong]))
    fixes = {rule.id: rule.fix for rule in rules}
    for finding in judgement.mandatory:
        text = f"{finding.text} (policy {finding.rule}); {fixes.get(finding.rule, '')}"
        place = document.place(str(finding.way[0]), finding.way[1]) if finding.way else ""
        program().problem(text, str(place or document.path.name))


def _found(path: Path) -> Path:
    """Return a document by its path: from the program's folder, else from that of Pulumi.yaml."""
    beside = project() / path
    return beside if not path.exists() and beside.exists() else path


def _note(problems: list[Problem]) -> None:
    for problem in problems[:MOST]:
        program().problem(problem.text, str(problem.place))
    if len(problems) > MOST:
        text = f"and {len(problems) - MOST} more: `martech check --json` gives all of them"
        program().problem(text, str(problems[MOST].place))


def _unfitting(access: Access, accounts: Mapping[str, AccountResource]) -> list[Finding]:
    """Return where accounts of the program and of the document are not the same."""
    found = []
    for key, resource in accounts.items():
        account = access.accounts.get(key)
        if account is not None and account.platform != resource.platform:
            text = f"account {key} is one of {resource.platform} in the program"
            found.append(Finding(("accounts", key, "platform"), text))
        if account is not None and account.credentials is not None:
            text = f"account {key} is declared by the program: take url and credentials away"
            found.append(Finding(("accounts", key, "credentials"), text, key=True))
    return found


def _account(account: Account, place: Place) -> AccountResource | None:
    """Declare an account."""
    try:
        config = account.config()
    except InvalidDeclaration as error:
        program().problem(str(error), str(place))
        return None
    kind = _class(account.platform, "Account")
    # What an account takes is its platform's: credentials, or the operator where there is no API.
    names = signature(kind).parameters.keys() - {"key", "opts"}
    made: AccountResource = kind(account.key, **{name: getattr(config, name) for name in names})
    return made


def _declare(document: Document, compiled: Compiled, made: Mapping[str, AccountResource]) -> None:
    """Declare roles for the program to find, and in turns who holds them: none waits for those."""
    members: deque[Declaration] = deque()
    for declaration in compiled.declarations:
        if declaration.kind in ("Role", "RoleReference"):
            _one(document, declaration, made)
        else:
            members.append(declaration)
    compiled.declarations.clear()
    with program().in_turns():
        while members:
            _one(document, members.popleft(), made)


def _one(document: Document, declaration: Declaration, made: Mapping[str, AccountResource]) -> None:
    account = made.get(declaration.account)
    if account is None:
        return
    section, entry = declaration.way[:2]
    program().place = str(document.place(str(section), entry))
    kind = _class(account.platform, declaration.kind)
    if declaration.kind == "Roster":
        kind(account=account, **declaration.arguments)
    else:
        kind(declaration.key, account=account, **declaration.arguments)


def _class(platform: str, kind: str) -> Any:
    return getattr(import_module(f"pulumi_martech.resources.{platform}"), kind)
