"""GTG CRM: the vendor's matrix cell by cell, custom roles by switches, words for whoever clicks.

What is expected comes from the tables of the fact sheet, copied to ``tests/data/gtg_crm``.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.content import Cell
from pulumi_martech.model.membership import Membership, NativeRole, Wish
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.platforms import gtg_crm
from pulumi_martech.platforms.gtg_crm_matrix import (
    DEFAULT_ROLES,
    MATRIX,
    SWITCHES,
    cells,
    given,
    granted,
    switch_cells,
    to_switches,
)
from pulumi_martech.platforms.gtg_crm_roles import ROLES
from pulumi_martech.platforms.registry import connect

DATA = Path(__file__).parents[1] / "data" / "gtg_crm"
WORDS = {"yes": Cell.GRANTED, "NO": Cell.DENIED, "-": Cell.UNLISTED}
STARRED = {pair.capability for pair in MATRIX}
LAYOUTS = st.sampled_from(sorted(SWITCHES))


def rows() -> list[list[str]]:
    """Return the sheet's rows: module, action, a cell a default role, custom-role toggle."""
    found, module = [], ""
    for line in (DATA / "matrix.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\*\*(.+)\*\*", line):
            module = heading[1]
        elif line.startswith("| ") and not line.startswith("| Action"):
            found.append([module, *(cell.strip() for cell in line.strip("|").split("|"))])
    return found


SHEET = rows()


def test_there_are_38_pairs_one_to_one_with_capabilities():
    assert len(SHEET) == len(MATRIX) == len(STARRED) == 38
    assert CAPABILITIES.keys() >= STARRED
    told = [(pair.module, pair.action) for pair in MATRIX]
    assert told == [(row[0].replace(" (social networks)", ""), row[1]) for row in SHEET]


def test_each_pair_is_the_capability_of_the_sheet_s_flat_list():
    modules = {"campaign": "ads", "automation_workflow": "automation", "crm_object": "crm",
               "contact": "contacts", "global": "settings"}  # fmt: skip
    actions = {"edit_custom_domain": "domain", "connect_ads": "connect", "manage_config": "manage"}
    flat = re.findall(r"(\w+)\.(\w+)", (DATA / "pairs.txt").read_text(encoding="utf-8"))
    expected = {f"{modules.get(m, m)}:{actions.get(a, a)}" for m, a in flat}
    assert expected == STARRED
    for pair in MATRIX:
        action = pair.capability.partition(":")[2].replace("view_all", "view all")
        words = {"domain": "edit custom domain", "manage": "manage general"}
        assert words.get(action, action) in pair.action


@pytest.mark.parametrize("row", SHEET, ids=lambda row: f"{row[0]}: {row[1]}")
def test_each_cell_is_what_the_sheet_says(row):
    pair = MATRIX[SHEET.index(row)]
    for role, said in zip(DEFAULT_ROLES, row[2:5], strict=True):
        assert pair.cells[role] is WORDS[said.split(" ")[0]], role


def test_so_many_are_granted_and_no_cell_is_inferred():
    assert [len(granted(role)) for role in DEFAULT_ROLES] == [38, 27, 15]
    # Viewing records is not listed for the manager, who may do everything else with them.
    assert cells("Marketing Manager")["crm:view"] is Cell.UNLISTED
    assert cells("Marketing Staff")["crm:view"] is Cell.GRANTED
    for place, role in enumerate(DEFAULT_ROLES, start=2):
        denied = sum(row[place].startswith("NO") for row in SHEET)
        assert list(cells(role).values()).count(Cell.DENIED) == denied


@pytest.mark.parametrize(
    ("portable", "role"),
    [
        ("administrator", "Administrator"),
        ("marketing-manager", "Marketing Manager"),
        ("marketer", "Marketing Staff"),
    ],
)
def test_the_starred_part_of_a_portable_role_is_what_its_native_role_grants(portable, role):
    assert ROLES.portable[portable] == (role,)
    assert PORTABLE_ROLES[portable].capabilities & STARRED == granted(role)
    assert ROLES.translated(ROLES.roles[role]) == (granted(role), frozenset())


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Administrateur", "Administrator"),
        ("responsable marketing", "Marketing Manager"),
        ("Équipe marketing", "Marketing Staff"),
        ("Personnel marketing", "Marketing Staff"),
        ("Marketing Team", "Marketing Staff"),
        (" marketing staff ", "Marketing Staff"),
        ("Support", "Support"),
    ],
)
def test_roles_are_known_by_their_names_in_either_language(name, role):
    assert gtg_crm.MANIFEST.normal_role(name) == role
    assert gtg_crm.User(login="ana@example.com", roles=(name,)).roles == (role,)


