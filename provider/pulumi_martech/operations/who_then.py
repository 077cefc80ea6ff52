"""`martech who` of a day that is over: from the audit, and from what people attested.

The audit tells what we wrote, an attestation what somebody saw in an account without an API. What
neither shows is said to be unknown, and never taken for nobody.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pulumi_martech.document.load import load
from pulumi_martech.model.access import Access
from pulumi_martech.model.attestation import Attestation
from pulumi_martech.model.capability import capabilities_like
from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.model.identity import domain_of, holder_of, normal_domain
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.people import Principal
from pulumi_martech.operations import machine
from pulumi_martech.operations.check import counted
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.who import known, show
from pulumi_martech.platforms import attested
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.answers import Question
from pulumi_martech.policy.view import RoleHere, native_roles
from pulumi_martech.reconcile import chain
from pulumi_martech.reconcile.attested import declared_by
from pulumi_martech.reconcile.entries import pseudonym
from pulumi_martech.reconcile.history import Past, begins, held_on
from pulumi_martech.reconcile.home import home

HEADINGS = ("who", "account", "roles then", "since", "can", "known")
_KEYS = ("who", "account", "roles", "since", "can", "known")


@dataclass(frozen=True)
class _Row:
    """Somebody in an account; ``content`` is what the roles allow, ``None`` where nobody knows.

    ``external`` is ``None`` of whom the document does not know any more.
    """

    who: str
    company: str
    external: bool | None
    account: str
    roles: tuple[str, ...]
    since: date
    how: str
    content: RoleHere | None


@dataclass
class _Evidence:
    """What there is to answer from; ``broken`` are sentences, ``lacking`` what nobody recorded."""

    rows: list[_Row] = field(default_factory=list)
    companies: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)


def who_then(
    path: Path | None,
    question: Question,
    day: date,
    screen: Screen,
    folder: Path,
    as_csv: bool = False,
) -> int:
    """Answer as of a day that was; returns exit code 0, or 1 where what it rests on was changed.

    The document, where there is one, gives roles their content and people of companies their ids.

    Raises:
        InvalidDeclaration: nothing was recorded here, or what is asked about is nowhere.
    """
    access = load(path).access if path is not None else Access()
    found = _Evidence()
    _from_audit(found, access, day, home(folder))
    _from_attestations(found, access, day)
    if not found.accounts:
        raise InvalidDeclaration(
            f"answer as of {day}",
            f"there is no audit in {home(folder) / 'audit'} and no attestation: nothing that "
            "happened before today is recorded here",
            "nothing was answered",
            "run it where the audit is kept (MARTECH_HOME), or ask about today",
        )
    known(question, access, found.accounts, found.companies, found.people)
    rows = [row for row in found.rows if _meant(row, question, access)]
    notes = _notes(found, question, access)
    cells = [_cells(row) for row in sorted(rows, key=lambda row: (row.who, row.account))]
    code = int(bool(found.broken))
    if screen.machine:
        screen.write(
            machine.document(
                "who",
                as_of=day.isoformat(),
                source="audit",
                exit_code=code,
                broken=sorted(found.broken),
                notes=notes,
                answers=[dict(zip(_KEYS, row, strict=True)) for row in cells],
            )
        )
        return code
    show(screen, cells, HEADINGS, as_csv)
    if not as_csv:
        people = len({row.who for row in rows})
        number = counted(people, "holder") if people else "Nobody is recorded"
        screen.line()
        screen.line(f"{number} as of the end of {day}, from the audit and attestations.")
        for note in notes:
            screen.line(note)
    for said in found.broken.values():
        screen.error(said)
    return code


# -- the audit


def _from_audit(found: _Evidence, access: Access, day: date, folder: Path) -> None:
    for file in chain.files(folder):
        account, verdict = file.stem, chain.verify(file)
        if not verdict.ok:
            found.broken[account] = (
                f"the audit of {account} is broken, so that this answer proves nothing of it: see "
                "`martech audit verify`"
            )
        entries = list(chain.entries(file))
        found.accounts.add(account)
        first = begins(entries).get(account)
        if first is None or first > day:
            found.lacking.append(
                f"The audit of {account} begins on {first}: nothing is known of before."
                if first
                else f"The audit of {account} is empty."
            )
        for past in held_on(entries, day):
            found.rows.append(_written(past, access, day))
        for entry in entries:
            group, marked, _ = entry.person.partition("#")
            (found.companies if marked else found.people).add(group)


def _written(past: Past, access: Access, day: date) -> _Row:
    group, marked, _ = past.person.partition("#")
    principal = access.principals.get(past.person)
    who, company = past.person, ""
    if marked:
        company = group
        who = _of_company(past, group, access) or past.person
    elif principal is not None:
        company = principal.company
    how = "written by us" if past.made else "written by us; what was there before is not known"
    if past.unsure:
        how = "last write has no known end"
    account = access.accounts.get(past.account)
    return _Row(
        who=who,
        company=company,
        external=True if marked else principal.external if principal else None,
        account=past.account,
        roles=tuple(sorted(past.roles)),
        since=past.since.date(),
        how=how,
        content=_content(account, past.roles, day),
    )


def _of_company(past: Past, group: str, access: Access) -> str:
    """Return our id of a vendor's person that stands in the audit as ``vendor#...``."""
    account, vendor = access.accounts.get(past.account), access.vendors.get(group)
    if account is None or vendor is None:
        return ""
    for key, person in vendor.people.items():
        login = person.login(account.key, account.platform)
        if past.person in (pseudonym(group, login), pseudonym(group, login.lower())):
            return key
    return ""


