"""What the native roles of an account allow, and which of them stand for a portable role there."""

from collections.abc import Iterable, Mapping
from datetime import date

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.content import Declared, EffectiveAccess, RoleContent
from pulumi_martech.model.identity import near
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.platforms.registry import PLATFORMS


def role_content(
    platform: str, role: str, declared: Mapping[str, Declared], day: date, native_id: str = ""
) -> RoleContent:
    """Return what a native role of an account allows, and how that is known.

    Args:
        platform: the account's platform; of one that does not exist nothing is known.
        role: the role as the platform names it.
        declared: what people said of the account's native roles, by role
            (`AccountConfig.role_content`, and the content of `RoleReference`).
        day: the day to judge the age of a declaration by.
        native_id: the role's id on the platform as read now, where that is known.
    """
    if platform not in PLATFORMS:
        return RoleContent(role=role, known="unknown", why=f"there is no platform {platform!r}")
    manifest = PLATFORMS[platform].manifest
    role = manifest.normal_role(role)
    said = declared.get(role)
    if said is None and manifest.role_names:  # perhaps said under a name in another language
        said = {manifest.normal_role(name): one for name, one in declared.items()}.get(role)
    return PLATFORMS[platform].role_map.content(role, said, day, native_id)


def effective_access(
    platform: str, roles: Iterable[str], declared: Mapping[str, Declared], day: date
) -> EffectiveAccess:
    """Return what somebody can do who holds these native roles in one account."""
    return EffectiveAccess.of(role_content(platform, role, declared, day) for role in roles)


def understood(platform: str, declared: Mapping[str, Declared]) -> dict[str, Declared]:
    """Return the declarations that say something in our words, if only that a role allows nothing.

    One whose rights are all unmapped proves nothing: its role counts as one that nobody declared.
    """
    role_map = PLATFORMS[platform].role_map

    def proves(said: Declared) -> bool:
        allowed, unmapped = role_map.translated(said.allowed())
        return bool(allowed) or unmapped != said.allowed() or not unmapped

    return {role: said for role, said in declared.items() if proves(said)}


def portable_roles(config: AccountConfig) -> dict[str, tuple[str, ...]]:
    """Return portable role to native roles of an account: its own word before the platform's."""
    return {**PLATFORMS[config.platform].role_map.portable, **config.portable_roles}


def role_problems(config: AccountConfig) -> list[str]:
    """Return what is wrong with an account's word on its roles, each as the rest of a sentence."""
    found = [
        f"role_content of {role!r} {problem}"
        for role, declared in sorted(config.role_content.items())
        for problem in PLATFORMS[config.platform].role_map.problems(role, declared)
    ]
    for key, natives in sorted(config.portable_roles.items()):
        if key not in PORTABLE_ROLES:
            known = f"there are {', '.join(sorted(PORTABLE_ROLES))}"
            found.append(
                f"portable_roles names {key!r}, which is no portable role; "
                f"{near(key, PORTABLE_ROLES) or known}"
            )
        if not natives:
            found.append(f"portable_roles has no native role for {key!r}: name one or leave it out")
    return found
