"""`martech role suggest`, `simplify` and `creep`: smaller roles, fewer roles, what grew."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pulumi_martech.document.certifications import NAME
from pulumi_martech.document.evidence import Evidence
from pulumi_martech.document.load import load
from pulumi_martech.model.access import Access
from pulumi_martech.model.capability import DataClass
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.inventory import Account
from pulumi_martech.operations import machine
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.platforms.registry import PLATFORMS, Platform
from pulumi_martech.policy.creep import certified_of, creep, held_in, merges
from pulumi_martech.policy.rule import one_of_each
from pulumi_martech.policy.suggest import suggest
from pulumi_martech.policy.view import data_class, view_of
from pulumi_martech.reconcile.attested import with_role_content

Without = Literal["financial", "personal", "sensitive"]


def suggest_role(
    screen: Screen, path: Path | None, like: str, without: Without, on: str, day: date
) -> int:
    """Print the native roles nearest to a role that touch no data of a class; exit code 0.

    Args:
        screen: where to print.
        path: the access document, for accounts and roles of our own.
        like: the role to come near to.
        without: the lowest data class that is not to be touched.
        on: an account of the document, or a platform.
        day: the day to judge declarations by.

    Raises:
        InvalidDeclaration: there is no such role, account or platform.
    """
    access = with_role_content(load(path).access) if path is not None else Access()
    account = access.accounts.get(on)
    platform = PLATFORMS.get(account.platform if account else on)
    if platform is None:
        known = {*PLATFORMS, *access.accounts}
        hint = near(on, known) or f"there are {', '.join(sorted(known))}"
        raise InvalidDeclaration(
            f"suggest a role on {on}", "there is no such platform or account", "", hint
        )
    wanted = role_capabilities(like, access.roles)
    declared = dict(account.role_content) if account else {}
    data = data_class(account) if account else DataClass.NONE
    found = suggest(platform.role_map, wanted, DataClass[without.upper()], day, declared, data)
    if screen.machine:
        screen.write(
            machine.document(
                "role suggest",
                like=like,
                without=without,
                on=on,
                suggestions=[dataclasses.asdict(each) for each in found],
            )
        )
        return 0
    if not found:
        screen.line(_none(platform, account, like, without))
        return 0
    rows = [
        (
            each.role or "a new role",
            each.rights,
            each.keeps,
            each.loses or "nothing",
            each.adds or "nothing",
            each.mark,
        )
        for each in found
    ]
    heading = ("role", "with the rights", "keeps", f"loses of {like}", "adds", "known")
    screen.table(columns(rows, heading))
    return 0


def _none(platform: Platform, account: Account | None, like: str, without: str) -> str:
    """Say that nothing is suggested, and whether that is known."""
    title = platform.manifest.title
    if not platform.role_map.roles and not platform.role_map.rights:
        if account is None:
            return (
                f"Which roles there are is each account's own on {title}: write what they allow "
                "under `role_content` of an account, and name that account with --on."
            )
        if not account.role_content:
            return (
                f"Nobody has said what the roles of {account.key} allow: look at them on their "
                "screen and write it under `role_content`, with name and day."
            )
    return (
        f"{title} has no role, and no right by itself, that keeps anything of {like} and touches "
        f"no {without} data."
    )


def simplify(screen: Screen, path: Path, least: float, day: date) -> int:
    """Print roles that are nearly the same, and what merging them would do; exit code 0."""
    found = list(merges(view_of(load(path).access, day), least))
    if screen.machine:
        listed = [dataclasses.asdict(each) for each in found]
        screen.write(machine.document("role simplify", document=path.name, merges=listed))
        return 0
    if not found:
        screen.line(f"No two roles of {path.name} are alike to {least:.0%}.")
        return 0
    rows = [
        (
            each.keep,
            each.drop,
            f"{each.likeness:.0%}",
            str(each.holders),
            each.gains or "nothing",
            each.loses or "nothing",
        )
        for each in found
    ]
    screen.table(columns(rows, ("keep", "instead of", "alike", "grants", "they gain", "they lose")))
    return 0


def show_creep(screen: Screen, path: Path, base: Path | None, day: date) -> int:
    """Print what people gained since it was certified, or since an earlier document; exit code 0.

    Args:
        screen: where to print.
        path: the access document.
        base: an earlier document, in the place of the last certifications.
        day: the day to judge both by; what was certified counts whether it has ended or not.

    Raises:
        InvalidDeclaration: nothing was ever certified, and no earlier document is named.
    """
    access = load(path).access
    now = Evidence.of(path, day).view(with_role_content(access), day)
    never: tuple[str, ...] = ()
    if base is not None:
        earlier = view_of(with_role_content(load(base).access), day, ends=False)
        before, since = held_in(earlier), base.name
    elif now.certified:
        (before, never), since = certified_of(now), "it was certified"
    else:
        raise InvalidDeclaration(
            "tell what people gained since it was certified",
            f"there is no {NAME} with any certification beside {path.name}",
            "nothing was told",
            "`martech certify ACCOUNT --by PERSON`, or name an earlier document with --since FILE",
        )
    found = creep(now, before)
    if screen.machine:
        listed = [{**dataclasses.asdict(each), "points": each.points} for each in found]
        screen.write(
            machine.document(
                "role creep", document=path.name, base=since, never=never, people=listed
            )
        )
        return 0
    if never:
        screen.warn(f"nobody ever certified {one_of_each(never)}: what was gained there is unknown")
    if not found:
        screen.line(f"Nobody gained anything since {since}, and nobody differs from peers.")
        return 0
    rows = [
        (
            each.who,
            each.job,
            _by_account(each.gained),
            _by_account(each.lost),
            each.unusual,
            str(each.points),
        )
        for each in found
    ]
    heading = ("who", "job", f"gained since {since}", "lost", "unlike peers", "points")
    screen.table(columns(rows, heading))
    return 0


def _by_account(held: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{account}: {', '.join(names)}" for account, names in held.items()]
