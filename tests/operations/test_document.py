"""`martech document`, as a shell user types it."""

import shutil
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.document.load import load
from pulumi_martech.sandbox import Sandbox

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "access_document"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example."""
    copy = tmp_path / "project"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__", ".martech"))
    return copy


def typed(folder: Path, *words: str) -> int:
    return main(["document", *words, "--cwd", str(folder)])


def test_an_import_shows_the_change_and_writes_only_when_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "hr.csv").write_text("E-Mail;Name\ntom@fernwood.example;Tom B. Adeyemi\n")
    before = (folder / "people.yaml").read_bytes()
    assert typed(folder, "import", "hr.csv") == 1
    said = capsys.readouterr().err
    assert "hr.csv:1:1: column 'E-Mail' is none of key, name" in said
    assert "read hr.csv: 3 problems; nothing was done" in said
    words = ("import", "hr.csv", "--column", "E-Mail=email", "--column", "Name=name")
    assert typed(folder, *words) == 1
    said = capsys.readouterr()
    assert "+  tom: {name: Tom B. Adeyemi" in said.out
    assert "say --yes" in said.err and (folder / "people.yaml").read_bytes() == before
    assert typed(folder, *words, "--yes") == 0
    said = capsys.readouterr()
    assert "From hr.csv: 0 new, 1 changed, 3 of our own not in it." in said.out
    assert load(folder / "access.yaml").access.people["tom"].name == "Tom B. Adeyemi"
    assert typed(folder, "import") == 1 and "name a FILE" in capsys.readouterr().err


def test_people_of_a_scim_service_come_in(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox() as sandbox:
        crm = sandbox.tenant("crm", "scim", page_cap=2)
        crm.add_user("tom@fernwood.example", roles=[], displayName="Tom B. Adeyemi")
        crm.add_user("omar", roles=[], displayName="Omar Haddad")
        crm.add_user("zoe@fernwood.example", roles=[], displayName="Zoe Hale", active=False)
        for name, value in crm.environment().items():
            monkeypatch.setenv(name, value)
        assert typed(folder, "import", "--account", "crm", "--yes") == 0
        assert crm.writes() == []
    people = load(folder / "access.yaml").access.people
    assert people["tom"].name == "Tom B. Adeyemi" and people["tom"].logins == {"site": "tom"}
    assert (people["omar"].name, people["omar"].logins) == ("Omar Haddad", {"crm": "omar"})
    assert (people["zoe"].status, people["zoe"].logins) == ("leaver", {})
    assert "From crm: 2 new, 1 changed" in capsys.readouterr().out
    assert typed(folder, "import", "--account", "design") == 1
    assert "has no url and credentials for it" in capsys.readouterr().err


def test_a_spreadsheet_goes_out_and_comes_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from openpyxl import load_workbook

    assert typed(folder, "export", "access.xlsx") == 0
    assert typed(folder, "update", "access.xlsx") == 0
    assert "Nothing changes." in capsys.readouterr().out
    book = load_workbook(folder / "access.xlsx")
    book["grants"].append([None, "lena", None, "marketer", "crm", None, None, "2027-06-30"])
    book.save(folder / "access.xlsx")
    assert typed(folder, "update", "access.xlsx", "--yes") == 0
    said = capsys.readouterr().out
    assert "+  - {who: lena, role: marketer, account: crm, until: 2027-06-30}" in said
    text = (folder / "access.yaml").read_text()
    assert text.endswith("{who: lena, role: marketer, account: crm, until: 2027-06-30}\n")
    assert (EXAMPLE / "access.yaml").read_text() in text, "all the rest is as it was"


def test_a_file_is_locked_and_opened(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed(folder, "key") == 1  # it takes no folder
    capsys.readouterr()
    assert main(["document", "key"]) == 0
    monkeypatch.setenv("PEOPLE_KEY", capsys.readouterr().out.strip())
    people = (folder / "people.yaml").read_text()
    assert typed(folder, "encrypt", "people.yaml", "people.enc", "--key", "env:PEOPLE_KEY") == 0
    (folder / "people.yaml").unlink()
    assert "Lena" not in (folder / "people.enc").read_text()
    text = (folder / "access.yaml").read_text()
    locked = 'include: [{file: people.enc, key: "env:PEOPLE_KEY"}]'
    (folder / "access.yaml").write_text(text.replace("include: [people.yaml]", locked))
    assert len(load(folder / "access.yaml").access.people) == 4
    capsys.readouterr()
    assert typed(folder, "decrypt", "people.enc", "--key", "env:PEOPLE_KEY") == 0
    assert capsys.readouterr().out == people
    assert typed(folder, "decrypt", "people.enc", "--key", "env:NOT_SET") == 1
    assert "NOT_SET is not set" in capsys.readouterr().err
