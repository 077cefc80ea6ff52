"""Memberships and roles of accounts without an API: wishes are asked, attestations show.

Nothing is ever written to such a platform. A wish is recorded with when and of whom it was asked;
what is there is what an attestation says that is newer than the wish and by somebody else. Before
there is one, nobody knows: the wish stands as declared, and what was to go is not gone.

The guards are those of every account, asked before a step is asked of anybody.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from pulumi_martech.model.access import Access
from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.attestation import Asked, Attestation, NotYet
from pulumi_martech.model.content import Declared
from pulumi_martech.model.errors import Different, InvalidDeclaration, UnknownRole
from pulumi_martech.model.identity import near
from pulumi_martech.model.membership import Change, Membership, NativeRole, Status, Wish, difference
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.attested import AttestedConnector
from pulumi_martech.platforms.base import OnDestroy, RoleArguments
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.reconcile.readback import summary, words_of
from pulumi_martech.reconcile.session import Session

How = Literal["asked", "equal"]


def connector(session: Session) -> AttestedConnector:
    """Return the session's connector as what it is on an attested platform."""
    found = session.connector
    if not isinstance(found, AttestedConnector):
        raise InvalidDeclaration(f"ask a person about {session.manifest.title}", "it has an API")
    return found


def standing(session: Session, asked: Asked | None) -> bool:
    """Tell whether nobody can say yet what is there: nothing is attested since it was asked."""
    seen = _evidence(session)
    return seen is None or (asked is not None and not seen.proves(asked))


# -- users


def see(session: Session, login: str, asked: Asked | None) -> Membership | None:
    """Return the member as attested since it was asked for; *to do* while nobody can say.

    ``None`` means that an attestation does not list it.
    """
    if standing(session, asked):
        return Membership(id=login, login=login, status=Status.ASKED, asked=asked)
    return session.listing().by_login(login)


def bring(
    session: Session, person: str, wish: Wish, asked: Asked | None, *, new: bool, adopt: bool
) -> tuple[Membership, How]:
    """Ask for the membership to be made what is declared, unless it is attested to be that.

    Raises `Different` for a ``new`` one that is attested, differs, and is not to be adopted.
    """
    verb = "create user" if new else "change user"
    tried = f"{verb} {wish.login} in account {session.config.key}"
    session.before_write(tried)
    seen = see(session, wish.login, asked)
    known = session.listing().by_login(wish.login)  # perhaps from before it was asked for
    if seen is not None and seen.status is not Status.ASKED:
        changes = difference(seen, wish)
        if not changes:
            return seen, "equal"
        if new and not adopt:
            raise Different(
                tried,
                f"it is attested to be there and differs ({summary(changes)})",
                "nothing was asked for",
                "declare what is there, or say adopt=True to have it changed",
            )
    if known is not None:
        session.before_change(known, wish, tried, joins=new)
    else:
        session.before_joining(wish, tried)
    step = _ask(session, person, verb, _difference(known, wish), wish)
    member = Membership(
        id=wish.login,
        login=wish.login,
        status=Status.ASKED,
        roles=frozenset(wish.roles),
        attributes=wish.attributes,
        asked=step,
    )
    session.wrote(member)
    return member, "asked"


def end(
    session: Session,
    person: str,
    login: str,
    verb: OnDestroy,
    asked: Asked | None,
    planned: bool = False,
) -> None:
    """Ask for the membership to be ended, unless an attestation shows that it is.

    Raises `NotYet` after asking: what is to go is gone when somebody has attested it.
    """
    tried = f"{verb} user {login} in account {session.config.key}"
    session.before_write(tried)
    seen = see(session, login, asked)
    if seen is None or (verb == "downgrade" and seen.roles == frozenset()):
        session.removed(login)
        return
    known = session.listing().by_login(login) or seen
    session.before_removal(known, tried, planned)
    gone = Wish(login=login, roles={})
    step = _ask(session, person, f"{verb} user", _difference(known, gone), known, ends_access=True)
    raise NotYet(tried, _still_there(session, asked), todo=_todo(session, step))


# -- roles


def see_role(session: Session, id_: str, name: str, asked: Asked | None) -> NativeRole | None:
    """Return a custom role as attested since it was asked for, without content where unknown.

    ``id_`` is the name it was attested under last: a new name that was asked for is not yet there.
    """
    seen = _evidence(session)
    if seen is None or seen.roles is None or standing(session, asked):
        return NativeRole(id=id_, name=name, asked=asked)
    return connector(session).find_role(name) or connector(session).find_role(id_)


def bring_role(
    session: Session, key: str, id_: str, wish: RoleArguments, asked: Asked | None, *, new: bool
) -> tuple[NativeRole, How]:
    """Ask for the role called ``id_`` to be made what is declared, unless it is attested to be so.

    Raises `Different` for a ``new`` one that is attested with another content.
    """
    tried = f"{'create' if new else 'change'} role {wish.name} in account {session.config.key}"
    session.before_write(tried)
    seen, known = see_role(session, id_, wish.name, asked), connector(session).find_role(id_)
    if seen is not None and seen.attributes:
        changes = role_difference(seen, wish)
        if not changes:
            return seen, "equal"
        if new:
            raise Different(
                tried,
                f"it is attested to be there and differs ({', '.join(changes)})",
                "nothing was asked for",
                "declare what is there, run, and then change the declaration",
            )
    verb = "create role" if new else "change role"
    changed = [wish.name] if known is None else role_difference(known, wish)
    step = _ask(session, key, verb, changed, None)
    session.role_came(NativeRole(id=id_, name=wish.name))
    return NativeRole(id=id_, name=wish.name, attributes=wish.content(), asked=step), "asked"


