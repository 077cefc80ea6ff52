"""Privilege increases: what a login gains, in capabilities; what nobody proves is the worst."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.content import Declared
from pulumi_martech.model.limits import Limit, Limits
from pulumi_martech.model.plan import Op, Plan, Step
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.policy.effects import effects
from pulumi_martech.policy.guards import AccountHoldings, Holding, violations
from pulumi_martech.policy.holdings import account_inputs
from pulumi_martech.policy.plans import Recorded, judge


def crm(logins, *, declared=None, platform="scim", **more):
    """Build an account of a platform; content is declared by ana on a day before the run's."""
    said = {
        role: Declared(content=content, by="ana", on=date(2026, 10, 1))
        for role, content in (declared or {}).items()
    }
    held = {login: Holding(roles=frozenset(roles)) for login, roles in logins.items()}
    address = f"{platform} https://crm.example"
    return AccountHoldings(address=address, logins=held, declared=said, **more)


DAY = date(2026, 11, 23)
LOW, HIGH_, EXPORT = ["asset:edit"], ["code:publish"], ["contacts:export"]


def raised(before, after, **limits):
    found = violations({"crm": before}, {"crm": after}, Limits(**limits), day=DAY)
    return [one.text for one in found if one.guard == "privilege_increases"]


def test_what_counts_is_what_a_login_gains_and_not_the_name_of_its_role():
    declared = {"Desk": LOW, "Tags": HIGH_}
    team = {f"p{i}": ["Desk"] for i in range(8)}
    before = crm(team, declared=declared)
    two = crm({**team, "p0": ["Desk", "Tags"], "p1": ["Tags"]}, declared=declared)
    (text,) = raised(before, two)
    assert (
        "privileges of 2 logins would increase in crm (p0, p1: code:publish), 1 are allowed" in text
    )
    assert "--override" in text
    assert raised(before, crm({**team, "p0": ["Desk", "Tags"]}, declared=declared)) == []
    assert raised(crm({"p0": ["Tags"]}, declared=declared), crm(team, declared=declared)) == []


def test_a_role_that_nobody_has_declared_counts_as_everything_for_those_there_and_newcomers():
    team = {f"p{i}": ["Desk"] for i in range(8)}
    for more in ({"p0": ["Ops"], "p1": ["Ops"]}, {"new": ["Ops"], "newer": ["Ops"]}):
        (text,) = raised(crm(team), crm({**team, **more}))
        assert "Ops, not proven and so counted as everything" in text
        assert "say what Ops allows (`role_content` on the Account" in text
        declared = {"Ops": LOW, "Desk": LOW}
        assert raised(crm(team), crm({**team, **more}, declared=declared)) == []


def test_one_person_may_come_to_a_stack_in_which_nothing_is_declared():
    team = {f"p{i}": ["Desk"] for i in range(4)}
    assert raised(crm(team), crm({**team, "new": ["Desk"]})) == []
    assert raised(crm({}), crm(team)) == [], "the first run has nothing to exceed"
    old_gate = crm(team)
    assert raised(old_gate, crm(team, declared={"Desk": ["users:manage"]})) == []


def test_a_declaration_that_grew_old_raises_nobody_and_proves_nothing():
    declared = {"Desk": LOW}
    team = {f"p{i}": ["Desk"] for i in range(4)}
    stale = crm(team, declared=declared).model_copy(
        update={"declared": {"Desk": Declared(content=LOW, by="ana", on=date(2026, 1, 1))}}
    )
    assert raised(crm(team, declared=declared), stale) == []
    grown = stale.model_copy(
        update={"logins": {f"p{i}": Holding(roles=frozenset(["Desk"])) for i in range(9)}}
    )
    assert "privileges of 5 logins" in raised(stale, grown)[0]


def test_a_declaration_that_the_change_itself_shrinks_counts_as_it_was():
    team = {f"p{i}": ["Desk"] for i in range(4)}
    was = {"Desk": LOW, "Tags": HIGH_}
    after = {**team, "p0": ["Tags"], "p1": ["Tags"]}
    assert raised(crm(team, declared=was), crm(after, declared={**was, "Tags": LOW}))
    assert raised(crm(team), crm(after, declared={"Desk": LOW, "Tags": LOW})) == []


