"""`martech coverage` and the platform reference: what manifests state, for machines and people.

``python -m pulumi_martech.operations.coverage`` prints ``docs/platforms/README.md``.
"""

from collections.abc import Iterable, Sequence
from typing import get_args

from pulumi_martech.model.manifest import (
    Ability,
    Grade,
    Identity,
    Limits,
    Manifest,
    Removal,
    Support,
)
from pulumi_martech.model.values import Frozen
from pulumi_martech.platforms.registry import PLATFORMS

GRADES: tuple[Grade, ...] = get_args(Grade)
"""How facts are known, strongest first."""

NOT_STATED = Support(there="no", how="not stated", grade="memory", source="")


class Coverage(Frozen):
    """What one platform's manifest states.

    ``abilities`` has every ability, in the same order for all platforms; ``evidence`` counts how
    the stated ones are known, ``weakest`` is the weakest of these.
    """

    platform: str
    title: str
    identity: Identity
    creation: str
    role_shape: str
    role_content: str
    builtin_roles: tuple[str, ...]
    administrator_roles: tuple[str, ...]
    abilities: dict[str, Support]
    evidence: dict[str, int]
    weakest: Grade
    removals: tuple[Removal, ...]
    on_destroy: str
    needs_successor: bool
    limits: Limits
    objects: tuple[str, ...]
    hangs_on_person: tuple[str, ...]
    exit_layers: tuple[str, ...]
    blind_spots: tuple[str, ...]


def coverage(manifests: Iterable[Manifest] | None = None) -> list[Coverage]:
    """Return one entry a platform, sorted by its name; of all platforms if none are given."""
    if manifests is None:
        manifests = [platform.manifest for platform in PLATFORMS.values()]
    return [_of(manifest) for manifest in sorted(manifests, key=lambda m: m.platform)]


def _of(manifest: Manifest) -> Coverage:
    grades = [support.grade for support in manifest.abilities.values()]
    evidence = {grade: grades.count(grade) for grade in GRADES if grade in grades}
    return Coverage(
        platform=manifest.platform,
        title=manifest.title,
        identity=manifest.identity,
        creation=manifest.creation,
        role_shape=manifest.role_shape,
        role_content=manifest.role_content,
        builtin_roles=manifest.builtin_roles,
        administrator_roles=manifest.administrator_roles,
        abilities={a.value: manifest.abilities.get(a, NOT_STATED) for a in Ability},
        evidence={str(grade): count for grade, count in evidence.items()},
        weakest=max(grades, key=GRADES.index, default="memory"),
        removals=manifest.removals,
        on_destroy=manifest.softest_ending_verb,
        needs_successor=manifest.needs_successor,
        limits=manifest.limits,
        objects=manifest.objects,
        hangs_on_person=tuple(
            f"{kind}{'; counted before a removal' if kind.shown else ''}"
            for kind in manifest.hangs_on_person
        ),
        exit_layers=manifest.exit_layers,
        blind_spots=manifest.blind_spots,
    )


# -- the reference

_HEAD = """\
<!-- Made from the manifests by: python -m pulumi_martech.operations.coverage -->
# Platforms

What each platform lets this tool do, how that is known, and what stays out of sight. The same facts
are behind `martech coverage`, behind the errors that refuse what a platform cannot do, and behind
the tests.

How a fact is known, strongest first: **run** (seen on the running product), **source** (its source
or the standard), **spec** (a published machine-readable description), **docs** (the vendor's
documentation), **third party**, **memory** (never the reason for a write).
"""


def reference(found: Sequence[Coverage] | None = None) -> str:
    """Return the platform reference as Markdown."""
    platforms = coverage() if found is None else found
    parts = [_HEAD, "\n## Abilities\n\n", _overview(platforms)]
    parts += [_platform(entry) for entry in platforms]
    return "".join(parts)


def _overview(platforms: Sequence[Coverage]) -> str:
    rows = [
        [ability.value, *(_mark(entry.abilities[ability.value]) for entry in platforms)]
        for ability in Ability
    ]
    links = [f"[{entry.title}](#{_anchor(entry.title)})" for entry in platforms]
    return _table(["ability", *links], rows)


def _mark(support: Support) -> str:
    return "not stated" if support == NOT_STATED else f"{support.there} ({support.grade})"


def _platform(entry: Coverage) -> str:
    identity = entry.identity
    case = "case matters" if identity.case_sensitive else "case does not matter"
    renamable = "can be changed" if identity.renamable else "cannot be changed"
    shape = {"any": "any text", "email": "an e-mail address", "username": "a user name"}
    facts = [
        ["a user is", f"`{identity.attribute}`, {shape[identity.shape]}; {case}; {renamable}"],
        ["users come by", entry.creation],
        ["roles are written by", f"{entry.role_shape}; their content is {entry.role_content}"],
        ["roles that are always there", _names(entry.builtin_roles)],
        ["roles that administer", _names(entry.administrator_roles) or "declared on the `Account`"],
        ["`on_destroy` unless said", f"`{entry.on_destroy}`"],
        ["removing needs a successor", "yes" if entry.needs_successor else "no"],
        ["listed besides users", ", ".join(entry.objects)],
        ["limits", _limits(entry.limits)],
    ]
    abilities = [
        [name, support.there, support.how, support.source, support.alternative]
        for name, support in entry.abilities.items()
        if support != NOT_STATED
    ]
    removals = [
        [f"`{r.verb}`", r.login, r.sessions, r.api_keys, r.oauth_tokens, r.note]
        for r in entry.removals
    ]
    ends = ["verb", "ends log-in", "sessions", "API keys", "OAuth tokens", "note"]
    return "".join(
        [
            f"\n## {entry.title}\n\nPlatform `{entry.platform}`.\n\n",
            _table(["", ""], [fact for fact in facts if fact[1]]),
            "\n### What can be done\n\n",
            _table(["ability", "there", "how", "source", "instead"], abilities),
            "\n### What removing ends\n\n",
            _table(ends, removals),
            _list("What hangs on a person", entry.hangs_on_person),
            _list("What leaving consists of", entry.exit_layers),
            _list("What cannot be seen", entry.blind_spots),
        ]
    )


def _limits(limits: Limits) -> str:
    said = ["no API"] if limits.page_size is None else [f"{limits.page_size} records a page"]
    if limits.per_second:
        said.append(f"{limits.per_second:g} calls a second")
    if limits.per_day:
        said.append(f"{limits.per_day:,} calls a day")
    if limits.retry_after:
        said.append(limits.retry_after)
    return "; ".join(said)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return f"\n### {title}\n\n" + "".join(f"- {_cell(item)}\n" for item in items)


def _anchor(title: str) -> str:
    """Return the anchor that a heading gets on the usual Markdown renderers."""
    kept = "".join(char for char in title.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    print(reference(), end="")
