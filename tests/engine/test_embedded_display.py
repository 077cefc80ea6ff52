"""What a person is shown: each change once, with its values, and the outputs at the end."""

import io
from typing import Any

from pulumi_martech.engine.embedded.display import Shown, Text

USER = "urn:pulumi:dev::office::pulumi-python:dynamic/toy:User::"
STACK = "urn:pulumi:dev::office::pulumi:pulumi:Stack::office-dev"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def _event(op: str, name: str = "ann", **more: Any) -> dict[str, Any]:
    urn = STACK if name == "stack" else USER + name
    kind = urn.split("::")[2]
    data = {"op": op, "urn": urn, "type": kind, "diffs": [], "detailedDiff": None}
    return {"resOutputsEvent": {"metadata": {"old": None, "new": None, **data, **more}}}


def _inputs(**inputs: Any) -> dict[str, Any]:
    return {"inputs": {"__provider": "gASV", **inputs}, "outputs": {}}


def _shown(events: list[dict[str, Any]], **shown: bool) -> list[str]:
    out = io.StringIO()
    text = Text(out, Shown(**shown))
    for event in events:
        text(event)
    return out.getvalue().splitlines()


def _replacement(**more: Any) -> list[dict[str, Any]]:
    return [_event(op, **more) for op in ("delete-replaced", "replace", "create-replacement")]


def test_a_change_is_shown_with_its_values() -> None:
    old = _inputs(login="ann", roles=["a", "b"], key=SECRET, note="x", **{"a.b": 1})
    new = _inputs(login=UNKNOWN, roles=["a"], key="open", note="y", **{"a.b": {"c": SECRET}})
    kinds = {
        "login": "update-replace", "roles[1]": "delete", "key": "update", "note": "update",
        '["a.b"]': "update",
    }  # fmt: skip
    changes = {path: {"diffKind": kind, "inputDiff": True} for path, kind in kinds.items()}
    events = _replacement(old=old, new={**new, "hideDiffs": ["note"]}, detailedDiff=changes)
    assert _shown(events, diff=True) == [
        " +- pulumi-python:dynamic/toy:User ann",
        '      ~ ["a.b"]: 1 => {"c": "[secret]"}',
        '      ~ key: [secret] => "open"',
        '      ~ login: "ann" => [unknown]',
        "      ~ note: [hidden]",
        '      - roles[1]: "b"',
    ]
    assert [line[:4] for line in _shown(events, halves=True)] == [" -- ", " +- ", " ++ "]


def test_what_nobody_was_asked_about_is_compared() -> None:
    events = [
        _event("update", old=_inputs(a=1, b=2), new=_inputs(b=3, c=4)),
        _event("create", "bob", new=_inputs(login="bob", key=SECRET)),
        _event("delete", "eve", old=_inputs(login="eve")),
    ]
    assert _shown(events, diff=True) == [
        " ~  pulumi-python:dynamic/toy:User ann",
        "      - a: 1",
        "      ~ b: 2 => 3",
        "      + c: 4",
        " +  pulumi-python:dynamic/toy:User bob",
        "      key: [secret]",
        '      login: "bob"',
        " -  pulumi-python:dynamic/toy:User eve",
        '      login: "eve"',
    ]


def test_the_stack_is_told_of_once_and_its_outputs_at_the_end() -> None:
    outputs = {"id": UNKNOWN, "all": [SECRET, UNKNOWN, 1], "name": "ann"}
    summary = {"resourceChanges": {"create": 1}, "isPreview": True, "durationSeconds": 1}
    events = [
        {"preludeEvent": {"config": {"office:key": "[secret]"}}},
        _event("create", "stack", new={"inputs": {}, "outputs": {}}),
        _event("same"),
        _event("create", "stack", new={"inputs": {}, "outputs": outputs}),
        {"summaryEvent": summary},
    ]
    shown = [
        " +  pulumi:pulumi:Stack office-dev",
        "Outputs:",
        '    all: ["[secret]", "[unknown]", 1]',
        "    id: [unknown]",
        '    name: "ann"',
        "Resources:",
        "    +  1 to create",
        "Duration: 1s",
    ]
    assert _shown(events) == shown
    assert "Outputs:" not in _shown(events, outputs=False)
    more = _shown(events, config=True, sames=True)
    assert more[:2] == ["Configuration:", "    office:key: [secret]"]
    assert "    pulumi-python:dynamic/toy:User ann" in more
