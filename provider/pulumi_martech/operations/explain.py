"""`martech role explain`: what somebody with a role can do on a platform, and how that is known."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Literal

from pulumi_martech.model.access import Access
from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.capability import CAPABILITIES, REACH, DataClass, Origin, effective
from pulumi_martech.model.content import Declared, EffectiveAccess, RoleContent
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.portable import PORTABLE_ROLES, PortableRole
from pulumi_martech.model.risk import ALWAYS_HIGH, Band, band, role_score
from pulumi_martech.model.values import Frozen
from pulumi_martech.platforms.registry import PLATFORMS, Platform
from pulumi_martech.policy.roles import portable_roles, role_content
from pulumi_martech.policy.view import data_class

Mapped = Literal["kept", "gained", "lost", "unknown", ""]
"""Of a portable role: what the platform keeps, adds, loses, or nobody knows; else empty."""


class Line(Frozen):
    """One capability: whether it is there, by which native roles or rights, and how it is known."""

    capability: str
    may: str
    points: int
    mapped: Mapped
    known: str
    by: tuple[str, ...] = ()


class Explained(Frozen):
    """What a role comes to on a platform or in an account.

    ``native`` are the native roles that stand for it, ``recipe`` the rights that a role made for
    it would need, where none stands for it. ``score`` and ``band`` are what it counts as;
    ``described`` is the score of what is listed, lower as long as that is not proven.
    ``can_give_himself`` is what a holder who manages users can reach besides. ``as_declared`` says
    that nothing is written to that platform: the role is what the document says it is.
    """

    role: str
    portable: bool
    on: str
    platform: str
    native: tuple[RoleContent, ...]
    recipe: tuple[str, ...] = ()
    lines: tuple[Line, ...]
    unmapped: tuple[str, ...]
    can_give_himself: tuple[str, ...]
    score: int
    band: Band
    described: int
    as_declared: bool = False


def explain(
    role: str,
    on: str,
    day: date,
    account: AccountConfig | None = None,
    declared: Mapping[str, Declared] | None = None,
    native: bool = False,
) -> Explained:
    """Explain a portable or a native role.

    Args:
        role: portable role by key or title, or a native role by its name.
        on: what it is explained for: the account's key, or a platform.
        day: the day to judge the age of declarations by.
        account: the account, if ``on`` is one.
        declared: what is declared of its native roles, besides what the account itself says.
        native: take ``role`` for a native one, whatever portable ones are called.

    Raises `InvalidDeclaration` for a name that is neither and looks like a misspelling.
    """
    platform = PLATFORMS[account.platform if account else on]
    said = {**(account.role_content if account else {}), **(declared or {})}
    data = account.highest_data if account else DataClass.PERSONAL
    portable = None if native else _portable(role)
    if portable is None:
        if not native:
            _refuse_misspelt(role, platform, said)
        contents = [role_content(platform.manifest.platform, role, said, day)]
        return _explained(role, None, on, platform, contents, data)
    mapped = portable_roles(account) if account else platform.role_map.portable
    names = mapped.get(portable.key, ())
    contents = [role_content(platform.manifest.platform, name, said, day) for name in names]
    return _explained(portable.key, portable, on, platform, contents, data)


def explain_in(access: Access, role: str, on: str, day: date, native: bool = False) -> Explained:
    """Explain a role in an account of an access document: a portable one, our own, or a native one.

    Raises:
        InvalidDeclaration: there is no such role, or it looks like a misspelling.
    """
    account = access.accounts[on]
    platform, data = PLATFORMS.get(account.platform), data_class(account)
    ours = None if native else access.roles.get(role)
    meant = _portable(role) if ours is None and not native else None
    if ours is not None:
        can = role_capabilities(role, access.roles)
        meant = PortableRole(key=role, title=ours.title or role, capabilities=can)
    if platform is None:
        if meant is None:
            raise InvalidDeclaration(
                f"explain role {role!r}",
                f"nothing is known of native roles on {account.platform}",
                "nothing was asked",
                near(role, {*access.roles, *PORTABLE_ROLES}) or "name a role of the document",
            )
        return _as_declared(meant, on, account.platform, data)
    said = account.role_content
    if meant is None:
        if not native:
            _refuse_misspelt(role, platform, said, access.roles)
        natives: tuple[str, ...] = (role,)
    else:
        mapped = {**platform.role_map.portable, **account.roles}
        natives = mapped.get(meant.key, ())
        if meant.key in account.roles and not natives:
            return _as_declared(meant, on, account.platform, data, membership=True)
    contents = [role_content(account.platform, name, said, day) for name in natives]
    return _explained(meant.key if meant else role, meant, on, platform, contents, data)


def _as_declared(
    role: PortableRole, on: str, platform: str, data: DataClass, membership: bool = False
) -> Explained:
    """Explain a role that is what we say it is; or one that is membership and nothing else."""
    can = effective(role.capabilities)
    lines = [
        Line(
            capability=name,
            may=CAPABILITIES[name].may,
            points=CAPABILITIES[name].raised(data).points,
            mapped="lost" if membership else "kept",
            known="-" if membership else "as declared",
        )
        for name in sorted(can, key=lambda n: (-CAPABILITIES[n].points, n))
    ]
    score = 0 if membership else role_score(can.keys(), data)
    return Explained(
        role=role.key,
        portable=True,
        on=on,
        platform=platform,
        native=(),
        lines=tuple(lines),
        unmapped=(),
        can_give_himself=() if membership else _within_reach(can),
        score=score,
        band=band(score),
        described=score,
        as_declared=True,
    )


def _portable(name: str) -> PortableRole | None:
    key = name.strip().lower().replace(" ", "-")
    return PORTABLE_ROLES.get(key)


def _refuse_misspelt(
    role: str, platform: Platform, said: Mapping[str, Declared], ours: Collection[str] = ()
) -> None:
    role_map, manifest = platform.role_map, platform.manifest
    known = {*said, *manifest.builtin_roles, *manifest.administrator_roles, *role_map.roles}
    if role in known or role_map.right(role_map.right_of(role)) is not None:
        return
    hint = near(role, {*known, *ours, *PORTABLE_ROLES, *role_map.rights})
    if hint:
        raise InvalidDeclaration(
            f"explain role {role!r}",
            f"there is no portable role of this name; {hint}",
            "nothing was asked",
            f"say --native if it is a role of {manifest.title}",
        )


def _explained(
    role: str,
    portable: PortableRole | None,
    on: str,
    platform: Platform,
    contents: list[RoleContent],
    data: DataClass,
) -> Explained:
    wanted = effective(portable.capabilities).keys() if portable else frozenset[str]()
    recipe = platform.role_map.recipe(wanted) if portable and not contents else ()
    origins: dict[str, str] = {}
    by: dict[str, list[str]] = {}
    for content in contents:
        for name, origin in content.allows.items():
            by.setdefault(name, []).append(content.role)
            known = _known(content, origin)
            if origins.get(name) in (None, Origin.IMPLIED, Origin.ASSUMED):
                origins[name] = known
    for right in recipe:
        for name, origin in effective(platform.role_map.rights[right].capabilities).items():
            by.setdefault(name, []).append(right)
            origins.setdefault(name, Origin.IMPLIED if origin is Origin.IMPLIED else Origin.ASSUMED)
    # Where nothing at all is said of a role, what it lacks is as unknown as what it has.
    silent = (
        not platform.role_map.rights
        if not contents
        else any(not content.proven and not content.allows for content in contents)
    )
    lines = []
    for name in sorted(origins.keys() | wanted, key=lambda n: (-CAPABILITIES[n].points, n)):
        there = name in origins
        mapped: Mapped = ""
        if portable and there:
            mapped = "kept" if name in wanted else "gained"
        elif portable:
            mapped = "unknown" if silent else "lost"
        lines.append(
            Line(
                capability=name,
                may=CAPABILITIES[name].may,
                points=CAPABILITIES[name].raised(data).points,
                mapped=mapped,
                known=origins[name] if there else "unknown" if silent else "-",
                by=tuple(by.get(name, ())),
            )
        )
    access = EffectiveAccess.of(contents)
    if not contents:
        access = EffectiveAccess(unproven=frozenset({role}))
    unmapped = sorted({right for content in contents for right in content.unmapped})
    return Explained(
        role=role,
        portable=portable is not None,
        on=on,
        platform=platform.manifest.platform,
        native=tuple(contents),
        recipe=recipe,
        lines=tuple(lines),
        unmapped=tuple(unmapped),
        can_give_himself=_within_reach(origins),
        score=access.score(data),
        band=band(access.score(data)),
        described=role_score(origins.keys(), data, len(unmapped)),
    )


def _within_reach(can: Collection[str]) -> tuple[str, ...]:
    """Return what a holder can give himself, the weightiest first: all, where he manages users."""
    lacking = CAPABILITIES.keys() - set(can) if REACH in can else set[str]()
    return tuple(sorted(lacking, key=lambda n: (-CAPABILITIES[n].points, n)))


def _known(content: RoleContent, origin: Origin) -> str:
    """Return how one capability of a role is known: its own cell, by implication, or assumed."""
    if origin is not Origin.CELL:
        return origin
    return content.known


def heavy(names: Iterable[str]) -> list[str]:
    """Return those of the capabilities that are never shown below *high*."""
    return [name for name in names if CAPABILITIES[name].points >= ALWAYS_HIGH]