# -- attestations


def _from_attestations(found: _Evidence, access: Access, day: date) -> None:
    for key in attested.attested_accounts():
        try:
            seen = attested.load(key)
        except MartechError as error:
            found.broken[key] = str(error)
            continue
        found.accounts.add(key)
        by_then = [one for one in seen if one.day <= day]
        if not by_then:
            found.lacking.append(f"Nobody had attested what {key} holds by {day}.")
            continue
        last = by_then[-1]
        account = access.accounts.get(key) or Account(key=key, platform=last.platform)
        declared = {**declared_by(last), **account.role_content}
        account = account.model_copy(update={"role_content": declared, "platform": last.platform})
        ours = _by_login(account, access)
        for login, roles in last.people.items():
            found.rows.append(_attested(last, login, roles, account, ours, access, day))


def _by_login(account: Account, access: Access) -> dict[str, Principal]:
    return {
        login.strip().lower(): one
        for one in access.principals.values()
        for login in (*one.aliases, one.login(account.key, account.platform))
    }


def _attested(
    seen: Attestation,
    login: str,
    roles: Collection[str],
    account: Account,
    ours: Mapping[str, Principal],
    access: Access,
    day: date,
) -> _Row:
    one = ours.get(login.lower())
    company = one.company if one else _whose(domain_of(login), access)
    platform = PLATFORMS.get(account.platform)
    how = f"attested by {seen.by} of {seen.at}"
    if platform is None or platform.manifest.attested is None:
        how += f", when it was worked on by hand ({account.platform})"
    elif day > seen.last_day(platform.manifest.attested.days):
        how += ", too old by then to count"
    return _Row(
        who=one.key if one else login,
        company=company,
        external=one.external if one else bool(company) or None,
        account=account.key,
        roles=tuple(sorted(roles)),
        since=seen.day,
        how=how,
        content=_content(account, roles, day),
    )


def _whose(domain: str, access: Access) -> str:
    whose = {normal_domain(one): key for key, v in access.vendors.items() for one in v.domains}
    whose |= {normal_domain(one): key for key, p in access.partners.items() for one in p.domains}
    return holder_of(domain, whose) or ""


# -- what is asked


def _content(account: Account | None, roles: Collection[str], day: date) -> RoleHere | None:
    if account is None or account.platform not in PLATFORMS:
        return None
    return native_roles(account, roles, day)


def _meant(row: _Row, question: Question, access: Access) -> bool:
    if question.account and row.account != question.account:
        return False
    asset = access.assets.get(question.asset)
    if question.asset and (asset is None or asset.account != row.account):
        return False
    if question.who and question.who != row.who:
        return False
    if question.vendor and question.vendor != row.company:
        return False
    if question.external and row.external is False:
        return False
    content = row.content
    if not question.can or content is None:
        return True
    return content.may(capabilities_like(question.can))


def _cells(row: _Row) -> tuple[str, ...]:
    content, how = row.content, row.how
    if content is None:
        can = "not known" if row.roles else "nothing"
    else:
        can = ", ".join(sorted(content.can)) or ("nothing known" if row.roles else "nothing")
        if content.unproven:
            can = f"perhaps {can}" if content.can else can
            how += f"; content of {', '.join(content.unproven)} not proven"
        if content.unmapped:
            how += f"; nobody has mapped {', '.join(sorted(content.unmapped))}"
    roles = ", ".join(row.roles) or "none"
    return row.who, row.account, roles, row.since.isoformat(), can, how


def _notes(found: _Evidence, question: Question, access: Access) -> list[str]:
    notes = [
        "The audit tells what we wrote until then: what was clicked by hand, or was there before, "
        "is not in it."
    ]
    if question.asset:
        notes.append(
            f"To which assets access was limited is not recorded: these reach the account of "
            f"{question.asset}."
        )
    strangers = {row.who for row in found.rows if row.external is None}
    if (question.vendor or question.external) and strangers:
        notes.append(
            f"Not in the document, so that nobody can say whose people they were: "
            f"{', '.join(sorted(strangers))}."
        )
    unseen = sorted(access.accounts.keys() - found.accounts)
    if unseen and (not question.account or question.account in unseen):
        notes.append(f"Nothing is recorded of {', '.join(unseen)}.")
    return notes + found.lacking
