"""The vocabulary of access: capabilities, what they imply, and risk by degree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.capability import CAPABILITIES, IMPLIES, Effect, Origin, effective
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.model.risk import (
    Band,
    Circumstances,
    DataClass,
    grant_score,
    role_order,
    role_score,
)

SETS = st.sets(st.sampled_from(sorted(CAPABILITIES)))
HELD = st.builds(
    Circumstances,
    scope=st.sampled_from(["named assets", "part", "whole account", "several accounts"]),
    critical=st.booleans(),
    holder=st.sampled_from(
        [
            "employee",
            "external",
            "personal mailbox",
            "shared login",
            "service",
            "service without owner",
        ]
    ),
    mfa=st.sampled_from(["yes", "no", "unknown"]),
    second_person=st.sampled_from(["yes", "no", "unknown"]),
    days_left=st.one_of(st.none(), st.integers(0, 400)),
)


def role(key):
    return PORTABLE_ROLES[key].capabilities


def test_the_vocabulary_stays_small_enough_to_know():
    assert len(CAPABILITIES) == 60


def test_every_implication_names_capabilities_and_none_goes_round_in_a_circle():
    for source in CAPABILITIES:
        reached, todo = set(), list(IMPLIES.get(source, ()))
        while todo:
            name = todo.pop()
            assert name in CAPABILITIES
            assert name != source
            if name not in reached:
                reached.add(name)
                todo += IMPLIES.get(name, ())


def test_an_implied_capability_never_has_more_points_than_its_source():
    for source, targets in IMPLIES.items():
        assert all(CAPABILITIES[t].points <= CAPABILITIES[source].points for t in targets)


def test_sending_does_not_mean_reading():
    assert "messaging:view" not in effective({"messaging:send"})
    assert effective({"messaging:view_all"}) == {
        "messaging:view": Origin.IMPLIED,
        "messaging:view_all": Origin.CELL,
    }


def test_a_misspelt_capability_is_refused_with_near_matches():
    with pytest.raises(InvalidDeclaration, match="did you mean 'contacts:export'"):
        effective({"contacts:exprt"})


def test_portable_roles_are_within_each_other_in_effective_sets():
    names = ["viewer", "marketer", "marketing-manager", "administrator"]
    sets = [effective(role(name)).keys() for name in names]
    assert sets[0] <= sets[1] <= sets[2] <= sets[3]


def test_the_marketing_manager_does_not_inherit_the_marketer_as_declared():
    assert "crm:view" in role("marketer")
    assert "crm:view" not in role("marketing-manager")


@pytest.mark.parametrize(
    ("key", "score"),
    [
        ("viewer", 4),
        ("analyst", 6),
        ("partner-marketer", 6),
        ("reseller", 12),
        ("distributor", 12),
        ("partner-support", 16),
        ("marketer", 18),
        ("marketing-manager", 19),
        ("administrator", 34),
    ],
)
def test_role_scores(key, score):
    assert role_score(role(key)) == score


GRANTS = [
    ({"ads:view", "report:view", "finance:view"}, Circumstances(), 6, Band.LOW),
    (role("marketer"), Circumstances(mfa="yes"), 15, Band.MODERATE),
    (
        {"contacts:view_all", "email:send"},
        Circumstances(holder="external", days_left=60),
        18,
        Band.MODERATE,
    ),
    ({"contacts:view_all", "email:send"}, Circumstances(holder="external"), 20, Band.HIGH),
    (
        {"code:publish"},
        Circumstances(holder="external", scope="named assets", critical=True, days_left=365),
        35,
        Band.SEVERE,
    ),
    (
        {"code:publish"},
        Circumstances(holder="external", scope="named assets", mfa="yes", days_left=60),
        19,
        Band.HIGH,
    ),
    (role("administrator"), Circumstances(), 34, Band.SEVERE),
    (role("administrator"), Circumstances(mfa="yes"), 28, Band.HIGH),
    ({"contacts:export"}, Circumstances(holder="service without owner"), 36, Band.SEVERE),
    ({"contacts:export"}, Circumstances(holder="service", days_left=60), 22, Band.HIGH),
]


@pytest.mark.parametrize(("names", "held", "points", "shown"), GRANTS)
def test_grant_scores(names, held, points, shown):
    score = grant_score(names, held)
    assert (score.points, score.band) == (points, shown)


@given(
    names=SETS,
    more=st.sampled_from(sorted(CAPABILITIES)),
    held=HELD,
    data=st.sampled_from(DataClass),
)
def test_one_capability_more_never_lowers_risk(names, more, held, data):
    assert role_score(names | {more}, data) >= role_score(names, data)
    assert grant_score(names | {more}, held, data).points >= grant_score(names, held, data).points
    assert role_order(names | {more}, data)[:2] >= role_order(names, data)[:2]


@given(first=SETS, second=SETS)
def test_the_order_of_roles_is_total(first, second):
    same = effective(first).keys() == effective(second).keys()
    assert (role_order(first) == role_order(second)) == same


@given(names=SETS, held=HELD)
def test_no_is_no_better_than_unknown(names, held):
    assert (
        grant_score(names, held.model_copy(update={"mfa": "no"})).points
        == grant_score(names, held.model_copy(update={"mfa": "unknown"})).points
    )


@given(names=SETS, data=st.sampled_from(DataClass))
def test_a_declared_data_class_never_lowers_risk(names, data):
    assert role_score(names, data) >= role_score(names)


def test_what_administers_or_exports_is_never_shown_below_high():
    safest = Circumstances(scope="named assets", mfa="yes", second_person="yes", days_left=1)
    for name, held in CAPABILITIES.items():
        if held.points >= 21:
            assert grant_score({name}, safest).band in (Band.HIGH, Band.SEVERE)
    assert {c.name for c in CAPABILITIES.values() if c.effect is Effect.EXPORT} == {
        "contacts:export",
        "audience:upload",
        "asset:share",
        "data:query",
    }
