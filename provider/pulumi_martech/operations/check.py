"""`martech check`: what policies find in an access document, or in a program without one. Offline.

Nobody is asked and no credential is read: a pull request's check needs neither.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_martech.document.compile import compile_access
from pulumi_martech.document.evidence import Evidence
from pulumi_martech.document.load import Document, read
from pulumi_martech.document.problems import Finding as DocumentFinding
from pulumi_martech.document.problems import Problem, errors
from pulumi_martech.document.revision import committed, committed_on
from pulumi_martech.model import expiry
from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.facts import FRESH
from pulumi_martech.operations import machine
from pulumi_martech.operations.base import Base, Compared, compared
from pulumi_martech.operations.facts import Taken, take
from pulumi_martech.operations.preflight import recorded
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.since import Since, since
from pulumi_martech.operations.work import Work
from pulumi_martech.policy import change, waivers
from pulumi_martech.policy.ahead import with_ahead
from pulumi_martech.policy.builtin import rules_of
from pulumi_martech.policy.judging import Judgement, judge, ordered
from pulumi_martech.policy.plans import Recorded, left_by
from pulumi_martech.policy.resource_view import view_of_resources
from pulumi_martech.policy.rule import Finding, Rule
from pulumi_martech.project import project
from pulumi_martech.reconcile.attested import role_content, with_role_content

MOST = 200
"""Problems and findings that a terminal is shown; nobody reads more, and long tables are slow."""

FOUND = 2
"""Exit code where mandatory policies find something: asked, and not in order."""

USUAL = ("access.yaml", "stacks/access.yaml")
"""Where a document is looked for, from the working folder and from that of Pulumi.yaml."""


@dataclass(frozen=True)
class Checked:
    """What a check came to: problems of the document, findings of policies with their places.

    ``rules`` are the policies that it was made by, ``day`` the day it was judged as of;
    ``committed`` says that this is the day of its commit, and ``since`` what came after it.
    ``compared`` is what came of a comparison with a base; its findings are in ``judgement`` too.
    ``taken`` are the facts there were of each account.
    """

    document: str
    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    judgement: Judgement
    places: Mapping[int, str]
    day: date
    committed: bool = False
    since: Since | None = None
    compared: Compared | None = None
    taken: tuple[Taken, ...] = ()


def find_document(folder: Path, file: Path | None = None) -> Path | None:
    """Return the access document of a project, ``None`` if it has none at the usual places.

    ``file`` names another one, from ``folder``.
    """
    if file is not None:
        return folder / file
    for base in dict.fromkeys((folder.absolute(), project(folder))):
        for name in USUAL:
            if (base / name).is_file():
                return base / name
    return None


def check_document(
    path: Path,
    day: date | None = None,
    base: Base | None = None,
    facts: Path | None = None,
    facts_days: int = FRESH,
    tell: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Read a document and judge it as of a day; a document with errors is not judged.

    Without a day it is that of its last commit, so that a commit is judged the same whenever it is
    looked at; today, if it was changed since. With a base a change of the rules is judged by the
    rules there were before. Facts are of today, and so is the judgement with them; none counts that
    is older than ``facts_days``. ``tell`` is told the policy that is at work.

    Raises:
        InvalidDeclaration: the base or the facts cannot be read, or a policy cannot be run.
    """
    document, rules = read(path), rules_of(project(path.parent))
    last = committed_on(document) if day is None and facts is None else None
    until = day or expiry.today()
    day = day or last or expiry.as_of()
    if not document.ok:
        return Checked(path.name, rules, tuple(document.problems), Judgement(()), {}, day)
    access = with_role_content(document.access)
    evidence = Evidence.of(path, until)
    taken: tuple[Taken, ...] = ()
    if facts is not None:
        known, taken = take(facts, access, expiry.today(), facts_days)
        evidence = replace(evidence, facts=known)
    seen = evidence.view(access, day)
    judgement = with_ahead(judge(seen, rules, tell=tell), seen, rules)
    change = None
    if base:
        change = compared(document, base, seen, judgement, lambda a: evidence.view(a, day))
        findings = ordered((*judgement.findings, *change.findings))
        judgement = replace(judgement, findings=findings)
    wrong = [DocumentFinding(way, text, way[0] == "policies") for way, text in judgement.wrong]
    wrong += compile_access(document.access, day).findings
    return Checked(
        path.name,
        rules,
        (*document.problems, *document.locate(wrong)),
        judgement,
        places(document, judgement.findings),
        day,
        last is not None,
        since(access, day, expiry.today()) if last else None,
        change,
        taken,
    )


def places(document: Document, findings: tuple[Finding, ...]) -> dict[int, str]:
    """Return where each finding stands: its position among ``findings`` to file, line, column."""
    found = {}
    for number, finding in enumerate(findings):
        if len(finding.way) >= 2:
            section, entry = finding.way[:2]
            found[number] = str(document.place(str(section), entry))
    return found


def _attested(resource: Recorded) -> Recorded:
    """Return an account with what was attested of its custom roles, any other as it is."""
    config = AccountConfig.from_inputs(resource.inputs)
    if config is None or not isinstance(config.credentials, ByHand):
        return resource
    known = config.model_copy(update={"role_content": role_content(config)})
    return resource.model_copy(update={"inputs": known.inputs()})


