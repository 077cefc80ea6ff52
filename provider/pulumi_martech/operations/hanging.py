"""What hangs on the people who go with a plan, asked of the platforms before anything is written.

Some things pass to a successor, some stay with an owner who is gone, and what no API shows is
unknown and said to be. Only accounts that somebody leaves are asked, at the same time, and only
about the first people of each.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.membership import Kind, Membership, Status
from pulumi_martech.platforms.base import Connector, ShowsBelongings
from pulumi_martech.platforms.registry import PLATFORMS, connect

MOST = 20
"""People of one account that are looked at for one plan; each costs some six calls."""

_WORKERS = 8

Looked = tuple[list[Leaving], list[str]]
"""Who goes, with what hangs on them; and what is wrong with the successors, in sentences."""


def look(
    people: Sequence[Leaving],
    accounts: Mapping[str, AccountConfig],
    not_asked: Mapping[str, str],
) -> Looked:
    """Ask what hangs on each person, and whether there is somebody to take it over.

    Args:
        people: who goes.
        accounts: the accounts by key, with the credentials to ask with.
        not_asked: accounts that are not to be asked, and why.
    """
    by_account: dict[str, list[Leaving]] = {}
    for one in people:
        by_account.setdefault(one.account, []).append(one)

    def ask(key: str) -> Looked:
        going, config = by_account[key], accounts.get(key)
        if config is None or key in not_asked:
            why = not_asked.get(key, "the account is not known")
            return [_unknown(one, config, why) for one in going], []
        return _ask(config, going)

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        answers = list(pool.map(ask, by_account))
    found = [one for going, _ in answers for one in going]
    return found, [problem for _, problems in answers for problem in problems]


def _ask(config: AccountConfig, going: Sequence[Leaving]) -> Looked:
    """Ask one account about its first people; one that does not answer knows nothing of all."""
    manifest = PLATFORMS[config.platform].manifest
    wanting = [one for one in going if one.verb == "remove" and manifest.needs_successor]
    heirs = {one.successor for one in wanting if one.successor and not one.deletes}
    absent: dict[str, str] = {}
    try:
        connector = connect(config)
        with connector.client:
            found = _found(connector, going[:MOST])
            for heir in heirs:
                if manifest.normal_login(heir) in {one.login for one in going}:
                    absent[heir] = "goes in this run as well"
                elif connector.find(heir) is None:
                    absent[heir] = "is not in the account"
    except MartechError as error:
        why = f"the account was not read: {error.said or error.tried}"
        return [_unknown(one, config, why) for one in going], _wrong(wanting, absent, ())
    found += [
        _unknown(one, config, f"not looked at: of an account the first {MOST} people are")
        for one in going[MOST:]
    ]
    return found, _wrong(wanting, absent, found)


def _found(connector: Connector, asked: Sequence[Leaving]) -> list[Leaving]:
    """Return people with what hangs on them, as far as the platform shows it."""
    kinds = connector.manifest.hangs_on_person
    if not isinstance(connector, ShowsBelongings):
        return [one.holding(kinds, ()) for one in asked]
    members = [_member(connector, one) for one in asked]
    people = [member for member in members if member is not None and not _bare(member)]
    belongings = connector.belongings(people)
    found = []
    for one, member in zip(asked, members, strict=True):
        why = "is not there any more" if member is None else _bare(member)
        if member is None or why:
            found.append(one.model_copy(update={"note": why}))
        else:
            found.append(one.holding(kinds, belongings[member.id]))
    return found


def _member(connector: Connector, one: Leaving) -> Membership | None:
    """Read who goes, by the native id where that is known, else by login."""
    login = connector.manifest.normal_login(one.login)
    member = connector.fetch(one.id, ()) if one.id else None
    return member if member is not None and member.login == login else connector.find(login)


def _bare(member: Membership) -> str:
    """Say why nothing can hang on a member, empty if something may."""
    if member.status is Status.PENDING:
        return "has not accepted the invitation: it is cancelled"
    return "is no person: nothing is asked" if member.kind is Kind.SERVICE else ""


def _unknown(one: Leaving, config: AccountConfig | None, why: str) -> Leaving:
    kinds = PLATFORMS[config.platform].manifest.hangs_on_person if config else ()
    return one.holding(kinds, ()).model_copy(update={"note": why})


def _wrong(
    wanting: Collection[Leaving], absent: Mapping[str, str], found: Sequence[Leaving]
) -> list[str]:
    """Return a sentence for each person whose content nobody would take over."""
    held = {one.name: one.belongings for one in found}
    problems = []
    for one in wanting:
        if one.deletes or (one.successor and one.successor not in absent):
            continue
        owned = [str(kind) for kind in held.get(one.name, ()) if kind.count and kind.passed_on]
        owns = f" ({', '.join(owned)})" if owned else ""
        why = f"{one.successor} {absent[one.successor]}" if one.successor else "nobody is named"
        problems.append(
            f"{one.account}, successor: somebody has to take over what {one.person} owns{owns}, "
            f"and {why}; say successor='LOGIN' on the Account, or put the resource back with a "
            f"successor or delete_content='REASON' of its own, apply, and take it out again"
        )
    return problems
