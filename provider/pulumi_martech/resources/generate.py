"""Write the typed resource classes of each platform from its argument models.

Run ``python -m pulumi_martech.resources.generate`` after a platform's arguments or manifest have
changed; a test holds the checked-in modules in step.
"""

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from pulumi_martech.model.manifest import Ability, Manifest
from pulumi_martech.platforms.base import RoleArguments, UserArguments
from pulumi_martech.platforms.registry import PLATFORMS, Platform
from pulumi_martech.resources.templates import (
    ACCOUNT,
    ATTESTED_ACCOUNT,
    HEAD,
    NO_ROLE,
    PERSON,
    REST,
    ROLE,
    USER,
)

FOLDER = Path(__file__).resolve().parent


def _type(field: FieldInfo) -> str:
    """Return the annotation of an argument as source."""
    if get_origin(field.annotation) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(field.annotation)))}]"
    if get_origin(field.annotation) is frozenset:
        return _plain(field.annotation)
    kinds = get_args(field.annotation) or (field.annotation,)
    names = ["None" if kind is type(None) else _plain(kind) for kind in kinds]
    return " | ".join(names)


def _plain(kind: Any) -> str:
    """Return the name of a type without what only validation needs."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return "Sequence[str]" if get_origin(kind) is frozenset else str(kind.__name__)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    return " = ()" if field.default == frozenset() else f" = {field.default!r}"


def _text(field: FieldInfo) -> str:
    return (field.description or "").strip().rstrip(".") + "."


def _own(
    model: type[UserArguments] | type[RoleArguments], common: set[str]
) -> dict[str, FieldInfo]:
    return {name: field for name, field in model.model_fields.items() if name not in common}


def _described(name: str, field: FieldInfo, indent: str) -> str:
    return textwrap.fill(
        f"{name}: {_text(field)}", 98, initial_indent=indent, subsequent_indent=indent + "    "
    )


def source(platform: Platform) -> str:
    """Return the module of one platform as source, before formatting."""
    manifest: Manifest = platform.manifest
    fields = _own(platform.user, set(UserArguments.model_fields))
    required = {n: f for n, f in fields.items() if f.is_required()}
    optional = {n: f for n, f in fields.items() if n not in required}
    common = platform.user.model_fields
    parameters = ["        login: str,"]
    parameters += [f"        {n}: {_type(f)}," for n, f in required.items()]
    own = "Role | RoleReference" if platform.role else "RoleReference"
    role_types = f"str | {own} | PortableRole"
    parameters.append(f'        roles: "Sequence[{role_types}]" = (),')
    parameters += [f"        {n}: {_type(f)}{_default(f)}," for n, f in optional.items()]
    documented = {"login": common["login"], **required, "roles": common["roles"], **optional}
    values = {
        "title": manifest.title,
        "platform": manifest.platform,
        "verb": manifest.softest_ending_verb,
        "content": manifest.role_content,
        "builtin": f", besides {', '.join(manifest.administrator_roles)}"
        if manifest.administrator_roles
        else "",
    }
    by_hand = manifest.attested is not None
    head = {
        "typing": "Any, Literal, TypedDict" if by_hand else "Any, TypedDict",
        "account": "AccountData" if by_hand else "AccountData, Credentials, MemberSource",
        "by_hand": "from pulumi_martech.resources.credentials import by_hand\n" if by_hand else "",
    }
    by_platform = _by_platform(manifest)
    person = PERSON.format(
        fields="\n".join(
            _described(f"``{name}``", field, "    ")
            for name, field in {"roles": common["roles"], **fields}.items()
        ),
        annotations="\n".join(
            [f"    roles: Sequence[{role_types}]", "    until: str | None"]
            + [f"    {n}: {_type(f)}" for n, f in fields.items()]
        ),
    )
    user = USER.format(
        **values,
        parameters="\n".join(parameters),
        documentation="\n".join(_described(n, f, " " * 12) for n, f in documented.items()),
        attributes="\n".join(f'            "{name}": {name},' for name in fields),
        **by_platform,
    )
    account = ATTESTED_ACCOUNT if by_hand else ACCOUNT
    parts = [HEAD.format(**values, **head), account.format(**values)]
    role = _role(platform, values)
    if platform.role:
        parts.append(role)
    rest = REST.format(**values, **by_platform)
    reference, _, others = rest.partition("\n\nclass VendorGrant")
    parts += [reference + "\n\n", person, user, "\nclass VendorGrant" + others]
    if not platform.role:
        parts.append(role)
    return "\n".join(parts)


REINVITE = (
    "reinvite",
    "a reason; another one than before sends the pending invitation again, or a new one in its "
    "place where it carries other roles.",
)
DELETE_CONTENT = (
    "delete_content",
    "why what a removed user owns is to be deleted with it; without this word it goes to the "
    "successor.",
)


def _by_platform(manifest: Manifest) -> dict[str, str]:
    """Return the parts of what only some platforms have.

    Invitations and when they end, steps that are asked of a person, and content to delete.
    """
    invited = manifest.creation != "direct" and not manifest.attested
    content = [DELETE_CONTENT] if manifest.needs_successor else []
    statuses, outputs, output = "active, deactivated", "", ""
    if manifest.attested:
        statuses = "active, to do"
        outputs = ", ``asked``\n    (``at``, ``of`` and ``due``, while nobody has attested it)"
        output = "\n    asked: pulumi.Output[Any]\n"
    elif invited:
        statuses = "active, pending, expired, deactivated"
        outputs = ", ``expires_at``\n    (an ISO instant) while an invitation is pending"
        output = "\n    expires_at: pulumi.Output[str | None]\n"
    return {
        "statuses": statuses,
        "outputs": outputs,
        "expiry": output,
        **_arguments("user", [*content, *([REINVITE] if invited else [])]),
        **_arguments("map", content),
    }


def _arguments(of: str, named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return parameters, descriptions and arguments of optional texts, for a template."""
    described = [f"            {name}: {text}" for name, text in named]
    return {
        f"{of}_parameters": "".join(f"\n        {name}: str | None = None," for name, _ in named),
        f"{of}_texts": "".join(
            textwrap.fill(text, 96, subsequent_indent=" " * 16) + "\n" for text in described
        ),
        f"{of}_arguments": "".join(f"\n            {name}={name}," for name, _ in named),
    }


