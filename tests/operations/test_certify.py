"""`martech certify`: the record of reviews, when one is due, and what grew since."""

import json
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from tests.operations.test_check import commit

DOCUMENT = """\
company: {name: Fernwood, domains: [fernwood.example]}
teams: {brand: {}, lead: {}}
people:
  ines: {email: ines@fernwood.example, team: lead}
  omar: {email: omar@fernwood.example, team: lead}
  ana: {email: ana@fernwood.example, team: brand}
  bo: {email: bo@fernwood.example, team: brand, starts: 2026-12-01}
  ex: {email: ex@fernwood.example, status: leaver}
  bot: {kind: service, owner: omar, logins: {tool: "key:bot"}}
accounts:
  tool: {platform: canva}
roles:
  writer: {inherits: [viewer], add: ["email:create"]}
policies:
  certified: {severity: mandatory%s}
grants:
  - {who: ines, role: administrator, account: tool}
  - {who: ana, role: writer, account: tool, approved_by: omar}
  - {who: bo, role: viewer, account: tool}
  - {who: bot, role: viewer, account: tool}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MARTECH_TODAY", "2027-01-10")
    (tmp_path / "access.yaml").write_text(DOCUMENT % "", encoding="utf-8")
    return tmp_path


def typed(folder: Path, *words: str) -> int:
    return main([*words, "--cwd", str(folder)])


def overdue(folder: Path, capsys: pytest.CaptureFixture[str], day: str) -> list[str]:
    capsys.readouterr()
    typed(folder, "check", "--as-of", day, "--json")
    found = json.loads(capsys.readouterr().out)
    assert "findings" in found, found
    return [one["text"] for one in found["findings"] if one["policy"] == "certified"]


def test_nobody_certifies_themselves_and_lines_are_only_added(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = folder / "certifications.jsonl"
    assert typed(folder, "certify", "tool", "--by", "ines") == 1, "nobody is there to ask"
    said = capsys.readouterr()
    assert "there is no terminal to ask" in said.err and not record.exists()
    assert "ines is left out: ines certifies neither their own access" in said.err
    assert "never" in said.out
    assert typed(folder, "certify", "tool", "--by", "ines", "--yes") == 0
    first = record.read_text()
    line = json.loads(first)
    assert line["held"] == {"ana": ["writer"], "bo": ["viewer"], "bot": ["viewer"]}
    assert "email:create" in line["roles"]["writer"] and line["on"] == "2027-01-10"
    assert "fernwood" not in first, "no name and no address"
    capsys.readouterr()
    assert typed(folder, "certify", "tool", "--by", "omar", "--yes", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["left_out"] == ["ana", "bot"], "approved by omar; owned by omar"
    assert set(said["certification"]["held"]) == {"ines", "bo"}
    assert record.read_text().startswith(first)
    assert typed(folder, "certify", "tool", "--by", "omar", "--person", "ana", "--yes") == 1
    assert "nobody else holds anything there" in capsys.readouterr().err
    assert typed(folder, "certify", "tool", "--by", "ines", "--team", "brand", "--yes") == 0
    assert list(json.loads(record.read_text().splitlines()[-1])["held"]) == ["ana", "bo"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("tol", "--by", "ines"),
            "the document has no account 'tol'; nothing was written; did you",
        ),
        (("tool", "--by", "inés"), "the document has no person 'inés'"),
        (("tool", "--by", "ines", "--team", "brnd"), "the document has no team 'brnd'"),
        (("tool", "--by", "ex"), "ex has left"),
        (("tool", "--by", "bot"), "bot is none of our people"),
        (("tool", "--by", "ines", "--person", "omar"), "nobody of them holds it"),
    ],
)
def test_who_and_what_cannot_be_certified(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert typed(folder, "certify", *words, "--yes") == 1
    assert said in capsys.readouterr().err
    assert not (folder / "certifications.jsonl").exists()


def test_when_a_review_is_due(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overdue(folder, capsys, "2027-06-01") == [], "nobody began with it"
    (folder / "access.yaml").write_text(
        DOCUMENT % ", parameters: {begin: 2027-01-01, low: 200, moderate: 100}"
    )
    never = "severe access of ines in tool was never certified and was to be by 2027-01-31"
    assert overdue(folder, capsys, "2027-01-31") == []
    assert overdue(folder, capsys, "2027-02-01") == [never]
    assert typed(folder, "certify", "tool", "--by", "ines", "--yes") == 0
    assert overdue(folder, capsys, "2027-02-01") == [never], "it was nobody else"
    assert typed(folder, "certify", "tool", "--by", "omar", "--person", "ines", "--yes") == 0
    assert overdue(folder, capsys, "2027-04-10") == []
    assert overdue(folder, capsys, "2027-04-11") == [
        "severe access of ines in tool was certified last on 2027-01-10, by omar, and was to be "
        "again by 2027-04-10"
    ]
    assert [t.split(" in ")[0] for t in overdue(folder, capsys, "2027-07-29")] == [
        "low access of bot",
        "severe access of ines",
    ]
    assert [t.split(" in ")[0] for t in overdue(folder, capsys, "2027-07-30")] == [
        "low access of ana",
        "low access of bo",
        "low access of bot",
        "severe access of ines",
    ]
    before = overdue(folder, capsys, "2027-01-05")
    assert before == [], "what was certified later is not known yet, and it is not due"


def test_what_grew_since_is_told_and_creep_rests_on_the_record(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(folder, "role", "creep") == 1
    assert "there is no certifications.jsonl" in capsys.readouterr().err
    assert typed(folder, "certify", "tool", "--by", "ines", "--yes") == 0
    assert overdue(folder, capsys, "2027-01-11") == []
    file = folder / "access.yaml"
    file.write_text(file.read_text().replace('"email:create"]', '"email:create", "email:send"]'))
    assert [text.split(": ")[1] for text in overdue(folder, capsys, "2027-01-11")] == ["email:send"]
    assert typed(folder, "role", "creep", "--as-of", "2027-01-11", "--json") == 0
    people = {one["who"]: one for one in json.loads(capsys.readouterr().out)["people"]}
    assert people["ana"]["gained"] == {"tool": ["email:send"]}
    assert len(people["ines"]["gained"]["tool"]) == 60, "never certified: all of it"
    assert "bo" not in people
    text = file.read_text().replace(
        "{platform: canva}", "{platform: canva}\n  more: {platform: miro}"
    )
    file.write_text(text + "  - {who: omar, role: viewer, account: more}\n")
    assert typed(folder, "role", "creep", "--as-of", "2027-01-11") == 0
    said = capsys.readouterr()
    assert "nobody ever certified more: what was gained there is unknown" in said.err
    assert "omar" not in said.out


def test_a_record_that_was_touched_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = folder / "certifications.jsonl"
    assert typed(folder, "certify", "tool", "--by", "ines", "--yes") == 0
    commit(folder, "2027-01-10")
    line = record.read_text()
    record.write_text(line.rstrip("\n"))
    assert typed(folder, "certify", "tool", "--by", "omar", "--person", "ines", "--yes") == 0
    assert record.read_text().startswith(line) and len(record.read_text().splitlines()) == 2

    def process(by: str = "omar") -> list[str]:
        capsys.readouterr()
        typed(folder, "check", "--base", "HEAD", "--by", by, "--json")
        found = json.loads(capsys.readouterr().out)["findings"]
        return [one["text"] for one in found if one["policy"] == "process"]

    assert process() == []
    assert process("ana") == ["a certification is said to be by omar and was signed off by ana"]
    record.write_text(line.replace("2027-01-10", "2027-12-10"))
    (text,) = process()
    assert "lost or changed a line: certifications are added and never changed" in text
    (folder / "access.yaml").write_text(
        (DOCUMENT % "").replace("ines@", "x@committer.example, aliases: [x@author.example]} #")
    )
    record.write_text(line)
    commit(folder, "2027-01-11")
    assert typed(folder, "certify", "tool", "--by", "ines", "--yes") == 0
    commit(folder, "2027-01-12")
    capsys.readouterr()
    typed(folder, "check", "--base", "HEAD~1", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["authors"] == [], "the document did not change"
    assert "process" not in {one["policy"] for one in found["findings"]}, "ines signed it herself"
    record.write_text("{}\nno json\n" + line)
    assert typed(folder, "check") == 1
    said = capsys.readouterr().err
    assert "certifications.jsonl:1:1: is no certification" in said and "jsonl:2:1" in said