# -- switches


@pytest.mark.parametrize("row", SHEET, ids=lambda row: f"{row[0]}: {row[1]}")
def test_each_toggle_of_the_sheet_is_a_switch(row):
    capability = MATRIX[SHEET.index(row)].capability
    there = {
        layout: any(capability in switch.gives | switch.perhaps for switch in switches.values())
        for layout, switches in SWITCHES.items()
    }
    expected = {"toggle": True, "toggle+": False, ".": False}[row[5].split(" ")[0]]
    assert there["article"] is expected
    if row[5].startswith(("toggle+", ".")):
        assert there["guide"] is row[5].startswith("toggle+")


def test_every_switch_of_the_sheet_is_there_and_no_other():
    listed: dict[str, set[str]] = {"article": set(), "guide": set()}
    layout = "article"
    for line in (DATA / "switches.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("Toggles listed by the vendor's other pages"):
            layout = "guide"
        if not line.startswith("| ") or line.startswith(("| Module", "| generic")):
            continue
        module, toggles = (cell.strip() for cell in line.strip("|").split("|"))
        toggles = re.sub(r"\([^)]*\)", "", toggles).replace("the right to send e-mail", "send")
        parts = re.split(r"[;,]", toggles.replace("create/update/delete a post", "post"))
        listed[layout] |= {f"{module}: {part.strip()}" for part in parts}
    listed["article"] = {
        name.replace("Social: post", "Social: create/update/delete a post").replace(
            "enable/disable send", "send e-mail"
        )
        for name in listed["article"]
    }
    assert {layout: set(SWITCHES[layout]) for layout in listed} == listed


@drawn(LAYOUTS, st.data())
def test_switches_to_capabilities_and_back_are_the_same_switches(layout, data):
    chosen = data.draw(st.sets(st.sampled_from(sorted(SWITCHES[layout]))))
    assert to_switches(layout, given(layout, chosen)) == (chosen, [])


@drawn(LAYOUTS, st.sets(st.sampled_from(sorted(CAPABILITIES))))
def test_a_wish_is_had_exactly_or_refused_with_the_reason(layout, wish):
    on, problems = to_switches(layout, wish)
    assert given(layout, on) <= wish, "nothing is given beyond the wish"
    assert bool(problems) == (given(layout, on) != wish)
    lacking = wish - given(layout, on)
    assert all(any(name in problem for problem in problems) for name in lacking)


@drawn(LAYOUTS, st.data())
def test_a_cell_of_a_custom_role_is_what_was_seen_and_nothing_else(layout, data):
    names = sorted(SWITCHES[layout])
    states = st.sampled_from([Cell.ON, Cell.OFF, Cell.NO_SWITCH])
    seen = data.draw(st.dictionaries(st.sampled_from(names), states))
    found = switch_cells(layout, seen)
    for name in names:
        for capability in SWITCHES[layout][name].gives:
            assert found[capability] is seen.get(name, Cell.NO_SWITCH)
    given_by_any = given(layout, names)
    for capability, cell in found.items():
        assert capability in given_by_any or cell is Cell.NO_SWITCH
    reading = "Messaging: view a message" if layout == "article" else "Messaging: View"
    if seen.get(reading) is Cell.ON:
        assert "messaging:view_all" not in found, "whether it shows all messages nobody knows"


# -- custom roles


def role(**more: Any) -> gtg_crm.Role:
    context = more.pop("context", {})
    arguments = {"name": "Support", "layout": "guide", **more}
    return gtg_crm.Role.model_validate(arguments, context={"roles": context})


def refused(**more: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        role(**more)
    return str(caught.value)


def test_the_vendor_s_two_examples():
    service = role(capabilities=["messaging:view", "messaging:send"])
    assert service.content()["switches"] == {"Messaging: View", "Messaging: Reply"}
    service = role(layout="article", capabilities=["messaging:view", "messaging:send"])
    assert service.content()["switches"] == {
        "Messaging: view a message", "Messaging: send a message",
    }  # fmt: skip
    outside = {"capabilities": ["contacts:view_all", "email:send"]}
    assert role(**outside).content()["switches"] == {"Contacts: View All Contacts", "Email: Send"}
    said = refused(layout="article", **outside)
    assert "no switch of layout 'article' gives contacts:view_all" in said
    assert "'Contacts: View All Contacts' of layout 'guide'" in said


def test_what_no_switch_can_separate_names_the_switch():
    said = refused(layout="article", capabilities=["landing_page:publish", "social:create"])
    assert "the switch 'Landing Page: publish/unpublish' cannot be separated" in said
    assert "it gives landing_page:unpublish besides landing_page:publish" in said
    assert "'Social: create/update/delete a post'" in said
    assert role(capabilities=["landing_page:publish"]).content()["switches"] == {
        "Landing Page: Publish"
    }
    assert "'Marketing: Manage Campaigns'" in refused(capabilities=["ads:view"])


def test_switches_are_named_as_on_the_screen():
    both = role(switches=["Email: Create"], capabilities=["email:send"])
    assert both.content()["switches"] == {"Email: Create", "Email: Send"}
    said = refused(switches=["Email: create", "Emial: Send"], capabilities=["email:sned"])
    assert "has no switch 'Email: create'; did you mean 'Email: Create'" in said
    assert "did you mean 'email:send'" in said
    assert "is the name of a default role" in refused(name="Équipe marketing")


def test_a_role_is_cloned_from_a_default_role_or_from_one_declared_before():
    said = refused(clone_from="Marketing Staff")
    for capability in ("landing_page:clone", "crm:create", "social:create"):
        assert f"gives {capability}" in said
    assert "'Landing Page: clone' of layout 'article'" in said
    out = ["landing_page:clone", "social:create", "social:update", "ads:view", "ads:create",
           "ads:update", "crm:create", "crm:view"]  # fmt: skip
    staff = role(clone_from="Personnel marketing", without=out)
    assert given("guide", staff.content()["switches"]) == granted("Marketing Staff") - set(out)
    before = {"Base": role(switches=["Email: Send", "Messaging: Reply"]).content()}
    clone = role(clone_from="Base", without=["email:send"], layout="article", context=before)
    assert clone.content()["switches"] == {"Messaging: send a message"}
    said = refused(clone_from="Bsae", context=before)
    assert "there is no role 'Bsae' to clone" in said and "did you mean 'Base'" in said


def test_the_form_that_is_kept_is_read_again_as_itself():
    first = role(capabilities=["messaging:send"], description="answers")
    again = role(**first.content())
    assert again.content() == first.content() == {
        "layout": "guide", "switches": {"Messaging: Reply"}, "description": "answers",
    }  # fmt: skip


# -- words


@pytest.fixture
def connector(tmp_path, monkeypatch) -> Any:
    monkeypatch.chdir(tmp_path)
    account = AccountConfig(
        key="gtg",
        platform="gtg_crm",
        url="https://www.gtgcrm.com",
        credentials=ByHand(operator="mia"),
    )
    return connect(account)


def test_the_words_for_users_name_the_screen_and_roles_in_both_languages(connector):
    wish = Wish(login="tom@example.com", roles={"Marketing Manager": "", "Support": ""})
    words = connector.add_user(wish)
    assert words.where == "Settings > User Management"
    assert words.do == (
        "add the user tom@example.com to the workspace",
        "column Roles: Marketing Manager (in French: Responsable Marketing), Support",
    )
    live = Membership(id="t", login="tom@example.com", roles=frozenset({"Administrator"}))
    assert (
        "in place of Administrator (in French: Administrateur)"
        in connector.change_user(live, wish).do[1]
    )
    assert "if it is not there, add it" in connector.change_user(None, wish).do[0]
    assert "take the user tom@example.com out" in connector.remove_user("tom@example.com").do[0]


def test_the_words_for_roles_name_each_switch(connector):
    wish = role(switches=["Email: Send", "Messaging: View"], description="helps")
    words = connector.make_role(wish)
    assert words.where == "Settings > Permissions"
    assert words.do[0].endswith("name: Support, description: helps")
    assert words.do[1:] == (
        "switch on: Email: Send, Messaging: View",
        "leave every other switch off",
    )
    there = {"layout": "guide", "switches": frozenset({"Email: Send", "Contacts: Export"})}
    live = NativeRole(id="Help", name="Help", attributes=there)
    assert connector.change_role(live, "Help", wish).do == (
        "open the role Help",
        "name: Support",
        "description: helps",
        "switch on: Messaging: View",
        "switch off: Contacts: Export",
    )
    unknown = connector.change_role(None, "Support", wish).do
    assert unknown[0].startswith("open the role Support; if it is not there: Add role")
    assert "switch off every other one" in unknown
    assert "Support" in connector.remove_role("Support").do[0]
