"""The gate's check without an engine: what the last run declared against what this one does."""

from datetime import timedelta

from pulumi_martech.model.content import Declared
from pulumi_martech.model.expiry import today
from pulumi_martech.model.limits import Limit, Limits
from pulumi_martech.policy.guards import AccountHoldings, Holding
from pulumi_martech.resources.gate import GateProvider, estate_inputs


def declared(people, limits, until="", **more):
    one = Holding(domain="example.com", until=until)
    logins = {f"p{n}@example.com": one for n in range(people)}
    crm = AccountHoldings(address="scim https://crm.example", logins=logins)
    return {"accounts": estate_inputs({"crm": crm}), "limits": limits.model_dump(), **more}


def refused(olds, news):
    failures = GateProvider().check(olds, news).failures
    return [failure.reason.partition(";")[0] for failure in failures]


WIDE = Limits(removals=Limit(count=99), stack_removals=Limit(count=99))
TIGHT = Limits(removals=Limit(count=1), stack_removals=Limit(count=99))


def test_raised_limits_do_not_hold_in_the_run_that_raises_them_and_tightened_ones_do():
    found = refused(declared(50, Limits()), declared(0, WIDE))
    assert [text.split(" would")[0] for text in found] == ["50 of 50 logins"] * 2
    assert "10 are allowed (at most 10 and 25 %, 2 always)" in found[0]
    assert refused(declared(50, Limits()), declared(50, WIDE)) == []
    assert refused(declared(50, WIDE), declared(0, WIDE)) == []
    (text,) = refused(declared(5, WIDE), declared(3, TIGHT))
    assert "1 are allowed (at most 1 and 100 %, 0 always)" in text


def test_only_a_preview_takes_ends_of_a_later_day_for_over(monkeypatch):
    end = (today() + timedelta(days=30)).isoformat()
    monkeypatch.setenv("MARTECH_AS_OF", (today() + timedelta(days=31)).isoformat())
    before, after = declared(50, Limits(), end), declared(0, Limits())
    assert len(refused(before, after)) == 2
    looking = GateProvider().check(before, {**after, "looks": True})
    assert looking.failures == []
    assert looking.inputs == after, "that it only looks is no part of what is recorded"


def test_a_map_from_before_rights_were_in_it_gets_them_with_its_next_change():
    """And then what a role of ours gives is compared: a release alone is no change."""

    def desk(*rights, people=6):
        one = Holding(roles=frozenset({"Desk"}))
        crm = AccountHoldings(
            address="gtg_crm https://crm.example",
            roles={"Desk": "desk"},
            rights={"Desk": frozenset(rights)} if rights else {},
            logins={f"p{n}@example.com": one for n in range(people)},
        )
        return {"accounts": estate_inputs({"crm": crm}), "limits": Limits().model_dump()}

    little, much = ("contacts:view_all",), ("contacts:view_all", "contacts:export")
    check = GateProvider().check
    assert check(desk(), desk(*little)).inputs == desk()
    fewer = desk(*little, people=5)
    assert check(desk(), fewer).inputs == fewer
    (text,) = refused(desk(*little), desk(*much))
    assert text.startswith("privileges of 6 logins would increase in crm")


def test_the_gate_says_which_roles_are_declared_in_the_run_that_gives_them(capsys, monkeypatch):
    monkeypatch.delenv("MARTECH_RUN", raising=False)

    def staff(*holders, **more):
        logins = {f"p{n}": Holding() for n in range(3)}
        logins |= {login: Holding(roles=frozenset({"Staff"})) for login in holders}
        crm = AccountHoldings(address="scim https://crm.example", logins=logins, **more)
        return {"accounts": estate_inputs({"crm": crm}), "limits": Limits().model_dump()}

    said = {"Staff": Declared(content=["dashboards:view"], by="ana", on=today())}
    GateProvider().check(staff(), staff("p1", declared=said))
    assert "p1 would get Staff in crm in the run that first declares" in capsys.readouterr().err
    GateProvider().check(staff(declared=said), staff("p1", declared=said))
    assert capsys.readouterr().err == ""