def test_a_right_that_nobody_mapped_counts_as_administering():
    team = {f"p{i}": [] for i in range(4)}
    after = crm({**team, "p0": ["X"], "p1": ["X"]}, declared={"X": ["asset:view", "dance"]})
    assert "dance, which nobody has mapped" in raised(crm(team), after)[0]


def test_scopes_are_read_and_need_no_word_of_anybody():
    team = {f"p{i}": ["stats.read"] for i in range(4)}
    before = crm(team, platform="sendgrid")
    mail = crm({login: ["stats.read", "mail.send"] for login in team}, platform="sendgrid")
    keys = crm({login: ["api_keys.create"] for login in team}, platform="sendgrid")
    assert raised(before, mail) == []
    assert "p0, p1, p2, p3: integrations:manage" in raised(before, keys)[0]


def test_many_small_gains_that_lift_a_login_to_high_count_and_do_not_once_it_is_there():
    role = [*PORTABLE_ROLES["marketing-manager"].capabilities]
    declared = {"Staff": [*PORTABLE_ROLES["marketer"].capabilities], "Lead": role}
    staff, lead = ({login: [name] for login in "abc"} for name in ("Staff", "Lead"))
    both = {login: ["Lead", "Staff"] for login in "abc"}
    assert "a, b, c: " in raised(crm(staff, declared=declared), crm(lead, declared=declared))[0]
    assert raised(crm(lead, declared=declared), crm(both, declared=declared)) == []


def test_a_role_of_ours_that_is_renamed_raises_nobody_unless_its_new_name_says_more():
    team = {f"p{i}": ["Desk"] for i in range(4)}
    before = crm(team, roles={"Desk": "desk"})

    def after(name, **more):
        return crm({login: [name] for login in team}, roles={name: "desk"}, **more)

    assert raised(before, after("Front desk")) == []
    assert raised(before, after("Admins", administrators=frozenset({"Admins"})))
    assert raised(before, after("Tags", declared={"Tags": HIGH_}))
    assert raised(before, after("Front desk").model_copy(update={"roles": {"Front desk": "new"}}))


ROLES_HELD = st.dictionaries(
    st.sampled_from([f"p{i}" for i in range(12)]),
    st.frozensets(st.sampled_from(["low", "high", "export", "open", "stale", "boss"])),
)


@given(before=ROLES_HELD, after=ROLES_HELD, count=st.integers(0, 6), floor=st.integers(0, 3))
def test_no_change_that_exceeds_the_privilege_guard_passes_it(before, after, count, floor):
    """Counted here role by role, in the guard capability by capability."""
    limit = Limit(count=count, percent=100, floor=floor)
    declared = {"low": LOW, "high": HIGH_, "export": EXPORT}
    stale = {"stale": Declared(content=LOW, by="ana", on=date(2025, 1, 1))}

    def account(logins):
        made = crm(logins, declared=declared, administrators=frozenset({"boss"}))
        return made.model_copy(update={"declared": {**made.declared, **stale}})

    risen = {
        login for login, roles in after.items() if roles - before.get(login, frozenset()) - {"low"}
    }
    allowed = max(floor, min(count, len(before)))
    found = raised(account(before), account(after), privilege_increases=limit)
    assert bool(found) == (bool(before) and len(risen) > allowed)


GATE = "urn:pulumi:dev::p::pulumi-python:dynamic/martech:Gate::gate"
USER = "urn:pulumi:dev::p::pulumi-python:dynamic/martech/scim:MartechUser::crm/{}"


def user(name, *roles):
    return {"account": "crm", "login": name, "roles": dict.fromkeys(roles, True)}


def state(people, declared=None):
    """What a state holds: the gate, as the last run declared it, and everybody in it."""
    account = crm(people, declared=declared)
    gate = {"accounts": {"crm": account_inputs(account)}, "limits": Limits().model_dump()}
    return [
        Recorded(urn=GATE, kind="martech:Gate", inputs=gate),
        *(
            Recorded(urn=USER.format(n), kind="scim:MartechUser", inputs=user(n, *roles))
            for n, roles in people.items()
        ),
    ]


