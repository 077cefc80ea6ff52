"""What a native role allows: evidence, what follows from it, and what happens without any."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulumi_martech.model.capability import CAPABILITIES, DataClass, Origin
from pulumi_martech.model.content import Cell, Declared, EffectiveAccess, heaviest
from pulumi_martech.model.risk import Band
from pulumi_martech.model.rolemap import Right, RoleMap

ON = date(2026, 10, 1)
TODAY = date(2026, 11, 23)


def right(*names):
    return Right(capabilities=frozenset(names), source="made up [D]", grade="docs")


SAID = RoleMap(
    known="declared",
    rights={"send": right("email:send"), "look": right(), "keys.*": right("integrations:manage")},
    roles={"editor": ("send", "levels")},
)
READ = RoleMap(known="read", rights={"send": right("email:send")})


def declared(content, on=ON, **more):
    return Declared(content=content, by="ana", on=on, **more)


def test_only_what_a_cell_grants_is_effective_and_nothing_is_inferred_into_a_cell():
    cells = {
        "crm:create": "granted",
        "crm:view": "unlisted",
        "crm:delete": "denied",
        "email:send": "on",
        "email:create": "off",
        "contacts:export": "no switch",
    }
    content = SAID.content("Staff", declared(cells), TODAY)
    assert content.allows == {
        "crm:create": Origin.CELL,
        "crm:view": Origin.IMPLIED,
        "email:send": Origin.CELL,
    }
    assert content.cells["crm:view"] is Cell.UNLISTED
    assert content.mark == "declared by ana on 2026-10-01, counts until 2026-12-30"


def test_rights_are_translated_and_one_that_nobody_mapped_is_named():
    content = SAID.content("Staff", declared(["send", "look", "keys.make", "dance"]), TODAY)
    assert set(content.allows) == {"email:send", "integrations:manage"}
    assert content.unmapped == {"dance"}


@pytest.mark.parametrize(
    ("content", "days"), [(["asset:edit"], 180), (["email:send"], 90), (["dance"], 90)]
)
def test_a_declaration_counts_until_its_review_sooner_with_personal_data(content, days):
    last = ON + timedelta(days=days)
    assert SAID.content("R", declared(content), last).proven
    late = SAID.content("R", declared(content), last + timedelta(days=1))
    assert late.known == "unknown"
    assert f"was to be reviewed by {last}" in late.mark
    assert set(late.allows.values()) <= {Origin.ASSUMED, Origin.IMPLIED}


def test_a_declaration_of_tomorrow_does_not_count_today():
    assert not SAID.content("R", declared(["email:send"]), ON - timedelta(days=1)).proven


def test_a_declaration_on_a_day_far_away_is_unknown_and_on_the_last_of_all_refused():
    assert not SAID.content("R", declared(["email:send"], on=date(2999, 12, 31)), TODAY).proven
    with pytest.raises(ValueError, match="is in the year 9999: where there is no such day, leave"):
        declared(["email:send"], on=date.max)


def test_a_role_that_took_the_name_of_the_one_declared_is_unknown():
    said = declared(["email:send"], native_id="7")
    assert SAID.content("R", said, TODAY, native_id="7").proven
    other = SAID.content("R", said, TODAY, native_id="8")
    assert "another role took its name" in other.why


def test_what_a_vendor_ships_is_assumed_where_only_a_person_can_know():
    content = SAID.content("editor", None, TODAY)
    assert content.known == "unknown"
    assert content.allows == {"email:send": Origin.ASSUMED}
    assert EffectiveAccess.of([content]).band() is Band.SEVERE


def test_where_content_is_read_each_role_is_known_and_needs_no_word():
    assert READ.content("send", None, TODAY).known == "read"
    assert READ.content("dance", None, TODAY).unmapped == {"dance"}
    assert READ.problems("send", declared([])) == [
        "need not be declared: the content of roles is read on this platform"
    ]


def test_a_misspelt_capability_is_told_and_a_right_of_the_platform_is_none():
    (problem,) = SAID.problems("R", declared(["contacts:exprt", "dance"]))
    assert "'contacts:exprt'" in problem
    assert "did you mean 'contacts:export'" in problem


def test_a_list_of_content_is_no_text():
    with pytest.raises(ValueError, match="is no list of names"):
        declared("email:send")


def test_one_role_that_is_not_proven_makes_a_login_count_as_everything():
    low = SAID.content("low", declared(["asset:view"]), TODAY)
    both = EffectiveAccess.of([low, SAID.content("open", None, TODAY)])
    assert (set(both.capabilities), both.unproven) == ({"asset:view"}, {"open"})
    assert both.counted() == set(CAPABILITIES)
    assert (both.score(), both.score(DataClass.SENSITIVE)) == (34, 41)


def test_a_right_that_nobody_mapped_counts_as_administering():
    held = EffectiveAccess.of([SAID.content("R", declared(["asset:view", "dance"]), TODAY)])
    assert held.score() == 28
    assert heaviest(held) == 28
    assert heaviest(held, DataClass.SENSITIVE) == held.score(DataClass.SENSITIVE) == 35


def test_a_recipe_names_the_lightest_rights_and_leaves_out_what_weighs_more_than_the_wish():
    menu = RoleMap(
        known="declared",
        rights={
            "all": right(*CAPABILITIES),
            "mail": right("email:send", "email:create"),
            "send": right("email:send"),
            "money": right("billing:manage"),
        },
    )
    assert menu.recipe({"email:send"}) == ("send",)
    assert menu.recipe({"email:send", "email:create"}) == ("mail",)
    assert menu.recipe({"finance:view"}) == (), "only billing shows it, and pays too"
    assert menu.recipe(CAPABILITIES) == ("all",)


NAMES = st.frozensets(st.sampled_from(sorted(CAPABILITIES)), max_size=8)
RIGHTS = st.frozensets(st.sampled_from(["dance", "sing"]))


def held(names, unmapped, unproven=()):
    roles = [SAID.content("R", declared([*names, *unmapped]), TODAY)]
    return EffectiveAccess.of(roles + [SAID.content(role, None, TODAY) for role in unproven])


@example(
    names=frozenset({"landing_page:clone"}),
    more=frozenset({"asset:view"}),  # implied already: now also said, which is no gain
    rights=frozenset(),
    extra=frozenset(),
    unproven=frozenset(),
    data=DataClass.NONE,
)
@given(
    names=NAMES,
    more=NAMES,
    rights=RIGHTS,
    extra=RIGHTS,
    unproven=st.frozensets(st.sampled_from("xy")),
    data=st.sampled_from(DataClass),
)
def test_whatever_is_gained_never_lowers_risk_and_shows_as_gained(
    names, more, rights, extra, unproven, data
):
    before, after = held(names, rights), held(names | more, rights | extra, unproven)
    assert after.score(data) >= before.score(data)
    gained = after.gains(before)
    assert set(gained.capabilities) == set(after.capabilities) - set(before.capabilities)
    assert (gained.unmapped, gained.unproven) == (after.unmapped - before.unmapped, after.unproven)
    assert heaviest(gained, data) <= max(after.score(data), heaviest(after, data))
    assert not before.gains(after).unproven


@given(names=NAMES, rights=RIGHTS)
def test_what_is_implied_adds_no_points(names, rights):
    content = SAID.content("R", declared([*names, *rights]), TODAY)
    heaviest_named = max((CAPABILITIES[name].points for name in names), default=0)
    implied = [n for n, origin in content.allows.items() if origin is Origin.IMPLIED]
    assert all(CAPABILITIES[name].points <= heaviest_named for name in implied)


def test_nothing_is_no_access():
    assert not EffectiveAccess()
    assert EffectiveAccess.of([SAID.content("R", declared([]), TODAY)]) == EffectiveAccess()
