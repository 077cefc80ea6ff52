"""What `state ...` does to the resources of a deployment, which stay as the deployment has them."""

from collections.abc import Callable

from .errors import EngineError
from .integrity import State, references
from .replay import with_urns
from .state import is_urn, provider_id, provider_urn

_HINT = (
    "To list the resource URNs in the stack, run `pulumi stack --show-urns`; "
    "to inspect the full state, run `pulumi stack export`."
)
_SUGGESTED = 3  # names that are like one that is nowhere


def marked(
    resources: list[State], urns: list[str] | None, mark: str, on: bool
) -> tuple[list[State], int]:
    """Return the resources with a mark set or taken away, and how many were named.

    Args:
        resources: of the deployment.
        urns: of those that are meant; `None` for all. What is to be deleted is left alone.
        mark: `protect` or `taint`.
        on: whether it is set.

    Raises:
        EngineError: there are no such resources.
    """
    alive = {state["urn"]: state for state in resources if not state.get("delete")}
    if urns is not None:
        unknown = [urn for urn in urns if urn not in alive]
        if unknown:
            raise EngineError("\n".join(_not_found(list(alive), urn) for urn in unknown))
        named = [alive[urn] for urn in urns]
    else:
        named = [state for state in resources if not state.get("delete")]
    chosen = set(map(id, named))
    result = []
    for state in resources:
        if id(state) in chosen:
            state = {key: value for key, value in state.items() if key != mark}
            state |= {mark: True} if on else {}
        result.append(state)
    return result, len(named)


def deleted(
    resources: list[State],
    urns: list[str] | None,
    dependents: bool,
    unprotect: Callable[[str], None] | None,
) -> tuple[list[State], int]:
    """Return the resources without some of them, and how many were named.

    Args:
        resources: of the deployment.
        urns: of those that go; `None` for all.
        dependents: what depends on them goes, too.
        unprotect: takes a urn of a protected resource that goes all the same.

    Raises:
        EngineError: they are protected, others depend on them, or they are not there.
    """
    if urns is None:
        for state in reversed(resources):
            _check_protect(state, unprotect)
        return [], len(resources)
    named = list({id(state): state for state in (_located(resources, u) for u in urns)}.values())
    for state in _last_first(resources, named):
        if not any(state is other for other in resources):
            continue  # it went as a dependent of one before
        _check_protect(state, unprotect)
        depending = only_depending(resources, state)
        if depending and not dependents:
            listed = "\n".join(
                " * {:<15} ({})".format('"' + other["urn"].split("::", 3)[3] + '"', other["urn"])
                for other in depending
            )
            raise EngineError(
                f"{state['urn']} can't be safely deleted because the following resources depend on "
                f"it:\n{listed}\n\nDelete those resources first or pass --target-dependents."
            )
        for other in depending:
            _check_protect(other, unprotect)
        gone = {id(state), *map(id, depending)}
        resources = [other for other in resources if id(other) not in gone]
    return resources, len(named)


def _check_protect(state: State, unprotect: Callable[[str], None] | None) -> None:
    if not state.get("protect"):
        return
    if unprotect is None:
        raise EngineError(
            f"{state['urn']} can't be safely deleted because it is protected. Re-run this command "
            "with --force to force deletion"
        )
    unprotect(state["urn"])


def _last_first(resources: list[State], named: list[State]) -> list[State]:
    places = {id(state): at for at, state in enumerate(resources)}
    return sorted(named, key=lambda state: -places[id(state)])


def only_depending(resources: list[State], state: State) -> list[State]:
    """Return what depends on a resource, directly or not, and on no other one with its urn."""
    at = next(number for number, other in enumerate(resources) if other is state)
    elsewhere = {other["urn"] for other in resources[:at]}
    depending: dict[str, list[str]] = {state["urn"]: [state.get("id", "")]}
    found = []
    for other in resources[at + 1 :]:
        if _depends(other, state, depending, elsewhere):
            found.append(other)
            depending.setdefault(other["urn"], []).append(other.get("id", ""))
        else:
            elsewhere.add(other["urn"])
    return found


def _depends(
    other: State, state: State, depending: dict[str, list[str]], elsewhere: set[str]
) -> bool:
    if (other["urn"], other.get("id", "")) == (state["urn"], state.get("id", "")):
        return False
    for reference in references(other):
        known = len(depending.get(reference.urn, ()))
        enough = known > 0 if reference.kind == "parent" else known == 1
        if enough and reference.urn not in elsewhere:
            return True
    provider = other.get("provider") or ""
    if not provider:
        return False
    return provider_id(provider) in depending.get(provider_urn(provider), ())


def named_anew(resources: list[State], urn: str, name: str) -> list[State]:
    """Return the resources with one of them under another name, wherever it is referred to.

    Raises:
        EngineError: there is not one such resource, or there is one of that name.
    """
    if not is_urn(urn):
        raise EngineError("The provided input URN is not valid")
    count = sum(state["urn"] == urn for state in resources)
    if not count:
        raise EngineError(_not_found([state["urn"] for state in resources], urn))
    if count > 1:
        raise EngineError("The input URN ambiguously refers to multiple resources")
    new = "::".join([*urn.split("::", 3)[:3], name])
    if new == urn:
        return resources
    if any(state["urn"] == new for state in resources):
        raise EngineError(
            "The chosen new urn for the state corresponds to an already existing resource"
        )

    def renamed(other: str) -> str:
        return new if other == urn else other

    # Aliases say what a resource was called once; that does not change.
    return [
        {**with_urns(state, renamed), **{k: state[k] for k in ("aliases",) if k in state}}
        for state in resources
    ]


def _located(resources: list[State], urn: str) -> State:
    if not is_urn(urn):
        raise EngineError(f'"{urn}" is not a valid resource URN\n{_HINT}')
    found = [state for state in resources if state["urn"] == urn]
    if not found:
        raise EngineError(_not_found([state["urn"] for state in resources], urn))
    if len(found) > 1:
        ids = "".join(f"  {state.get('id', '')}\n" for state in found)
        raise EngineError(
            f"Resource URN ambiguously referred to multiple resources. Did you mean:\n{ids}"
        )
    return found[0]


# ------------------------------------------------------------------ names


def _not_found(urns: list[str], urn: str) -> str:
    near = _similar(list(dict.fromkeys(urns)), urn)
    meant = "".join(f"  {other}\n" for other in near)
    meant = f"Did you mean:\n{meant}" if near else ""
    return f'No such resource "{urn}" exists in the current state\n{meant}{_HINT}'


def _similar(urns: list[str], urn: str) -> list[str]:
    """Return the names that are most like one, if any are."""
    most = max(2, len(urn.encode()) // 4)
    ranked = [(_distance(urn.lower(), other.lower(), most), other) for other in urns]
    near = sorted((item for item in ranked if item[0] <= most), key=lambda item: item[0])
    return [other for _, other in near[:_SUGGESTED]]


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters have to be put in, left out or changed; beyond `most` any number."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row[0] = row[0], number
        for at, against in enumerate(other, 1):
            changed = above + (letter != against)
            above = row[at]
            row[at] = min(changed, row[at] + 1, row[at - 1] + 1)
    return row[-1]