def _role(platform: Platform, values: dict[str, str]) -> str:
    if platform.role is None:
        support = platform.manifest.abilities.get(Ability.CREATE_ROLE)
        instead = (
            support.alternative if support and support.alternative else "declare a RoleReference"
        )
        sentence = f"{platform.manifest.title} cannot {Ability.CREATE_ROLE.value}s; {instead}"
        pieces = textwrap.wrap(sentence, 80, drop_whitespace=False)
        return NO_ROLE.format(sentence=" ".join(repr(piece) for piece in pieces))
    fields = _own(platform.role, set(RoleArguments.model_fields))
    return ROLE.format(
        **values,
        name_text=_text(platform.role.model_fields["name"]),
        parameters="".join(f"\n        {n}: {_type(f)}{_default(f)}," for n, f in fields.items()),
        documentation="".join("\n" + _described(n, f, " " * 12) for n, f in fields.items()),
        attributes=", ".join(f'"{name}": {name}' for name in fields),
    )


def formatted(text: str) -> str:
    """Return source as the project's formatter leaves it."""
    command = [sys.executable, "-m", "ruff", "format", "-", "--config", "line-length=100"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout


def modules() -> dict[str, str]:
    """Return file name to source of all generated modules."""
    return {f"{name}.py": formatted(source(platform)) for name, platform in PLATFORMS.items()}


def main() -> None:
    """Write the modules."""
    for name, text in modules().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
