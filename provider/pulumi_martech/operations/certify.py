"""`martech certify`: somebody looked at whose access is right, and says so for the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pulumi_martech.document.certifications import add, file_of
from pulumi_martech.document.evidence import Evidence
from pulumi_martech.document.load import load
from pulumi_martech.model.access import Access
from pulumi_martech.model.certification import Certification
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.people import gone
from pulumi_martech.operations import machine
from pulumi_martech.operations.screen import NotConfirmed, Screen, columns
from pulumi_martech.policy.view import Entitlement, View
from pulumi_martech.reconcile.attested import with_role_content


@dataclass(frozen=True)
class Asked:
    """What is to be certified: whose access to an account, and by whom.

    Without ``people`` and ``team`` everybody's. Whom it is not by is left out: whoever certifies
    does not certify themselves, nor what they approved.
    """

    account: str
    by: str
    people: tuple[str, ...] = ()
    team: str = ""


def certify(screen: Screen, path: Path, asked: Asked, day: date, yes: bool) -> int:
    """Show whose access it is, ask, and add the certification to the record; exit code 0.

    Raises:
        DocumentInvalid: the document or the record cannot be meant as it is written.
        InvalidDeclaration: there is no such account, person or team, or nothing to certify.
        NotConfirmed: nobody agreed.
    """
    access = with_role_content(load(path).access)
    view = Evidence.of(path, day).view(access, day)
    _known(asked, access, day)
    wanted = _wanted(asked, access, view)
    own = sorted({e.principal.key for e in wanted if not _may(e, asked.by)})
    held = [e for e in wanted if e.principal.key not in own]
    if not held:
        said = f"nobody else holds anything there on {day}" if own else "nobody of them holds it"
        raise _refused(asked, said, "name another account, or let somebody else certify")
    one = Certification(
        account=asked.account,
        on=day,
        by=asked.by,
        roles={e.grant.role: tuple(sorted(e.can)) for e in held},
        held={
            key: tuple(sorted({e.grant.role for e in held if e.principal.key == key}))
            for key in sorted({e.principal.key for e in held})
        },
    )
    _show(screen, view, held, asked.account)
    for key in own:
        screen.warn(
            f"{key} is left out: {asked.by} certifies neither their own access nor what they "
            "approved; let somebody else do it"
        )
    if not (yes or screen.interactive):
        raise NotConfirmed(
            f"certify access to {asked.account}",
            "there is no terminal to ask",
            "nothing was written",
            "look at the table and say --yes",
        )
    if not yes:
        screen.confirm(f"Is this access to {asked.account} right, {asked.by}?")
    add(path, one)
    screen.line(f"Written: {file_of(path).name}. Commit it: its history is the signature.")
    if screen.machine:
        said = machine.document("certify", exit_code=0, certification=one, left_out=own)
        screen.write(said)
    return 0


def _refused(asked: Asked, said: str, todo: str) -> InvalidDeclaration:
    tried = f"certify access to {asked.account}"
    return InvalidDeclaration(tried, said, "nothing was written", todo)


def _known(asked: Asked, access: Access, day: date) -> None:
    """Refuse names that name nothing, and somebody who has left."""
    people = access.principals
    named: list[tuple[str, str, Sequence[str]]] = [
        ("account", asked.account, list(access.accounts)),
        ("team", asked.team, list(access.teams)),
        *(("person", who, list(people)) for who in (asked.by, *asked.people)),
    ]
    for what, name, there in named:
        if name and name not in there:
            raise _refused(asked, f"the document has no {what} {name!r}", near(name, there))
    by = people[asked.by]
    if gone(by, day) or by.kind != "employee" or by.external:
        said = f"{asked.by} has left" if gone(by, day) else f"{asked.by} is none of our people"
        raise _refused(
            asked, said, "let one of our own certify: a manager, or who owns the account"
        )


def _wanted(asked: Asked, access: Access, view: View) -> list[Entitlement]:
    chosen = set(asked.people)
    if asked.team:
        chosen |= {principal.key for principal in access.members(asked.team)}
    everybody = not (asked.people or asked.team)
    return [
        held
        for held in view.by_account.get(asked.account, ())
        if everybody or held.principal.key in chosen
    ]


def _may(held: Entitlement, by: str) -> bool:
    return by not in (held.principal.key, held.principal.owner, held.grant.approved_by)


def _show(screen: Screen, view: View, held: Sequence[Entitlement], account: str) -> None:
    rows = []
    for each in held:
        last = view.certified.get((account, each.principal.key))
        rows.append(
            (
                each.principal.key,
                each.principal.name,
                each.grant.role,
                ", ".join(each.grant.assets) or "all",
                str(last_day(each.until)) if each.until else "",
                str(view.band(each)),
                each.grant.why,
                f"{last.on} by {last.by}" if last else "never",
            )
        )
    headings = ("who", "name", "role", "assets", "until", "risk", "why", "certified")
    screen.table(columns(rows, headings))
