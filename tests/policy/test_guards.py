"""What one run may change at most: the guards as pure functions."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.content import Declared
from pulumi_martech.model.expiry import over_by_now, today
from pulumi_martech.model.limits import Limit, Limits
from pulumi_martech.policy.guards import (
    AccountHoldings,
    Holding,
    taken_on_trust,
    violations,
)


def account(logins, *, admins=(), **more):
    """Build an account whose roles are named by one letter; `a` administers."""
    held = {
        login: Holding(roles=frozenset(roles), domain=login.rpartition("@")[2])
        for login, roles in logins.items()
    }
    return AccountHoldings(administrators=frozenset("a"), logins=held, **more)


def guards(found):
    return [(violation.guard, violation.account) for violation in found]


def people(n, roles="r"):
    return {f"p{i}": roles for i in range(n)}


def test_a_team_of_four_may_lose_two_but_not_three():
    team = account(people(4))
    after_two, after_three = account(people(2)), account(people(1))
    assert violations({"crm": team}, {"crm": after_two}, Limits()) == []
    found = violations({"crm": team}, {"crm": after_three}, Limits())
    assert guards(found) == [("removals", "crm")]
    assert "3 of 4 logins would lose access in crm (p1, p2, p3), 2 are allowed" in found[0].text
    assert "--override" in found[0].text


def test_losing_every_role_counts_as_losing_access():
    before, after = account(people(8)), account(people(8, roles=""))
    assert ("removals", "crm") in guards(violations({"crm": before}, {"crm": after}, Limits()))


def test_an_account_that_leaves_the_program_is_counted():
    found = violations(
        {"crm": account(people(12)), "site": account(people(30))},
        {"site": account(people(30))},
        Limits(),
    )
    assert ("removals", "crm") in guards(found)
    assert "the account leaves the program" in found[0].text


def test_a_little_in_every_account_is_too_much_in_all_together():
    before = {f"shop{i}": account(people(8)) for i in range(15)}
    after = {f"shop{i}": account(people(6)) for i in range(15)}
    assert guards(violations(before, after, Limits())) == [("stack_removals", "")]


def test_more_new_administrators_than_allowed_are_refused_but_not_on_a_first_run():
    before, after = account(people(10)), account(people(10, roles="a"))
    assert guards(violations({"crm": before}, {"crm": after}, Limits())) == [
        ("privilege_increases", "crm")
    ]
    assert violations({}, {"crm": after}, Limits()) == []


def test_the_last_declared_administrator_stays():
    before = account({"ana": "a", "bob": "r"})
    after = account({"ana": "r", "bob": "r"})
    assert guards(violations({"crm": before}, {"crm": after}, Limits())) == [
        ("last_administrator", "crm")
    ]


def test_protected_and_own_logins_keep_their_access():
    before = account({"ana": "a", "root": "a", "bot": "r"}, protected=frozenset({"root"}))
    after = account({"ana": "a"}, protected=frozenset({"root"}))
    found = violations({"crm": before}, {"crm": after}, Limits(), own=["bot"])
    assert guards(found) == [("protected", "crm"), ("protected", "crm")]
    unprotected_now = account({"ana": "a", "bot": "r"})
    assert ("protected", "crm") in guards(
        violations({"crm": before}, {"crm": unprotected_now}, Limits())
    )


def test_two_new_mail_domains_at_once_are_refused():
    before = account({"ana@a.example": ""})
    after = account({"ana@a.example": "", "eve@b.example": "", "zed@c.example": ""})
    assert guards(violations({"crm": before}, {"crm": after}, Limits())) == [("new_domains", "")]


def test_a_renamed_account_must_say_so():
    old = account(people(2), address="scim https://crm.example")
    new = account(people(2), address="scim https://crm.example")
    assert guards(violations({"crm": old}, {"sales": new}, Limits())) == [("renamed", "sales")]
    said = new.model_copy(update={"renamed_from": "crm"})
    assert violations({"crm": old}, {"sales": said}, Limits()) == []


def test_a_changed_address_must_be_confirmed():
    old = account(people(2), address="scim https://crm.example")
    new = account(people(2), address="scim https://other.example")
    assert guards(violations({"crm": old}, {"crm": new}, Limits())) == [("address", "crm")]


def test_an_old_renamed_from_hides_no_account_that_goes():
    gone = account(people(20), address="scim https://crm.example")
    stays = account(people(40), address="scim https://two.example", renamed_from="crm")
    found = violations({"crm": gone, "crm2": stays}, {"crm2": stays}, Limits())
    assert guards(found) == [("removals", "crm"), ("stack_removals", "")]
    assert "the account leaves the program, so 20 of 20 logins" in found[0].text


def test_a_renamed_account_cannot_change_its_address_at_the_same_time():
    old = account(people(2), address="scim https://crm.example")
    new = account(people(2), address="scim https://other.example", renamed_from="crm")
    found = violations({"crm": old}, {"sales": new}, Limits())
    assert guards(found) == [("address", "sales")]
    assert "sales (renamed from crm) changes from scim https://crm.example" in found[0].text
    # Another account that says so while the first one stays forgets nobody.
    assert violations({"crm": old}, {"crm": old, "sales": new}, Limits()) == []


LOGINS = st.dictionaries(
    st.sampled_from([f"p{i}" for i in range(30)]), st.sampled_from(["r", "a", "ra", ""])
)


@given(
    before=LOGINS,
    after=LOGINS,
    count=st.integers(0, 10),
    percent=st.integers(0, 100),
    floor=st.integers(0, 5),
)
def test_nothing_over_a_limit_passes_and_nothing_within_is_refused(
    before, after, count, percent, floor
):
    limit = Limit(count=count, percent=percent, floor=floor)
    limits = Limits(removals=limit, stack_removals=Limit(count=99, floor=99))
    gone = {
        login
        for login, roles in before.items()
        if login not in after or (roles and not after[login])
    }
    allowed = max(floor, min(count, len(before) * percent // 100))
    found = guards(violations({"crm": account(before)}, {"crm": account(after)}, limits))
    assert (("removals", "crm") in found) == (len(gone) > allowed)


DOMAINS = st.lists(st.sampled_from("abcdef"), max_size=6).map(
    lambda letters: {f"{letter}@{letter}.example": "r" for letter in letters}
)


@given(one=LOGINS, other=LOGINS, then=LOGINS, last=LOGINS, count=st.integers(0, 12))
def test_what_goes_over_all_accounts_together_passes_no_limit_of_the_stack(
    one, other, then, last, count
):
    limits = Limits(removals=Limit(count=99, floor=99), stack_removals=Limit(count=count, floor=0))
    olds, news = ({"crm": account(one), "site": account(other)}, {"crm": account(then)})
    if last:
        news["site"] = account(last)

    def gone(before, after):
        return {n for n, r in before.items() if n not in after or (r and not after[n])}

    lost = len(gone(one, then)) + len(gone(other, last))
    found = guards(violations(olds, news, limits))
    assert (("stack_removals", "") in found) == (lost > min(count, len(one) + len(other)))


@given(before=DOMAINS, after=DOMAINS, count=st.integers(0, 4))
def test_no_more_domains_come_in_than_the_limit_allows(before, after, count):
    limits = Limits(new_domains=Limit(count=count, percent=100, floor=0))
    found = guards(violations({"crm": account(before)}, {"crm": account(after)}, limits))
    assert (("new_domains", "") in found) == bool(before and len(after.keys() - before) > count)


@given(before=LOGINS, after=LOGINS, guarded=st.sampled_from([f"p{i}" for i in range(30)]))
def test_whoever_is_protected_and_the_last_administrator_stay(before, after, guarded):
    old = account(before, protected=frozenset({guarded}))
    found = guards(violations({"crm": old}, {"crm": account(after)}, Limits()))
    had, has = before.get(guarded), after.get(guarded)
    lost = had is not None and (has is None or (had and not has) or ("a" in had and "a" not in has))
    assert (("protected", "crm") in found) == bool(lost)
    ruled = any("a" in roles for roles in before.values())
    rules = any("a" in roles for roles in after.values())
    assert (("last_administrator", "crm") in found) == (ruled and not rules)


@given(before=LOGINS, after=LOGINS)
def test_the_same_map_never_exceeds_anything(before, after):
    estate = {"crm": account(before), "site": account(after)}
    nothing = Limit(count=0, percent=0)
    tight = Limits(
        removals=nothing, stack_removals=nothing, privilege_increases=nothing, new_domains=nothing
    )
    assert violations(estate, estate, tight) == []


def test_the_end_of_a_contract_is_no_removal_to_be_limited(monkeypatch):
    people = {
        f"p{n}@v.example": Holding(roles=frozenset("r"), until="2026-03-31") for n in range(9)
    }
    vendor = {"crm": AccountHoldings(logins=people)}
    monkeypatch.setenv("MARTECH_AS_OF", "2026-03-31")
    assert ("removals", "crm") in guards(violations(vendor, {"crm": AccountHoldings()}, Limits()))
    monkeypatch.setenv("MARTECH_AS_OF", "2026-04-01")
    assert violations(vendor, {"crm": AccountHoldings()}, Limits()) == []


def test_a_day_in_the_future_ends_no_contract_unseen(monkeypatch):
    """Only what looks may take ends for over that are not: else a day would lift the limits."""
    tomorrow = (today() + timedelta(days=1)).isoformat()
    people = {f"p{n}@v.example": Holding(roles=frozenset("r"), until=tomorrow) for n in range(9)}
    before, after = {"crm": AccountHoldings(logins=people)}, {"crm": AccountHoldings()}
    monkeypatch.setenv("MARTECH_AS_OF", "2099-01-01")
    over = [("removals", "crm"), ("stack_removals", "")]
    assert guards(violations(before, after, Limits())) == over
    assert guards(violations(before, after, Limits(), day=date(2099, 1, 1))) == over
    assert violations(before, after, Limits(), looks=True) == []
    assert not over_by_now(tomorrow)
    assert over_by_now("2026-01-01")
    monkeypatch.setenv("MARTECH_AS_OF", "2026-01-01")
    assert not over_by_now("2026-01-01"), "nor does it count more than the day of the run"


def test_a_role_that_goes_is_refused_while_people_are_declared_to_hold_it():
    made, held = {"r": "r", "s": "s"}, people(2)
    before = account(held, roles=made)
    found = violations({"crm": before}, {"crm": account(held, roles={"s": "s"})}, Limits())
    assert guards(found) == [("roles", "crm")]
    assert "role r of crm would be removed, and p0, p1 would still" in found[0].text
    for after in (account({}), account(people(2, roles="s"), roles={"s": "s"})):
        few = Limits(
            removals=Limit(count=9),
            stack_removals=Limit(count=9),
            privilege_increases=Limit(count=9),
        )
        assert violations({"crm": before}, {"crm": after}, few) == []
    # A role that is renamed is one that nobody can hold under its old name.
    renamed = account(held, roles={"R": "r", "s": "s"})
    assert guards(violations({"crm": before}, {"crm": renamed}, Limits())) == [("roles", "crm")]


def test_a_role_of_ours_that_comes_to_give_more_raises_those_who_hold_it():
    def desk(*rights, role="Desk", known=True):
        return AccountHoldings(
            address="gtg_crm https://crm.example",
            roles={role: "desk"},
            rights={role: frozenset(rights)} if known else {},
            logins={f"p{n}": Holding(roles=frozenset({role})) for n in range(6)},
        )

    little, much = ("contacts:view_all",), ("contacts:view_all", "contacts:export")
    found = violations({"crm": desk(*little)}, {"crm": desk(*much)}, Limits())
    assert guards(found) == [("privilege_increases", "crm")]
    assert "privileges of 6 logins would increase in crm (p0, p1, p2, p3, p4, p5: contacts:exp" in (
        found[0].text
    )
    assert violations({"crm": desk(*much)}, {"crm": desk(*little)}, Limits()) == []
    assert violations({"crm": desk(known=False)}, {"crm": desk(*much)}, Limits()) == []
    renamed = violations({"crm": desk(*little)}, {"crm": desk(*much, role="Office")}, Limits())
    assert ("privilege_increases", "crm") in guards(renamed)
    same = violations({"crm": desk(*much)}, {"crm": desk(*much, role="Office")}, Limits())
    assert same == []


def test_an_end_that_is_over_when_it_is_first_written_is_refused(monkeypatch):
    """Else it would bring people in for no day, and take them out of the limits for all days."""

    def vendor(until):
        people = {f"p{n}@v.example": Holding(until=until) for n in range(2)}
        return {"crm": AccountHoldings(logins=people)}

    over, later = "2026-01-01", (today() + timedelta(days=9)).isoformat()
    for before in ({}, vendor(""), vendor(later)):
        found = violations(before, vendor(over), Limits())
        assert guards(found) == [("ended", "crm")]
        assert "p0@v.example, p1@v.example in crm would be declared with an end that is over" in (
            found[0].text
        )
        assert "active(...)" in found[0].text
        assert violations(before, vendor(later), Limits()) == []
    assert violations(vendor(over), vendor(over), Limits()) == [], "it came to its end since then"
    monkeypatch.setenv("MARTECH_IGNORE_ENDS", "1")
    assert violations({}, vendor(over), Limits(), looks=True) == []


def test_a_role_declared_in_the_run_that_gives_it_is_taken_on_trust_and_said():
    harmless = {"Staff": Declared(content=["dashboards:view"], by="ana", on=today())}
    scim = {"address": "scim https://crm.example"}
    before = account(people(6, roles=""), **scim)
    after = account({**people(5, roles=""), "p5": "r"}, **scim)
    given_staff = after.model_copy(
        update={"logins": {**after.logins, "p5": Holding(roles=frozenset({"Staff"}))}}
    )
    declared_too = given_staff.model_copy(update={"declared": harmless})
    (said,) = taken_on_trust({"crm": before}, {"crm": declared_too})
    assert "p5 would get Staff in crm in the run that first declares what it allows" in said
    known = before.model_copy(update={"declared": harmless})
    assert taken_on_trust({"crm": known}, {"crm": declared_too}) == []
    assert taken_on_trust({"crm": before}, {"crm": given_staff}) == []
    assert taken_on_trust({}, {"crm": declared_too}) == [], "a first run has nothing before it"
    assert taken_on_trust({"crm": given_staff}, {"crm": declared_too}) == []
