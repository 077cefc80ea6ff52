"""Who can do what: answers read off a view, as rows that a terminal, a sheet or a program takes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pulumi_martech.model.capability import CAPABILITIES, capabilities_like
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.people import Principal
from pulumi_martech.policy.holders import mfa_of
from pulumi_martech.policy.view import Entitlement, View


@dataclass(frozen=True)
class Question:
    """What is asked; empty parts ask nothing.

    ``can`` is a capability or a shell pattern of some, ``asset`` an asset of the document,
    ``vendor`` a vendor or partner, ``who`` a person, ``account`` an account, ``external`` people of
    vendors and partners and other externals only.
    """

    can: str = ""
    asset: str = ""
    vendor: str = ""
    who: str = ""
    account: str = ""
    external: bool = False


@dataclass(frozen=True)
class Answer:
    """One principal in one account by one role.

    ``how`` says how it is known that the role allows what was asked: ``proven``; ``assumed`` where
    the content of a native role is not proven, ``not proven that it cannot`` where nothing else
    says so (rights that nobody has mapped are as good as not proven); ``as declared`` where nothing
    is written to the account. ``can`` says which, where a pattern of capabilities was asked for.
    """

    who: str
    name: str
    company: str
    account: str
    role: str
    natives: str
    assets: str
    until: str
    risk: str
    mfa: str
    how: str
    can: str = ""


def answers(view: View, question: Question) -> Iterator[Answer]:
    """Yield whoever it is, in the order of the document.

    Raises:
        InvalidDeclaration: ``can`` is no capability; the sentence has near ones.
    """
    wanted = capabilities_like(question.can) if question.can else frozenset()
    for held in view.entitlements:
        if _meant(held, question, view) and (not wanted or held.role.may(wanted)):
            yield _answer(held, wanted, view)


def _meant(held: Entitlement, question: Question, view: View) -> bool:
    principal, grant = held.principal, held.grant
    if question.who and principal.key != question.who:
        return False
    if question.account and held.account.key != question.account:
        return False
    if question.vendor and question.vendor not in (principal.vendor, principal.partner):
        return False
    if question.external and not principal.external:
        return False
    if question.asset:
        asset = view.access.assets.get(question.asset)
        if asset is None or asset.account != held.account.key:
            return False
        if grant.assets and question.asset not in grant.assets:
            return False
    return True


def _answer(held: Entitlement, wanted: frozenset[str], view: View) -> Answer:
    principal = held.principal
    how = "assumed" if held.role.unproven else "proven"
    if wanted and held.can.isdisjoint(wanted):
        how = "not proven that it cannot"
    if not held.role.natives:
        how = "as declared"
    return Answer(
        who=principal.key,
        name=principal.name,
        company=principal.company,
        account=held.account.key,
        role=held.grant.role,
        natives=", ".join(held.role.natives),
        assets=", ".join(held.grant.assets) or "all",
        until="" if held.until is None else last_day(held.until).isoformat(),
        risk=str(view.band(held)) if not held.role.unproven else "up to severe",
        mfa=mfa_of(principal, held.account, view.day),
        how=how,
        can=", ".join(sorted(held.can & wanted)) if len(wanted) > 1 else "",
    )


Matrix = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Headings, and rows of as many cells."""


def matrix(view: View, by: str = "people") -> Matrix:
    """Return who has which roles where: people or teams down, accounts across.

    Args:
        view: what to show.
        by: ``people``: cells are roles; ``teams``: cells say how many of a team have access, and
            whether they reach personal data; ``capabilities``: capabilities down, cells say how
            many people can.
    """
    accounts = list(view.access.accounts)
    if by == "capabilities":
        rows = [
            (name, *(_many(view, account, name) for account in accounts)) for name in CAPABILITIES
        ]
        return ("capability", *accounts), [row for row in rows if any(row[1:])]
    if by == "teams":
        return ("team", *accounts), [
            (team or "no team", *(_team_cell(view, team, account) for account in accounts))
            for team in [*view.access.teams, ""]
            if team or any(not held.principal.team for held in view.entitlements)
        ]
    rows = []
    for key, held in view.by_principal.items():
        cells = (
            ", ".join(dict.fromkeys(e.grant.role for e in held if e.account.key == account))
            for account in accounts
        )
        rows.append((key, _belongs(held[0].principal), *cells))
    return ("who", "team or company", *accounts), rows


def _belongs(principal: Principal) -> str:
    return principal.team or principal.company


def _many(view: View, account: str, name: str) -> str:
    held = view.by_account.get(account, ())
    sure = {e.principal.key for e in held if name in e.can and not e.role.unproven}
    perhaps = {e.principal.key for e in held if e.role.may(name)} - sure
    if not sure and not perhaps:
        return ""
    return f"{len(sure)}" + (f" to {len(sure) + len(perhaps)}" if perhaps else "")


def _team_cell(view: View, team: str, account: str) -> str:
    held = [e for e in view.by_account.get(account, ()) if e.principal.team == team]
    people = {e.principal.key for e in held}
    if not people:
        return ""
    personal = {e.principal.key for e in held if reaches_personal(e.can)}
    open_ = {e.principal.key for e in held if e.role.open} - personal
    said = f"{len(people)}"
    if personal:
        said += f", {len(personal)} reach personal data"
    if open_:
        said += f", {len(open_)} perhaps"
    return said


def reaches_personal(can: Collection[str]) -> bool:
    """Tell whether capabilities touch data about people."""
    return any(CAPABILITIES[name].personal for name in can)