def step(name, old, new):
    op = Op.UPDATE if old is not None else Op.CREATE
    olds = user(name, *old) if old is not None else None
    return Step(urn=USER.format(name), op=op, old=olds, new=user(name, *new))


def test_a_plan_is_judged_by_the_same_measure_and_says_what_it_comes_to():
    recorded = state({"ben": ["Desk"], "cem": ["Desk"]}, {"Desk": LOW, "Tags": HIGH_})
    plan = Plan(steps=[step(n, ["Desk"], ["Desk", "Tags"]) for n in ("ben", "cem")])
    # A plan cannot declare anew what its roles allow: content is that of the recorded gate.
    (found,) = judge(plan, recorded, DAY)
    assert "privileges of 2 logins would increase in crm (ben, cem: code:publish)" in found.text
    told = {effect.login: effect for effect in effects(plan, recorded, DAY)}
    assert told["ben"].gains == ("code:publish", "tracking:edit")
    assert (str(told["ben"].before), str(told["ben"].after)) == ("low 6", "high 28")


def test_to_give_back_what_was_taken_by_hand_is_no_increase():
    recorded = state({n: ["Desk"] for n in ("ben", "cem", "dora")})
    plan = Plan(steps=[step("ben", [], ["Desk"]), step("cem", None, ["Desk"])])
    assert judge(plan, recorded, DAY) == []
    told = {effect.login: effect for effect in effects(plan, recorded, DAY)}
    assert (told["cem"].before, told["cem"].gains_unproven) == (None, ("Desk",))
    more = Plan(steps=[step("ben", [], ["Desk", "Ops"]), step("cem", [], ["Ops"])])
    assert "ben, cem: Ops, not proven" in judge(more, recorded, DAY)[0].text


def test_effects_name_what_is_open_and_what_goes():
    recorded = state({"ben": ["Desk"], "cem": ["Tags"]}, {"Desk": LOW, "Tags": ["dance", *LOW]})
    gone = Step(urn=USER.format("cem"), op=Op.DELETE, old=user("cem", "Tags"))
    plan = Plan(steps=[step("ben", ["Desk"], ["Ops"]), gone, step("eve", None, ["Tags"])])
    told = {effect.login: effect for effect in effects(plan, recorded, DAY)}
    assert told["ben"].gains_unproven == ("Ops",)
    assert str(told["ben"].after) == "up to severe 34"
    assert (told["cem"].after, told["cem"].loses) == (None, ("asset:edit", "asset:view"))
    assert told["eve"].gains_unmapped == ("dance",)
    assert (told["eve"].before, str(told["eve"].after)) == (None, "high 28")


def test_a_switch_more_in_a_role_of_ours_raises_those_who_keep_it():
    def role(*switches):
        on = dict.fromkeys(switches, True)
        desk = {"account": "desk", "role": "helpers", "name": "Helpers"}
        return {**desk, "layout": "guide", "switches": on}

    urn = "urn:pulumi:dev::p::pulumi-python:dynamic/martech/gtg_crm:{}::desk/{}"
    gate = {"accounts": {"desk": {"address": "gtg_crm https://desk.example"}}}
    recorded = [
        Recorded(urn="urn:gate", kind="martech:Gate", inputs=gate),
        Recorded(urn=urn.format("Role", "helpers"), kind="gtg_crm:Role", inputs=role()),
    ]
    for name in ("ben", "cem"):
        held = {"account": "desk", "login": name, "roles": {"Helpers": True}}
        where = urn.format("MartechUser", name)
        recorded.append(Recorded(urn=where, kind="gtg_crm:MartechUser", inputs=held))

    def changed(old, new):
        step = Step(urn=urn.format("Role", "helpers"), op=Op.UPDATE, old=old, new=new)
        return judge(Plan(steps=[step]), recorded, DAY)

    (found,) = changed(role(), role("Contacts: Export"))
    assert "privileges of 2 logins would increase in desk (ben, cem: contacts:export" in found.text
    assert changed(role("Contacts: Export"), role()) == []