def end_role(session: Session, key: str, id_: str, name: str, asked: Asked | None) -> None:
    """Ask for the role to be taken away, unless an attestation shows that it is.

    Raises `Different` while others hold it, `NotYet` after asking.
    """
    tried = f"remove role {name} in account {session.config.key}"
    session.before_write(tried)
    if see_role(session, id_, name, asked) is None:
        session.role_went(id_)
        return
    session.refuse_held(name, tried)
    step = _ask(session, key, "remove role", [name], None)
    seen = _evidence(session)
    why = _still_there(session, asked)
    if seen is not None and seen.roles is None:
        why = f"the attestation by {seen.by} of {seen.at} says nothing of roles"
    raise NotYet(tried, why, todo=_todo(session, step))


def role_difference(live: NativeRole, wish: RoleArguments) -> list[str]:
    """Return what differs between a role as attested and as declared, in words."""
    found = []
    if live.name != wish.name:
        found.append(f"{live.name} -> {wish.name}")
    for name, wanted in wish.content().items():
        there = live.attributes.get(name)
        if there is None or there == wanted:
            continue  # what nobody attests is no difference
        if isinstance(there, frozenset) and isinstance(wanted, frozenset):
            found += [f"+ {item}" for item in sorted(wanted - there)]
            found += [f"- {item}" for item in sorted(there - wanted)]
        else:
            found.append(f"{name}: {there} -> {wanted}")
    return found


def reference(session: Session, name: str) -> tuple[NativeRole, Literal["present", "unproven"]]:
    """Find a role that must be there: built in, attested, or held by somebody.

    Raises `UnknownRole` with near matches where the attested roles lack it.
    """
    listing = session.listing()
    listed, role = listing.roles(), NativeRole(id=name, name=name)
    if name in session.manifest.builtin_roles or name in listing.role_names():
        return role, "present"
    if isinstance(listed, Unknown):
        return role, "unproven"
    raise UnknownRole(
        f"refer to role {name} in account {session.config.key}",
        f"no such role was attested {near(name, [one.name for one in listed])}".strip(),
        "nothing was written",
        "correct the name, make the role and attest again, or declare a Role",
    )


# -- what roles allow


def role_content(config: AccountConfig) -> dict[str, Declared]:
    """Return what native roles of an account allow by its own word, else by what was attested."""
    found = connect(config)
    said = found.declared() if isinstance(found, AttestedConnector) else {}
    return {**said, **config.role_content}


def declared_by(seen: Attestation) -> dict[str, Declared]:
    """Return what one attestation says that custom roles allow."""
    found = connect(_nobody_is_asked(seen.account, seen.platform, ByHand(operator="nobody")))
    return found.declared_by(seen) if isinstance(found, AttestedConnector) else {}


def _nobody_is_asked(key: str, platform: str, credentials: ByHand) -> AccountConfig:
    return AccountConfig(
        key=key, platform=platform, url="https://invalid", credentials=credentials
    )  # nobody is asked, and the address may be in a variable


def with_role_content(access: Access) -> Access:
    """Return a document's values with what was attested of the accounts' custom roles."""
    changed = {}
    for key, account in access.accounts.items():
        if isinstance(account.credentials, ByHand) and account.platform in PLATFORMS:
            config = _nobody_is_asked(key, account.platform, account.credentials).model_copy(
                update={
                    "renamed_from": account.renamed_from,
                    "role_content": account.role_content,
                }
            )
            changed[key] = account.model_copy(update={"role_content": role_content(config)})
    if not changed:
        return access
    return access.model_copy(update={"accounts": {**access.accounts, **changed}})


# -- parts


def _evidence(session: Session) -> Attestation | None:
    session.listing()  # not believed if most people are missing in it
    return connector(session).evidence()


def _ask(
    session: Session,
    person: str,
    verb: str,
    changes: list[Change] | list[str],
    about: Membership | Wish | None,
    ends_access: bool = False,
) -> Asked:
    now = datetime.fromtimestamp(session.now(), UTC)
    step = Asked.now(now, session.config.operator, ends_access=ends_access)
    named = [change.named() if isinstance(change, Change) else change for change in changes]
    hide = words_of(about) if about is not None else ()
    with session.call(person, f"ask: {verb}", "", named, hide=hide) as call:
        call.said = f"of {step.of}, until {step.due}"
    session.report.asked(f"{verb} {person}: of {step.of}, until {step.due}")
    return step


def _difference(known: Membership | None, wish: Wish) -> list[Change]:
    nobody = Membership(id=wish.login, login=wish.login, roles=frozenset())
    return difference(known or nobody, wish)


def _still_there(session: Session, asked: Asked | None) -> str:
    seen = _evidence(session)
    if seen is None:
        return "nobody has attested anything of this account yet"
    if asked is not None and not seen.proves(asked):
        return f"nobody has attested what is there since it was asked for on {asked.at}"
    return f"the attestation by {seen.by} of {seen.at} still lists it"


def _todo(session: Session, step: Asked) -> str:
    return (
        f"it was asked of {step.of}, until {step.due}: when it is done, have somebody else look "
        f"and run `martech attest {session.config.key}`"
    )


def remaining(session: Session, asked: Mapping[str, Asked]) -> dict[str, Asked]:
    """Return the steps, by login, of which nobody can say yet what became of them."""
    return {login: step for login, step in asked.items() if standing(session, step)}
