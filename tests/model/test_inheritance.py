"""Roles and teams that are parts of others: whatever the tree, in whatever order it is written."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.access import Access, CustomRole
from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.people import Principal, Team
from pulumi_martech.model.portable import PORTABLE_ROLES

NAMES = [f"r{number}" for number in range(6)]
SOME = st.lists(st.sampled_from(sorted(CAPABILITIES)), max_size=4)
Roles = dict[str, CustomRole]


@st.composite
def trees(draw: st.DrawFn, circles: bool = False) -> Roles:
    """Draw roles that inherit from those behind them in the list, and from portable ones."""
    found = {}
    for at, name in enumerate(NAMES):
        above = st.sampled_from([*(NAMES if circles else NAMES[at + 1 :]), "viewer", "analyst"])
        role = {"inherits": draw(st.lists(above, max_size=3)), "add": draw(SOME)}
        found[name] = CustomRole.model_validate({**role, "remove": draw(SOME)})
    return found


def plainly(key: str, roles: Roles) -> set[str]:
    """Return the set of a role, as one would say it."""
    if key not in roles:
        return set(PORTABLE_ROLES[key].capabilities)
    role = roles[key]
    held = set[str]().union(*(plainly(parent, roles) for parent in role.inherits))
    return (held - set(role.remove)) | set(role.add)


@given(trees())
def test_a_role_has_what_it_inherits_less_what_it_removes_and_what_it_adds(
    roles: Roles,
) -> None:
    for name in NAMES:
        assert role_capabilities(name, roles) == plainly(name, roles)


@given(trees(), st.sampled_from(NAMES), st.sampled_from(sorted(CAPABILITIES)))
def test_a_capability_more_up_the_tree_takes_none_away_below(
    roles: Roles, name: str, capability: str
) -> None:
    more = roles[name].model_copy(update={"add": (*roles[name].add, capability)})
    after = {**roles, name: more}
    for below in NAMES:
        assert role_capabilities(below, roles) <= role_capabilities(below, after)


@given(trees())
def test_the_order_in_which_roles_are_written_means_nothing(roles: Roles) -> None:
    turned = {
        name: role.model_copy(
            update={field: tuple(reversed(getattr(role, field))) for field in ("inherits", "add")}
        )
        for name, role in reversed(roles.items())
    }
    for name in NAMES:
        assert role_capabilities(name, roles) == role_capabilities(name, turned)


@given(trees(circles=True), st.sampled_from(NAMES))
def test_a_circle_is_told_with_its_way_and_nothing_else_is_one(roles: Roles, name: str) -> None:
    reached, todo = set[str](), [name]
    while todo:
        at = todo.pop()
        if at not in reached and at in roles:
            reached.add(at)
            todo += roles[at].inherits
    try:
        role_capabilities(name, roles)
    except InvalidDeclaration as error:
        (told,) = re.findall(r"circle: ([\w >-]+)", str(error))
        way = told.split(" > ")
        assert way[0] == way[-1] and len(set(way)) == len(way) - 1
        assert all(up in roles[at].inherits for at, up in itertools.pairwise(way))
        assert set(way) <= reached
    else:
        plainly(name, roles)  # which would not come to an end in a circle


def test_chains_may_be_long_and_many_may_lead_to_one_role() -> None:
    chain = {f"c{n}": CustomRole(inherits=(f"c{n + 1}",)) for n in range(5_000)}
    assert role_capabilities("c0", {**chain, "c5000": CustomRole(add=("email:send",))}) == {
        "email:send"
    }
    both = {f"{side}{n}": CustomRole(inherits=(f"a{n + 1}", f"b{n + 1}")) for side in "ab"
            for n in range(60)}  # fmt: skip
    ends = {"a60": CustomRole(inherits=("viewer",)), "b60": CustomRole(add=("email:send",))}
    assert role_capabilities("a0", both | ends) == {
        "email:send",
        *PORTABLE_ROLES["viewer"].capabilities,
    }
    teams = {f"t{n}": Team(key=f"t{n}", parent=f"t{n + 1}") for n in range(2_000)}
    access = Access(teams=teams, people={"ana": Principal(key="ana", team="t0")})
    assert len(access.above("t0")) == 2_000 and len(access.members("t1999")) == 1


@given(
    st.lists(st.integers(0, 9), min_size=10, max_size=10), st.lists(st.integers(0, 9)), st.data()
)
def test_who_is_in_a_team_is_in_those_above_in_whatever_order(
    above: list[int], people: list[int], data: st.DataObject
) -> None:
    ups = {n: n + 1 + up for n, up in enumerate(above)}
    parents = {f"t{n}": f"t{up}" if up < 10 else "" for n, up in ups.items()}
    order = data.draw(st.permutations(sorted(parents)))
    persons = {f"p{n}": Principal(key=f"p{n}", team=f"t{at}") for n, at in enumerate(people)}
    access = Access(teams={t: Team(key=t, parent=parents[t]) for t in order}, people=persons)
    for team, parent in parents.items():
        inside = {person.key for person in access.members(team)}
        assert inside >= {key for key, person in persons.items() if person.team == team}
        assert not parent or inside <= {person.key for person in access.members(parent)}
        assert access.above(team) == (team, *(access.above(parent) if parent else ()))


def test_what_is_no_role_or_capability_is_told_from_wherever_it_is_reached() -> None:
    roles = {"a": CustomRole(inherits=("b",)), "b": CustomRole(add=("email:snd",))}
    with pytest.raises(InvalidDeclaration, match="read role b: there is no capability email:snd"):
        role_capabilities("a", roles)
    with pytest.raises(InvalidDeclaration, match="read role markter: there is no such role"):
        role_capabilities("c", {"c": CustomRole(inherits=("markter",))})
