"""What people gained, what sets them apart from peers, and roles that are nearly the same."""

from datetime import date
from pathlib import Path

import pytest

from pulumi_martech.document.load import read
from pulumi_martech.model.access import CustomRole
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.policy.creep import creep, merges
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
    ana, dan = creep(now, before)
    assert (ana.who, ana.peers, ana.points) == ("ana", 2, 24)
    assert ana.gained == {"tool": ("contacts:export", "crm:view")}
    assert ana.unusual == ("contacts:export", "crm:view")
    assert dan.who == "dan" and dan.unusual == (), "nobody else has that job"
    assert set(dan.gained["tool"]) == {"automation:view", "finance:view"}


def test_where_half_of_the_peers_have_it_it_is_not_usual_and_two_peers_are_needed(
    tmp_path: Path,
) -> None:
    now = view(tmp_path, "ana exporter", "ben exporter", "cem viewer")
    assert {c.who: c.unusual for c in creep(now, now)} == {
        "ana": ("contacts:export", "crm:view"),
        "ben": ("contacts:export", "crm:view"),
    }
    two = view(tmp_path, "ana exporter", "ben viewer")
    assert creep(two, two) == []


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
