"""What an engine's events say, read as a plan."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.engine.events import Events
from pulumi_martech.model.plan import (
    NOT_KNOWN,
    SECRET,
    Op,
    Outcome,
    Plan,
    PropertyDiff,
    at,
    differences,
    join,
    leaves,
)

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
ACCOUNT = "urn:pulumi:dev::shop::pulumi:providers:pulumi-python::crm"
ANA = "urn:pulumi:dev::shop::pulumi-python:dynamic/martech/scim:MartechUser::crm/ana"
SIGNED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
A_SECRET = {**SIGNED, "ciphertext": "v1:abc:hush"}
AN_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def meta(op: str, urn: str = ANA, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    def state(inputs: Any) -> Any:
        return None if inputs is None else {"custom": True, "inputs": inputs, "outputs": {}}

    return {"op": op, "urn": urn, "old": state(old), "new": state(new), **more}


def pre(op: str, **more: Any) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": meta(op, **more)}}


def done(op: str, **more: Any) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": meta(op, **more)}}


def failed(op: str, **more: Any) -> dict[str, Any]:
    return {"resOpFailedEvent": {"metadata": meta(op, **more)}}


def said(text: str, severity: str = "error", urn: str = ANA) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": text, "urn": urn}}


def read(*events: dict[str, Any], planning: bool = False, ended_badly: bool = False) -> Plan:
    taken = Events(planning=planning)
    for event in events:
        taken.feed(event)
    return taken.plan(1.5, failed=ended_badly)


def test_an_update_that_was_planned() -> None:
    old = {"account": "crm", "roles": {"Editors": True}, "__provider": "gASV"}
    new = {"account": "crm", "roles": {"Admins": True}, "__provider": "gASW"}
    detailed = {
        "__provider": {"diffKind": "update"},
        "roles.Admins": {"diffKind": "add"},
        "roles.Editors": {"diffKind": "delete"},
    }
    plan = read(pre("update", old=old, new=new, detailedDiff=detailed), planning=True)
    (step,) = plan.steps
    assert (step.op, step.outcome) == (Op.UPDATE, Outcome.PLANNED)
    assert (step.kind, step.name, step.account, step.person) == (
        "scim:MartechUser",
        "crm/ana",
        "crm",
        "ana",
    )
    assert step.diffs == (
        PropertyDiff(path="roles.Admins", kind="add", new=True),
        PropertyDiff(path="roles.Editors", kind="delete", old=True),
    )
    assert "__provider" not in (step.old or {}) and "__provider" not in (step.new or {})
    assert plan.ok and plan.changes and plan.seconds == 1.5


def test_secrets_and_unknown_values_are_marked_at_any_depth() -> None:
    new = {"key": A_SECRET, "people": {"ana": [A_SECRET, {"id": AN_UNKNOWN}]}, "id": AN_UNKNOWN}
    (step,) = read(pre("create", new=new), planning=True).steps
    assert step.new == {
        "key": SECRET,
        "people": {"ana": [SECRET, {"id": NOT_KNOWN}]},
        "id": NOT_KNOWN,
    }
    assert "hush" not in step.model_dump_json()


def test_a_changed_secret_is_a_difference_because_the_engine_says_so() -> None:
    old, new = {"key": A_SECRET}, {"key": {**A_SECRET, "ciphertext": "v1:def:psst"}}
    detailed = {"key": {"diffKind": "update"}}
    (step,) = read(pre("update", old=old, new=new, detailedDiff=detailed)).steps
    assert step.diffs == (PropertyDiff(path="key", kind="update", old=SECRET, new=SECRET),)


def test_the_three_events_of_a_replacement_are_one_step() -> None:
    old, new = {"login": "ana@old.example"}, {"login": "ana@new.example"}
    more = {"keys": ["login"], "detailedDiff": {"login": {"diffKind": "update"}}}
    events = [
        pre("delete-replaced", old=old),
        done("delete-replaced", old=old),
        pre("replace", old=old, new=new, **more),
        done("replace", old=old, new=new, **more),
        pre("create-replacement", old=old, new=new, **more),
    ]
    plan = read(*events, done("create-replacement", old=old, new=new, **more))
    (step,) = plan.steps
    assert (step.op, step.outcome, step.replace_reasons) == (
        Op.REPLACE,
        Outcome.DONE,
        ("login",),
    )
    assert (step.old, step.new) == (old, new)
    assert [diff.replaces for diff in step.diffs] == [True]

    half = read(*events, failed("create-replacement", old=old, new=new), ended_badly=True)
    assert [step.outcome for step in half.steps] == [Outcome.FAILED]
    assert not half.ok


def test_of_a_step_that_was_begun_and_never_ended_nothing_is_known() -> None:
    """Components have no end of their own."""
    component = {"resourcePreEvent": {"metadata": meta("create", urn=STACK, new={})}}
    component["resourcePreEvent"]["metadata"]["new"]["custom"] = False
    plan = read(component, pre("create", new={"login": "ana"}), ended_badly=True)
    assert {step.urn: step.outcome for step in plan.steps} == {
        STACK: Outcome.DONE,
        ANA: Outcome.UNKNOWN,
    }
    assert not plan.finished
    ben, roles = ANA.replace("ana", "ben"), {"roles": {"Editors": True}}
    old, new = {"login": "ana@old.example"}, {"login": "ana@new.example"}
    plan = read(
        pre("create-replacement", old=old, new=new),
        done("create-replacement", old=old, new=new),
        pre("replace", old=old, new=new),
        done("replace", old=old, new=new),
        pre("delete-replaced", old=old),
        pre("update", urn=ben, old=roles, new={}),
        failed("update", urn=ben, old=roles, new={}),
        ended_badly=True,
    )
    assert {step.urn: step.outcome for step in plan.steps} == {
        ANA: Outcome.UNKNOWN,
        ben: Outcome.FAILED,
    }
    (left,) = read(pre("delete-replaced", old=old), done("delete-replaced", old=old)).steps
    assert left.outcome is Outcome.DONE


def test_of_a_call_whose_provider_has_ended_nothing_is_known() -> None:
    for why in ("EOF", "read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer"):
        text = f"rpc error: code = Unavailable desc = error reading from server: {why}"
        plan = read(pre("create", new={}), failed("create", new={}), said(text), ended_badly=True)
        assert [step.outcome for step in plan.steps] == [Outcome.UNKNOWN], why
    text = "rpc error: code = Unknown desc = no seats are left"
    plan = read(pre("create", new={}), failed("create", new={}), said(text), ended_badly=True)
    assert [step.outcome for step in plan.steps] == [Outcome.FAILED]


def test_what_a_canceled_run_did_not_come_to_is_no_error() -> None:
    never = f"expected resource operations for {ANA} but none were seen"
    canceled = {"summaryEvent": {"result": "canceled"}}
    assert read(said(never), canceled, ended_badly=True).errors == ()
    (error,) = read(said(never), ended_badly=True).errors
    assert error.text == "expected resource operations for crm/ana but none were seen"


def test_a_refresh_finds_what_changed_and_what_is_gone() -> None:
    ben = ANA.replace("ana", "ben")
    cat = ANA.replace("ana", "cat")
    old = {"roles": {"Editors": True}}
    plan = read(
        pre("refresh", urn=STACK, old={}, new={}),
        pre("refresh", old=old, new=old),
        done("update", old=old, new={"roles": {"Editors": True, "Admins": True}}),
        pre("refresh", urn=ben, old=old, new=old),
        done("delete", urn=ben, old=old),
        pre("refresh", urn=cat, old=old, new=old),
        done("same", urn=cat, old=old, new=old),
    )
    assert plan.steps == ()
    assert {step.urn: (step.op, step.outcome) for step in plan.drift} == {
        ANA: (Op.UPDATE, Outcome.DONE),
        ben: (Op.DELETE, Outcome.DONE),
    }
    assert plan.drift[0].diffs == (PropertyDiff(path="roles.Admins", kind="add", new=True),)


def test_unchanged_read_and_default_provider_are_kept_apart() -> None:
    default = "urn:pulumi:dev::shop::pulumi:providers:pulumi-python::default"
    plan = read(
        pre("same", old={}, new={}),
        pre("create", urn=default, new={}),
        pre("read", urn=ACCOUNT, new={}),
    )
    assert (plan.unchanged, plan.read, plan.steps) == ((ANA,), 1, ())
    assert plan.stored_differently == 0


def test_an_unchanged_resource_with_another_option_is_noticed() -> None:
    event = pre("same", old={}, new={})
    event["resourcePreEvent"]["metadata"]["new"]["protect"] = True
    assert read(event).stored_differently == 1


def test_the_reason_stands_alone_without_the_engines_own_summary() -> None:
    plan = read(
        said("RuntimeError: the seat limit is reached\n"),
        said("update failed", urn=""),
        said("debug: registering", "debug"),
        {"errorEvent": {"error": "the seat limit is reached"}},
        ended_badly=True,
    )
    assert [message.text for message in plan.errors] == ["the seat limit is reached"]
    assert plan.errors[0].about == "crm/ana"


def test_a_mandatory_policy_is_an_error_and_an_advisory_one_a_warning() -> None:
    event = {"policyName": "no-admins", "message": "too many", "resourceUrn": ANA}
    plan = read(
        {"policyEvent": {**event, "enforcementLevel": "mandatory"}},
        {"policyEvent": {**event, "policyName": "soft", "enforcementLevel": "advisory"}},
    )
    assert [(m.severity, m.text) for m in plan.messages] == [
        ("error", "policy no-admins: too many"),
        ("warning", "policy soft: too many"),
    ]


def test_outputs_of_the_stack_are_compared_and_nothing_is_said_of_a_failed_run() -> None:
    event = done("same", urn=STACK, old={}, new={})
    event["resOutputsEvent"]["metadata"]["old"]["outputs"] = {"people": 2, "gone": 1}
    event["resOutputsEvent"]["metadata"]["new"]["outputs"] = {"people": 3}
    assert [(diff.path, diff.kind) for diff in read(event).outputs] == [
        ("gone", "delete"),
        ("people", "update"),
    ]
    assert read(event, ended_badly=True).outputs == ()


# ------------------------------------------------------------------ differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('ab.[]" é', min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text('ab.[]" é', min_size=1, max_size=4), JSON, max_size=4)


@given(OBJECTS, OBJECTS)
def test_differences_are_found_exactly_where_values_differ(old: Any, new: Any) -> None:
    found = list(differences(old, new))
    same = repr(_typed(old)) == repr(_typed(new))
    assert same == (found == [])
    for diff in found:
        if diff.kind != "add":
            assert at(old, diff.path) == diff.old
        if diff.kind != "delete":
            assert at(new, diff.path) == diff.new
    assert len({diff.path for diff in found}) == len(found)


@given(OBJECTS)
def test_leaves_are_a_whole_value_once_each(value: Any) -> None:
    for diff in leaves(value, "add"):
        if value:
            assert at(value, diff.path) == diff.new


def test_paths_are_spelled_as_the_engine_spells_them() -> None:
    assert join("members", "ana") == "members.ana"
    assert join("members", "ana@a.example") == 'members["ana@a.example"]'
    assert at({"members": {"ana@a.example": {"roles": ["x"]}}}, 'members["ana@a.example"].roles[0]')


def _typed(value: Any) -> Any:
    """Return a value in which 1 and True differ and the order of keys does not."""
    if isinstance(value, dict):
        return {key: _typed(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (type(value).__name__, value)
