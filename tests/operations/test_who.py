"""`martech who` and `martech matrix`: answers from the document, of the past from the audit."""

import csv
import io
import json
from pathlib import Path

import pytest
import time_machine

from pulumi_martech.cli import main
from pulumi_martech.operations.who import _cell
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.entries import pseudonym

DOCUMENT = """\
people:
  ana: {name: Ana, email: ana@fernwood.example, team: brand}
  ben: {name: Ben, email: ben@fernwood.example}
teams:
  brand: {name: Brand}
accounts:
  crm:
    platform: scim
    roles: {exporter: [Exporters], viewer: [Readers]}
    role_content:
      Exporters: {content: ["contacts:export"], by: ana, on: 2026-03-01}
      Readers: {content: ["report:view"], by: ana, on: 2026-03-01}
  tool: {platform: canva}
assets:
  list: {account: tool, kind: list, owner: ana, team: brand}
  page: {account: tool, kind: page, owner: ana, team: brand}
roles:
  exporter: {add: ["contacts:export"]}
vendors:
  north: {domains: [north.example], until: 2026-04-30, owner: ana, why: spring,
          people: {eve: {name: Eve, email: eve@north.example}}}
grants:
  - {who: ana, role: exporter, account: crm}
  - {who: ben, role: viewer, account: crm}
  - {who: eve, role: exporter, account: crm}
  - {who: ben, role: exporter, account: tool, assets: [list]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")
    monkeypatch.delenv("MARTECH_AS_OF", raising=False)
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path / ".martech"))
    return tmp_path


def asked(
    folder: Path, capsys: pytest.CaptureFixture[str], *words: str, day: str = "2026-04-01"
) -> list[dict[str, str]]:
    with time_machine.travel(f"{day}T12:00:00Z"):
        assert main([*words, "--json", "--cwd", str(folder)]) == 0
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)["answers"]
    return found


def test_who_can_export_is_told_from_what_roles_are_known_to_allow(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(folder, capsys, "who", "--can", "contacts:export")
    assert [(a["who"], a["account"], a["how"]) for a in found] == [
        ("ana", "crm", "proven"),
        ("eve", "crm", "proven"),
        ("ben", "tool", "as declared"),
    ]
    assert found[1]["until"] == "2026-04-30", "the contract's end bounds it"
    # 90 days after it was declared nobody knows what Readers allows: it is not said that it cannot
    later = asked(folder, capsys, "who", "--can", "contacts:export", day="2026-09-01")
    assert ("ben", "crm", "not proven that it cannot") in [
        (a["who"], a["account"], a["how"]) for a in later
    ]
    assert "eve" not in [a["who"] for a in later]


def test_a_pattern_asks_for_any_of_several_capabilities(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(folder, capsys, "who", "--can", "*:export")
    assert [(a["who"], a["can"]) for a in found] == [("ana", ""), ("eve", ""), ("ben", "")]
    found = asked(folder, capsys, "who", "--can", "*:view")
    assert [(a["who"], a["can"]) for a in found] == [
        ("ana", "crm:view"), ("ben", "report:view"), ("eve", "crm:view"), ("ben", "crm:view"),
    ]  # fmt: skip
    assert main(["who", "--can", "*:nothing", "--cwd", str(folder)]) == 1
    assert "there is none of this name" in capsys.readouterr().err


def test_who_reaches_an_asset_and_who_belongs_to_a_vendor(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [a["who"] for a in asked(folder, capsys, "who", "--asset", "list")] == ["ben"]
    assert asked(folder, capsys, "who", "--asset", "page") == []
    assert [a["who"] for a in asked(folder, capsys, "who", "--vendor", "north")] == ["eve"]
    assert [a["who"] for a in asked(folder, capsys, "who", "--external")] == ["eve"]
    assert asked(folder, capsys, "who", "--vendor", "north", "--as-of", "2026-05-01") == []


def test_what_is_not_there_is_said_with_what_is_near(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, hint in (
        (("--can", "contacts:exprot"), "contacts:export"),
        (("--vendor", "nort"), "north"),
        (("--account", "crn"), "crm"),
    ):
        assert main(["who", *words, "--cwd", str(folder)]) == 1
        assert f"did you mean '{hint}'" in capsys.readouterr().err


def test_a_sheet_holds_no_formula(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with time_machine.travel("2026-04-01T12:00:00Z"):
        assert main(["who", "--person", "ana", "--csv", "--cwd", str(folder)]) == 0
    heading, row = csv.reader(io.StringIO(capsys.readouterr().out))
    assert dict(zip(heading, row, strict=True))["name"] == "Ana"
    assert _cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"


def test_a_narrow_terminal_breaks_no_word_and_an_empty_answer_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(width: int, *words: str) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        with time_machine.travel("2026-04-01T12:00:00Z"):
            assert main([*words, "--cwd", str(folder)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert all(len(line) <= width for line in lines)
        return lines

    heading, *_ = shown(120, "who")
    assert heading.split()[:4] == ["who", "name", "company", "account"]
    assert "second factor" in heading
    for width in (100, 80, 60):
        text = "\n".join(shown(width, "who"))
        assert all(word in text for word in ("Exporters", "2026-04-30", "declared", "exporter"))
    lines = [" ".join(line.split()) for line in shown(60, "who", "--person", "eve")]
    assert {"who eve", "company north", "role exporter", "until 2026-04-30"} <= set(lines)
    assert not any(line.startswith("assets") and line != "assets all" for line in lines)
    nobody = shown(80, "who", "--vendor", "north", "--as-of", "2026-05-01")
    assert nobody == ["", "Nobody, from access.yaml as of 2026-05-01."]
    assert shown(80, "matrix")[-1] == "From access.yaml as of 2026-04-01."


def test_the_matrix_by_people_teams_and_capabilities(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(by: str) -> list[dict[str, str]]:
        with time_machine.travel("2026-04-01T12:00:00Z"):
            assert main(["matrix", "--by", by, "--json", "--cwd", str(folder)]) == 0
        rows: list[dict[str, str]] = json.loads(capsys.readouterr().out)["rows"]
        return rows

    people = {row["who"]: (row["crm"], row["tool"]) for row in shown("people")}
    assert people == {
        "ana": ("exporter", ""),
        "ben": ("viewer", "exporter"),
        "eve": ("exporter", ""),
    }
    teams = {row["team"]: row["crm"] for row in shown("teams")}
    assert teams == {"brand": "1, 1 reach personal data", "no team": "2, 1 reach personal data"}
    can = {row["capability"]: (row["crm"], row["tool"]) for row in shown("capabilities")}
    assert can["contacts:export"] == ("2", "1")
    assert can["report:view"] == ("1", "")


def test_what_an_agency_had_on_a_day_is_told_from_the_audit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = Audit(folder / ".martech", "crm", actor="ci", run="r")
    eve = pseudonym("north", "eve@north.example")

    def write(day: str, person: str, verb: str, target: str, *changes: str) -> None:
        with (
            time_machine.travel(f"{day}T09:00:00Z", tick=False),
            audit.call(person, verb, "", changes) as call,
        ):
            call.target = target

    write("2026-02-10", eve, "create user", "u1", "+ role Readers")
    write("2026-02-20", eve, "change user", "u1", "+ role Exporters", "- role Readers")
    write("2026-02-21", "ben", "create user", "u2", "+ role Readers")
    write("2026-03-10", eve, "deactivate user", "u1")
    write("2026-03-20", eve, "change user", "u1", "active")
    write("2026-04-30", eve, "remove user", "u1")

    def held(day: str, *words: str) -> list[tuple[str, str]]:
        found = asked(folder, capsys, "who", "--as-of", day, *words, day="2026-06-01")
        return [(a["who"], a["roles"]) for a in found]

    north = ("--vendor", "north")
    assert held("2026-02-09", *north) == []
    assert held("2026-02-10", *north) == [("eve", "Readers")]
    assert held("2026-03-01", *north) == [("eve", "Exporters")]
    assert held("2026-03-01") == [("ben", "Readers"), ("eve", "Exporters")]
    assert held("2026-03-01", "--can", "contacts:export") == [("eve", "Exporters")]
    assert held("2026-03-15", *north) == [], "switched off"
    assert held("2026-03-21", *north) == [("eve", "Exporters")], "switched on again"
    assert held("2026-05-01", *north) == []


def test_a_write_without_a_known_end_is_told_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = Audit(folder / ".martech", "crm", actor="ci", run="r")
    with time_machine.travel("2026-02-10T09:00:00Z", tick=False):
        with audit.call("ben", "create user", "u2", ["+ role Readers"]):
            pass
        with pytest.raises(KeyboardInterrupt), audit.call("ben", "remove user", "u2"):
            raise KeyboardInterrupt
    (ben,) = asked(folder, capsys, "who", "--as-of", "2026-02-11")
    assert "last write has no known end" in ben["known"]