def show(screen: Screen, checked: Checked, strict: bool) -> int:
    """Print what was found; return the exit code: 0, 1 for problems, 2 for mandatory findings."""
    by_id = {rule.id: rule for rule in checked.rules}
    wrong = errors(checked.problems)
    findings = checked.judgement.findings
    failing = [f for f in findings if not f.waived and (f.severity == "mandatory" or strict)]
    code = 1 if wrong else FOUND if failing else 0
    if screen.machine:
        screen.write(_machine(checked, by_id, code))
        return code
    for problem in checked.problems[:MOST]:
        (screen.error if problem.severity == "error" else screen.warn)(str(problem))
    if len(checked.problems) > MOST:
        screen.warn(f"and {len(checked.problems) - MOST} more: `--json` gives all of them")
    if wrong:
        screen.line(f"{checked.document} has {counted(len(wrong), 'error')} and cannot be meant.")
        return code
    if findings:
        rows = [
            (
                "waived" if finding.waived else str(finding.severity),
                finding.rule,
                checked.places.get(number, ""),
                finding.text + (f" (waived by {finding.waived})" if finding.waived else ""),
                "" if finding.waived else _fix(finding, by_id),
            )
            for number, finding in enumerate(findings[:MOST])
        ]
        screen.table(columns(rows, ("", "policy", "where", "found", "what to do")))
        if len(findings) > MOST:
            screen.line(f"and {len(findings) - MOST} more: `--json` gives all of them")
        screen.line()
    screen.line(_summary(checked))
    for one in checked.taken:
        (screen.line if one.counted else screen.warn)(f"Facts: {one}." if one.counted else str(one))
    if checked.judgement.settings:
        screen.line(f"Set otherwise here: {'; '.join(map(str, checked.judgement.settings))}.")
    for note in checked.since.notes() if checked.since else ():
        screen.line(f"Note: {note}.")
    for address in checked.compared.unknown if checked.compared else ():
        screen.warn(
            f"{address} made this change and is nobody of the document: whether it is about "
            "themselves was not judged; say who it is with --by PERSON, or add an alias"
        )
    return code


def _fix(finding: Finding, by_id: Mapping[str, Rule]) -> str:
    if finding.rule in by_id:
        return by_id[finding.rule].fix
    return {change.PROCESS: change.FIX, waivers.WAIVERS: waivers.FIX}.get(finding.rule, "")


def _summary(checked: Checked) -> str:
    findings = checked.judgement.findings
    waived = sum(1 for finding in findings if finding.waived)
    mandatory = len(checked.judgement.mandatory)
    advisory = len(findings) - waived - mandatory
    when = " (its last commit)" if checked.committed else ""
    return (
        f"{checked.document} as of {checked.day}{when}, by {len(checked.rules)} policies: "
        f"{counted(mandatory, 'mandatory finding')}, {advisory} advisory, {waived} waived."
    )


def counted(number: int, what: str) -> str:
    """Return a number of things in words: ``1 error``, ``2 errors``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _machine(checked: Checked, by_id: Mapping[str, Rule], code: int) -> str:
    listed: list[dict[str, Any]] = [
        {
            "policy": finding.rule,
            "severity": finding.severity,
            "about": list(finding.about),
            "text": finding.text,
            "where": checked.places.get(number, ""),
            "fix": _fix(finding, by_id),
            "waived": finding.waived,
        }
        for number, finding in enumerate(checked.judgement.findings)
    ]
    later = checked.since
    problems = [
        {"where": str(problem.place), "severity": problem.severity, "text": problem.text}
        for problem in checked.problems
    ]
    return machine.document(
        "check",
        document=checked.document,
        as_of=checked.day.isoformat(),
        committed=checked.committed,
        exit_code=code,
        problems=problems,
        findings=listed,
        facts=checked.taken,
        authors=list(checked.compared.authors) if checked.compared else [],
        authors_unknown=len(checked.compared.unknown) if checked.compared else 0,
        settings=[dataclasses.asdict(setting) for setting in checked.judgement.settings],
        since=None
        if later is None
        else {
            "as_of": later.day.isoformat(),
            "grants": list(later.grants),
            "waivers": list(later.waivers),
        },
    )


def the_document(folder: Path, file: Path | None = None) -> Path:
    """Return the access document for a verb that reads nothing else.

    Raises:
        InvalidDeclaration: the project has none.
    """
    path = find_document(folder, file)
    if path is not None:
        return path
    raise InvalidDeclaration(
        "find the access document",
        f"there is none in {folder.absolute()} (looked for {' and '.join(USUAL)})",
        "nothing was done",
        "write one, or name it (--help says how): this reads the document, a program is not enough",
    )


def nothing_to_check(folder: Path) -> InvalidDeclaration:
    """Return the error for a project with neither a document nor a program."""
    return InvalidDeclaration(
        "check the access document",
        f"there is none in {folder.absolute()} (looked for {' and '.join(USUAL)}), "
        "and no program either",
        "nothing was checked",
        "name it: `martech check FILE`",
    )


def has_program(folder: Path) -> bool:
    """Tell whether there is a Pulumi project to run here or above."""
    return (project(folder) / "Pulumi.yaml").is_file()


def check_program(work: Work, screen: Screen, day: date | None = None) -> Checked:
    """Judge the resources that a program declares, by the policies that resources are enough for.

    Without a day it is that of the program's last commit; see `check_document`.

    Raises:
        InvalidDeclaration: the program does not run through.
    """
    last = committed([work.root / name for name in work.program()]) if day is None else None
    day = day or last or expiry.as_of()
    work = work.on(day.isoformat(), work.targets)
    with screen.phase("running the program"):
        plan = work.driver.preview(refresh=False)
    if plan.errors:
        raise InvalidDeclaration(
            "run the program",
            "; ".join(message.text for message in plan.errors),
            "nothing was judged",
            "mend it",
        )
    resources = [_attested(one) for one in left_by(plan, recorded(work.driver.export()))]
    rules = rules_of(work.root)
    judgement = judge(view_of_resources(resources, day), rules, only_resources=True)
    return Checked("the program", rules, (), judgement, {}, day, last is not None)
