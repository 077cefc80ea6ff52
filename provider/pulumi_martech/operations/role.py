"""`martech role`: explain what a role lets somebody do, list the portable ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pulumi_martech.document.load import load
from pulumi_martech.engine.stacks import NoStack
from pulumi_martech.model.access import Access
from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.content import Declared
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.expiry import day
from pulumi_martech.model.identity import near
from pulumi_martech.model.plan import Plan
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.model.risk import WORST, band, role_score
from pulumi_martech.operations import machine
from pulumi_martech.operations.explain import Explained, Line, explain, explain_in, heavy
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.work import NoProject, Wanted, Work, open_work
from pulumi_martech.operations.work import day as day_said
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import shape
from pulumi_martech.reconcile.attested import with_role_content

_MARKS: Mapping[str, str] = {"kept": "", "gained": "+", "lost": "-", "unknown": "?", "": ""}


def role(
    screen: Screen,
    name: str,
    on: str,
    wanted: Wanted,
    native: bool,
    as_json: bool,
    document: Path | None = None,
) -> int:
    """Explain a role for an account of the document or the stack, else for a platform.

    Args:
        screen: where to print.
        name: the role.
        on: an account, or a platform.
        wanted: the stack to look into.
        native: whether it is a native role, whatever its name.
        as_json: whether a machine reads it.
        document: the access document, where there is one.

    Raises:
        InvalidDeclaration: ``on`` is neither, or the role looks misspelt.
    """
    today = day(day_said(wanted.as_of), "the day of the run")
    access = load(document).access if document is not None else Access()
    if on in access.accounts:
        found = explain_in(with_role_content(access), name, on, today, native)
        title = access.roles[name].title if name in access.roles and not native else ""
    else:
        account, declared = _account(screen, on, wanted, access)
        found, title = explain(name, on, today, account, declared, native), ""
    if as_json:
        screen.write(machine.document("role explain", exit_code=0, role=found))
        return 0
    _print(screen, found, title)
    return 0


def roles(screen: Screen, as_json: bool) -> int:
    """List the portable roles with their scores."""
    listed = [
        {
            "role": key,
            "title": one.title,
            "score": role_score(one.capabilities),
            "band": band(role_score(one.capabilities)).value,
            "partner": one.partner,
            "capabilities": sorted(one.capabilities),
        }
        for key, one in PORTABLE_ROLES.items()
    ]
    if as_json:
        screen.write(machine.document("role list", roles=listed))
        return 0
    rows = [
        (
            key,
            f"{role_score(one.capabilities)} {band(role_score(one.capabilities))}",
            "partners" if one.partner else "us",
            "everything" if one.capabilities == WORST else ", ".join(sorted(one.capabilities)),
        )
        for key, one in PORTABLE_ROLES.items()
    ]
    screen.table(columns(rows, ("role", "risk", "for", "may")))
    return 0


def _account(
    screen: Screen, on: str, wanted: Wanted, access: Access
) -> tuple[AccountConfig | None, dict[str, Declared]]:
    """Return the account of this key with what its references declare, if there is one.

    The name of a platform is only looked up in the state; for any other key the program is run, as
    what it says now goes before what the state holds.
    """
    known: dict[str, AccountConfig] = {}
    try:
        with open_work(wanted, screen.progress) as work:
            known, declared = _of_stack(work, screen, programs=on not in PLATFORMS)
            if on in known:
                return known[on], declared.get(on, {})
    except (NoProject, NoStack):
        pass
    if on in PLATFORMS:
        return None, {}
    keys = sorted({*known, *access.accounts, *PLATFORMS})
    hint = near(on, keys)
    raise InvalidDeclaration(
        f"explain a role on {on}",
        "there is no such platform, and no account of that key in a document or a stack here"
        + (f"; {hint}" if hint else ""),
        "nothing was asked",
        f"name one of {', '.join(keys)}",
    )


def _of_stack(
    work: Work, screen: Screen, programs: bool
) -> tuple[dict[str, AccountConfig], dict[str, dict[str, Declared]]]:
    plan = Plan()
    if programs:
        with screen.phase("running the program"):
            plan = work.driver.preview(refresh=False)
        if not plan.ok:
            for message in plan.errors:
                screen.warn(f"the program does not run through: {message.text}")
    state = recorded(work.driver.export())
    inputs = [r.inputs for r in state if r.kind.endswith(":RoleReference")]
    inputs += [s.new for s in plan.steps if s.kind.endswith(":RoleReference") and s.new is not None]
    declared: dict[str, dict[str, Declared]] = {}
    for given in inputs:
        said = shape.declared_by(given)
        if said is not None:
            declared.setdefault(str(given.get("account")), {})[str(given.get("name"))] = said
    return accounts(plan, state), declared


def _print(screen: Screen, found: Explained, title: str = "") -> None:
    portable = PORTABLE_ROLES.get(found.role) if found.portable else None
    title = title or (portable.title if portable else found.role)
    known = PLATFORMS.get(found.platform)
    platform = known.manifest.title if known else found.platform
    where = platform if found.on == found.platform else f"{found.on} ({platform})"
    screen.line(f"{title} on {where}")
    for words in _how_known(found, platform):
        screen.line(words, 2)
    rows = [
        (_MARKS[line.mapped], line.capability, line.may, str(line.points), line.known, _by(line))
        for line in found.lines
        if line.mapped != "lost"
    ]
    if rows:
        screen.line()
        screen.table(columns(rows, ("", "can do", "that is", "points", "known", "by")))
    screen.line()
    for words in _mapping(found):
        screen.line(words)
    screen.line(_risk(found))


def _how_known(found: Explained, platform: str) -> Iterator[str]:
    """Say how each native role is known, those of the same mark together."""
    if found.as_declared:
        yield (
            "membership: nothing else stands for it here, so that it gives nothing by itself"
            if all(line.mapped == "lost" for line in found.lines)
            else f"as declared: nothing is written to {platform}, so it is what the document says"
        )
        return
    by_mark: dict[str, list[str]] = {}
    for content in found.native:
        assumed = (
            "" if content.proven or not content.allows else f"; assumed: as {platform} ships it"
        )
        by_mark.setdefault(content.mark + assumed, []).append(content.role)
    for mark, names in by_mark.items():
        yield f"{', '.join(names)}: {mark}"
    if not found.native:
        yield (
            f"unknown: nothing stands for it here; say portable_roles={{{found.role!r}: ['NAME']}} "
            f"on the Account"
        )
    if found.recipe:
        yield f"assumed: a role made for it that allows {', '.join(found.recipe)}"


def _by(line: Line) -> str:
    more = f" and {len(line.by) - 3} more" if len(line.by) > 3 else ""
    return ", ".join(line.by[:3]) + more


def _mapping(found: Explained) -> Iterator[str]:
    """Say what the mapping adds and loses, what is not mapped, and what is within reach."""
    of = {
        word: [line.capability for line in found.lines if line.mapped == word]
        for word in ("kept", "gained", "lost", "unknown")
    }
    if of["unknown"]:
        yield f"? unknown whether it is there: {', '.join(of['unknown'])}"
    elif found.portable and not found.as_declared:
        yield f"+ gained by the mapping: {', '.join(of['gained']) or 'nothing'}"
        yield f"- lost by it: {', '.join(of['lost']) or 'nothing'}"
    if found.unmapped:
        yield f"not mapped, counted as administering: {', '.join(found.unmapped)}"
    if found.can_give_himself:
        worst = heavy(found.can_give_himself) or list(found.can_give_himself)[:3]
        more = len(found.can_give_himself) - len(worst)
        yield f"can give himself: {', '.join(worst)}" + (f" and {more} more" if more else "")


def _risk(found: Explained) -> str:
    if found.as_declared or (found.native and all(content.proven for content in found.native)):
        return f"risk of the role: {found.score}, {found.band}"
    listed = f"; {found.described}, {band(found.described)}, if it is as listed"
    return (
        f"risk of the role: up to {found.score}, {found.band}, until somebody declares what it "
        f"allows" + (listed if found.described else "")
    )
