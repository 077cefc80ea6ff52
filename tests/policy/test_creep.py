"""What people gained, what sets them apart from peers, and roles that are nearly the same."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_martech.document.load import read
from pulumi_martech.model.access import Access, CustomRole, Grant
from pulumi_martech.model.capability import CAPABILITIES, effective
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.policy.creep import creep, held_in, merges
from pulumi_martech.policy.view import View, view_of

DAY = date(2026, 11, 28)

HEAD = """\
people:
  ana: {name: Ana, email: ana@x.example, job: editor}
  ben: {name: Ben, email: ben@x.example, job: editor}
  cem: {name: Cem, email: cem@x.example, job: editor}
  dan: {name: Dan, email: dan@x.example}
accounts:
  tool: {platform: canva}
roles:
  exporter: {inherits: [viewer], add: ["contacts:export"]}
  almost-viewer: {inherits: [viewer], remove: ["social:view"], add: ["automation:view"]}
  reader: {inherits: [viewer], remove: ["ads:view"]}
grants:
"""


def view(tmp_path: Path, *grants: str) -> View:
    lines = "".join(
        f"  - {{who: {g.split()[0]}, role: {g.split()[1]}, account: tool}}\n" for g in grants
    )
    (tmp_path / "access.yaml").write_text(HEAD + lines, encoding="utf-8")
    document = read(tmp_path / "access.yaml")
    assert document.ok, document.problems
    return view_of(document.access, DAY)


def test_what_somebody_gained_and_what_peers_do_not_have(tmp_path: Path) -> None:
    before = view(tmp_path, "ana viewer", "ben viewer", "cem viewer", "dan viewer")
    now = view(tmp_path, "ana exporter", "ben viewer", "cem viewer", "dan analyst")
    ana, dan = creep(now, held_in(before))
    assert (ana.who, ana.peers, ana.points) == ("ana", 2, 24)
    assert ana.gained == {"tool": ("contacts:export", "crm:view")}
    assert ana.unusual == ("contacts:export", "crm:view")
    assert dan.who == "dan" and dan.unusual == (), "nobody else has that job"
    assert set(dan.gained["tool"]) == {"automation:view", "finance:view"}


def test_where_half_of_the_peers_have_it_it_is_not_usual_and_two_peers_are_needed(
    tmp_path: Path,
) -> None:
    now = view(tmp_path, "ana exporter", "ben exporter", "cem viewer")
    assert {c.who: c.unusual for c in creep(now, held_in(now))} == {
        "ana": ("contacts:export", "crm:view"),
        "ben": ("contacts:export", "crm:view"),
    }
    two = view(tmp_path, "ana exporter", "ben viewer").access
    people = {key: two.people[key] for key in ("ana", "ben")}
    told = {"accounts": two.accounts, "roles": two.roles, "grants": two.grants}
    alone = view_of(Access(people=people, **told), DAY)
    assert creep(alone, held_in(alone)) == []


def test_roles_that_are_nearly_the_same_are_proposed_for_merging(tmp_path: Path) -> None:
    seen = view(tmp_path, "ana reader", "ben viewer", "cem viewer")
    (merge,) = merges(seen, least=0.7)
    assert (merge.keep, merge.drop, merge.likeness, merge.holders) == ("viewer", "reader", 0.75, 1)
    assert (merge.gains, merge.loses) == (("ads:view",), ())
    assert list(merges(seen, least=0.8)) == []


def test_a_merge_never_gives_anybody_something_heavier(tmp_path: Path) -> None:
    seen = view(tmp_path, "ana exporter", "ben viewer")
    for merge in merges(seen, least=0.3):
        assert "contacts:export" not in merge.gains


def test_roles_inherit_add_and_remove() -> None:
    roles = {
        "base": CustomRole(inherits=("viewer",), add=("crm:view",)),
        "more": CustomRole(inherits=("base", "analyst"), remove=("ads:view",)),
        "one": CustomRole(inherits=("two",)),
        "two": CustomRole(inherits=("three",)),
        "three": CustomRole(inherits=("one",)),
        "typo": CustomRole(add=("crm:veiw",)),
    }
    assert role_capabilities("more", roles) == {
        "asset:view", "social:view", "report:view", "crm:view", "automation:view", "finance:view",
    }  # fmt: skip
    with pytest.raises(InvalidDeclaration, match="one > two > three > one"):
        role_capabilities("one", roles)
    with pytest.raises(InvalidDeclaration, match="did you mean 'crm:view'"):
        role_capabilities("typo", roles)
    with pytest.raises(InvalidDeclaration, match="did you mean 'viewer'"):
        role_capabilities("veiwer", roles)


def test_peers_without_any_access_are_peers_and_what_was_certified_and_is_held_longer_no_gain(
    tmp_path: Path,
) -> None:
    (ana,) = creep(one := view(tmp_path, "ana exporter"), held_in(one))
    assert (ana.peers, ana.unusual[0]) == (2, "ads:view"), "ben and cem are editors and have none"
    held = view(tmp_path, "dan analyst")
    ended = held.access.grants[0].model_copy(update={"until": date(2026, 6, 30)})
    before = held.access.model_copy(update={"grants": (ended,)})
    assert creep(held, held_in(view_of(before, DAY, ends=False))) == []
    assert [one.who for one in creep(held, held_in(view_of(before, DAY)))] == ["dan"]


SOME = sorted(effective(PORTABLE_ROLES["marketer"].capabilities))[:7]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(st.sets(st.sampled_from(SOME)), st.booleans()),
        min_size=2,
    ),
    st.lists(st.sampled_from(["a", "b", "viewer", "reseller"]), max_size=5),
    st.sampled_from([0.3, 0.6, 0.8, 1.0]),
)
def test_merges_are_exactly_the_pairs_that_are_alike_and_give_nobody_more(
    own: dict[str, tuple[set[str], bool]], granted: list[str], least: float
) -> None:
    roles = {
        key: CustomRole(key=key, add=tuple(can), partner=partner)
        for key, (can, partner) in own.items()
    }
    used = [key for key in granted if key in roles or key in PORTABLE_ROLES]
    grants = tuple(Grant(who="x", role=key, account="tool") for key in used)
    access = Access(roles=roles, grants=grants)
    sets = {key: set(effective(role_capabilities(key, roles))) for key in {*roles, *used}}
    partners = {key: own[key][1] if key in own else key == "reseller" for key in sets}
    points = {name: CAPABILITIES[name].points for name in CAPABILITIES}
    wanted = {}
    for keep in sets:
        for drop in sets:
            if keep == drop or partners[keep] != partners[drop] or drop not in own:
                continue
            if keep in own and (-used.count(keep), keep) > (-used.count(drop), drop):
                continue
            both, either = sets[keep] & sets[drop], sets[keep] | sets[drop]
            gains = sets[keep] - sets[drop]
            most = max((points[name] for name in both), default=0)
            alike = len(both) / len(either) if either else 1
            if alike >= least and all(points[name] <= most for name in gains):
                wanted[keep, drop] = (tuple(sorted(gains)), tuple(sorted(sets[drop] - sets[keep])))
    found = list(merges(View(access, DAY, ()), least))
    assert {(m.keep, m.drop): (m.gains, m.loses) for m in found} == wanted
    assert all(m.holders == used.count(m.drop) for m in found)
    assert [m.likeness for m in found] == sorted((m.likeness for m in found), reverse=True)
