"""`martech role suggest`, `simplify` and `creep`, as a shell user types them."""

import json
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.model.capability import CAPABILITIES, DataClass
from pulumi_martech.platforms.registry import PLATFORMS

DAY = ("--as-of", "2026-11-28")

DOCUMENT = """\
people:
  ana: {name: Ana, email: ana@x.example, job: editor}
  ben: {name: Ben, email: ben@x.example, job: editor}
  cem: {name: Cem, email: cem@x.example, job: editor}
accounts:
  crm:
    platform: scim
    roles: {viewer: [Readers], writer: [Writers]}
    role_content:
      Readers: {content: ["report:view", "asset:view"], by: ana, on: 2026-11-01}
      Writers: {content: ["email:send", "asset:edit"], by: ana, on: 2026-11-01}
roles:
  writer: {add: ["email:send", "asset:edit", "report:view"]}
  reader: {inherits: [viewer], remove: ["ads:view"]}
grants:
  - {who: ana, role: viewer, account: crm}
  - {who: ben, role: viewer, account: crm}
  - {who: cem, role: viewer, account: crm}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")
    return tmp_path


def told(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main([*words, *DAY, "--json", "--cwd", str(folder)]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_suggestion_touches_what_it_is_to_be_without(
    platform: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(folder, capsys, "role", "suggest", "--without", "personal", "--on", platform)
    for each in said["suggestions"]:  # type: ignore[attr-defined]
        for name in (*each["keeps"], *each["adds"]):
            assert CAPABILITIES[name].data_class < DataClass.PERSONAL, (platform, each)
        assert each["keeps"] and each["loses"]


def test_a_suggestion_for_an_account_goes_by_what_was_declared_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(folder, capsys, "role", "suggest", "--on", "crm", "--like", "writer")
    (readers,) = said["suggestions"]  # type: ignore[misc, attr-defined]
    assert readers["role"] == "Readers", "Writers send to people"
    assert set(readers["keeps"]) == {"asset:view", "report:view"}
    assert "email:send" in readers["loses"]
    assert main(["role", "suggest", "--on", "crn", "--cwd", str(folder)]) == 1
    assert "did you mean 'crm'" in capsys.readouterr().err


def test_roles_that_are_nearly_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(folder, capsys, "role", "simplify", "--least", "0.7")
    (merge,) = said["merges"]  # type: ignore[misc, attr-defined]
    assert (merge["keep"], merge["drop"], merge["gains"]) == ("viewer", "reader", ["ads:view"])
    assert main(["role", "simplify", *DAY, "--cwd", str(folder)]) == 0
    assert "No two roles of access.yaml are alike to 80%" in capsys.readouterr().out


def test_what_grew_since_a_document_of_before(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "then.yaml").write_text(DOCUMENT, encoding="utf-8")
    more = DOCUMENT + "  - {who: cem, role: writer, account: crm}\n"
    (folder / "access.yaml").write_text(more, encoding="utf-8")
    said = told(folder, capsys, "role", "creep", "--since", "then.yaml")
    (cem,) = said["people"]  # type: ignore[misc, attr-defined]
    assert cem["who"] == "cem"
    assert cem["gained"] == {"crm": ["asset:edit", "email:send"]}
    assert cem["unusual"] == ["asset:edit", "email:send"]
    assert cem["points"] == 16
    assert main(["role", "creep", "--since", "then.yaml", *DAY, "--cwd", str(folder)]) == 0
    assert "gained since then.yaml" in capsys.readouterr().out
