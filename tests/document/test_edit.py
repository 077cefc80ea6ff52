"""Tools change a document by the line: comments, order and every other byte stay."""

import difflib
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.document.edit import Change, NotEditable, changed, differences
from pulumi_martech.document.parse import parse
from pulumi_martech.document.written import inline, scalar

DOCUMENT = """\
# Who may do what.

people:
  # -- brand
  ana: {name: Ana Lima, team: brand}   # leads
  bo:
    name: "Bo Lindqvist"  # since May
    team: brand
    aliases:
      - bo@old.example   # until 2027
      - bol@old.example

  # -- operations
  chi: {name: Chi Nwosu, logins: {site: chi}}

vendors:
  northlight:
    domains: [northlight.example]
    why: >
      a long
      reason
    people: {eve: {}}

grants:
  - who: ana
    role: marketer
    account: crm   # the customer platform
  - {who: bo, role: viewer, account: crm}
# the end
"""


def lines(text: str, *changes: Change) -> list[str]:
    """Return the lines that changes take away and put in, as ``-`` and ``+``."""
    done = changed(text, changes)
    return [
        line
        for line in difflib.unified_diff(text.splitlines(), done.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]


@pytest.mark.parametrize(
    ("way", "value", "wanted"),
    [
        (
            ("people", "ana", "status"),
            "leaver",
            """\
            -  ana: {name: Ana Lima, team: brand}   # leads
            +  ana: {name: Ana Lima, team: brand, status: leaver}   # leads""",
        ),
        (("people", "bo", "status"), "leaver", "+    status: leaver"),
        (
            ("people", "bo", "name"),
            "Bo: the second",
            """\
            -    name: "Bo Lindqvist"  # since May
            +    name: "Bo: the second"  # since May""",
        ),
        (("people", "bo", "aliases", 0), None, "-      - bo@old.example   # until 2027"),
        (("people", "bo", "aliases", 2), "b@x.example", "+      - b@x.example"),
        (
            ("people", "bo", "aliases"),
            ["b@x.example"],
            """\
            -    aliases:
            -      - bo@old.example   # until 2027
            -      - bol@old.example
            +    aliases: [b@x.example]""",
        ),
        (("people", "bo", "team"), None, "-    team: brand"),
        (
            ("people", "ana", "name"),
            None,
            """\
            -  ana: {name: Ana Lima, team: brand}   # leads
            +  ana: {team: brand}   # leads""",
        ),
        (
            ("people", "chi", "logins", "site"),
            None,
            """\
            -  chi: {name: Chi Nwosu, logins: {site: chi}}
            +  chi: {name: Chi Nwosu, logins: {}}""",
        ),
        (("people", "dee"), {"name": "Dee", "team": "brand"}, "+  dee: {name: Dee, team: brand}"),
        (
            ("people", "dee"),
            {"name": "Dee", "attributes": {"crm": {"title": "x" * 60}}},
            f"""\
            +  dee:
            +    name: Dee
            +    attributes: {{crm: {{title: {"x" * 60}}}}}""",
        ),
        (("people", "ana"), None, "-  ana: {name: Ana Lima, team: brand}   # leads"),
        (
            ("vendors", "northlight", "why"),
            "short",
            """\
            -    why: >
            -      a long
            -      reason
            +    why: short""",
        ),
        (
            ("vendors", "northlight", "people", "mo"),
            {"email": "mo@northlight.example"},
            """\
            -    people: {eve: {}}
            +    people: {eve: {}, mo: {email: mo@northlight.example}}""",
        ),
        (
            ("grants", 2),
            {"who": "chi", "role": "viewer", "account": "crm"},
            "+  - {who: chi, role: viewer, account: crm}",
        ),
        (
            ("grants", 0),
            None,
            """\
            -  - who: ana
            -    role: marketer
            -    account: crm   # the customer platform""",
        ),
        (("grants", 0, "until"), "2027-06-30", "+    until: 2027-06-30"),
        (
            ("grants", 0, "who"),
            None,
            """\
            -  - who: ana
            -    role: marketer
            +  - role: marketer""",
        ),
        (
            ("waivers", "old-keys"),
            {"policy": "s14", "owner": "ana"},
            """\
            +waivers:
            +  old-keys: {policy: s14, owner: ana}""",
        ),
    ],
)
def test_one_change_is_one_difference(way: Any, value: Any, wanted: str) -> None:
    assert lines(DOCUMENT, Change(way, value)) == textwrap.dedent(wanted).splitlines()


def test_many_changes_at_once_are_worked_out_on_the_text_as_it_stands() -> None:
    assert lines(
        DOCUMENT,
        Change(("grants", 0)),
        Change(("people", "ana", "team"), "operations"),
        Change(("people", "chi")),
        Change(("people", "dee"), {"team": "brand"}),
        Change(("people", "eli"), {"team": "brand"}),
        Change(("grants", 2), {"who": "dee", "role": "viewer", "account": "crm"}),
        Change(("grants", 3), {"who": "eli", "role": "viewer", "account": "crm"}),
    ) == [
        "-  ana: {name: Ana Lima, team: brand}   # leads",
        "+  ana: {name: Ana Lima, team: operations}   # leads",
        "-  chi: {name: Chi Nwosu, logins: {site: chi}}",
        "+  dee: {team: brand}",
        "+  eli: {team: brand}",
        "-  - who: ana",
        "-    role: marketer",
        "-    account: crm   # the customer platform",
        "+  - {who: dee, role: viewer, account: crm}",
        "+  - {who: eli, role: viewer, account: crm}",
    ]


def test_all_entries_may_go_and_come_back() -> None:
    none = changed(DOCUMENT, [Change(("grants", 0)), Change(("grants", 1))])
    assert none.endswith("grants:\n# the end\n")
    one = changed(none, [Change(("grants", 0), {"who": "ana"})])
    assert one.endswith("grants:\n  - {who: ana}\n# the end\n")
    flow = "grants: [{who: ana}, {who: bo}, {who: chi}]\n"
    for gone, left in (
        ((1, 2), "[{who: ana}]"),
        ((0, 1), "[{who: chi}]"),
        ((0, 2), "[{who: bo}]"),
        ((0, 1, 2), "[]"),
    ):
        assert changed(flow, [Change(("grants", at)) for at in gone]) == f"grants: {left}\n"
    assert changed("grants: []\n", [Change(("grants", 0), "a"), Change(("grants", 1), "b")]) == (
        "grants: [a, b]\n"
    )


def test_windows_lines_missing_ends_and_empty_files() -> None:
    windows = DOCUMENT.replace("\n", "\r\n")
    done = changed(windows, [Change(("people", "bo", "status"), "leaver")])
    assert done == changed(DOCUMENT, [Change(("people", "bo", "status"), "leaver")]).replace(
        "\n", "\r\n"
    )
    assert changed("people:\n  ana: {}", [Change(("people", "bo"), {})]) == (
        "people:\n  ana: {}\n  bo: {}\n"
    )
    assert changed("", [Change(("people", "bo"), {})]) == "people:\n  bo: {}\n"
    assert changed("# nothing yet", [Change(("people", "bo"), {})]) == (
        "# nothing yet\npeople:\n  bo: {}\n"
    )
    assert changed("people: {}\n", [Change(("people", "bo"), {})]) == "people: {bo: {}}\n"
    assert (
        changed("{people: {}}\n", [Change(("teams", "b"), {})]) == "{people: {}, teams: {b: {}}}\n"
    )


def test_what_does_not_fit_is_refused_and_not_written_wrongly() -> None:
    with pytest.raises(NotEditable, match="a list or map in brackets is not closed"):
        changed("people: {ana: {}\n", [Change(("people", "bo"), {})])
    with pytest.raises(NotEditable, match="make the change by hand"):
        changed("people:\n  ? ana\n  : {}\n", [Change(("people", "bo"), {})])


def test_entries_become_others_by_what_differs() -> None:
    old = {"name": "Ana", "aliases": ["a", "b", "c"], "logins": {"crm": "ana"}, "team": "x"}
    new = {"name": "Ana", "aliases": ["a", "c", "d"], "logins": {"crm": "al", "site": "al"}}
    assert differences(("people", "ana"), old, new) == [
        Change(("people", "ana", "aliases", 1)),
        Change(("people", "ana", "aliases", 3), "d"),
        Change(("people", "ana", "logins", "crm"), "al"),
        Change(("people", "ana", "logins", "site"), "al"),
        Change(("people", "ana", "team")),
    ]
    assert differences((), {"aliases": ["a", "b"]}, {"aliases": ["b", "a"]}) == [
        Change(("aliases",), ["b", "a"])
    ]


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"),
    max_size=12,
)


@given(TEXTS)
def test_whatever_text_is_written_is_read_again(text: str) -> None:
    for written in (f"a: {scalar(text)}\n", f"a: {inline({'b': [text, text], text: text})}\n"):
        found = parse("it", written)
        if any(ord(c) in range(0x2028, 0x202F) or ord(c) in range(0x2066, 0x206A) for c in text):
            continue
        if "\n" not in text:
            assert not found.broken, (written, found.problems)
    assert parse("it", f"a: {scalar(text)}\n").data["a"] == text


KEYS = st.sampled_from(["ana", "bo", "chi", "dee", "eli"])
ENTRIES = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(["Ana", "O'Neil, B", "x: y", "# no"]), "team": KEYS}
)


def rendered(people: dict[str, dict[str, str]], styles: list[int]) -> str:
    """Write people in mixed styles, with comments between them."""
    text = "people:\n"
    for at, (key, entry) in enumerate(people.items()):
        style = styles[at % len(styles)]
        text += f"  # about {key}\n" if style % 2 else ""
        if style > 1 and entry:
            text += f"  {key}:\n" + "".join(
                f"    {name}: {scalar(value)}  # {name} of {key}\n" for name, value in entry.items()
            )
        else:
            text += f"  {key}: {inline(entry)}  # {key} in one line\n"
    return text + "# the end\n"


@given(
    st.dictionaries(KEYS, ENTRIES, min_size=1),
    st.lists(st.integers(0, 3), min_size=1),
    st.dictionaries(KEYS, st.none() | ENTRIES, min_size=1),
)
def test_other_entries_and_all_comments_above_stay(
    people: dict[str, dict[str, str]],
    styles: list[int],
    edits: dict[str, dict[str, str] | None],
) -> None:
    text = rendered(people, styles)
    changes: list[Change] = []
    for key, entry in edits.items():
        if key in people and entry is not None:
            changes += differences(("people", key), people[key], entry)
        elif key in people or entry is not None:
            changes.append(Change(("people", key), entry))
    done = changed(text, changes)
    wanted = {**people, **{key: entry for key, entry in edits.items() if entry is not None}}
    for key, entry in edits.items():
        if entry is None:
            wanted.pop(key, None)
    assert (parse("it", done).data.get("people") or {}) == wanted
    before, after = text.splitlines(), done.splitlines()
    for line in before:
        untouched = not any(f"  {key}:" in line or f"of {key}" in line for key in edits)
        if line.strip().startswith("#") or untouched:
            assert line in after, (line, done)
