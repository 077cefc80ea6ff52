"""`martech role suggest`, `simplify` and `creep`, as a shell user types them."""

import json
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.model.capability import CAPABILITIES, DataClass
from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES
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


@pytest.mark.parametrize("like", ["viewer", "marketer", "marketing-manager", "writer"])
def test_rights_of_two_screens_are_never_put_into_one_role(
    like: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for without in ("personal", "sensitive"):
        words = ("role", "suggest", "--without", without, "--on", "gtg_crm", "--like", like)
        rights = {
            right
            for each in told(folder, capsys, *words)["suggestions"]  # type: ignore[attr-defined]
            for right in each["rights"]
        }
        assert any(rights <= set(switches) for switches in SWITCHES.values()), rights
        assert not any("Messaging: View" in right for right in rights), "perhaps of all people"


def test_an_account_of_sensitive_data_makes_what_is_personal_sensitive(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("role", "suggest", "--without", "sensitive", "--on", "crm", "--like", "writer")
    found = told(folder, capsys, *words)["suggestions"]
    assert {each["role"] for each in found} == {"Readers", "Writers"}  # type: ignore[attr-defined]
    held = DOCUMENT.replace(
        "    roles: {viewer", "    data: [{data: sensitive}]\n    roles: {viewer"
    )
    (folder / "access.yaml").write_text(held, encoding="utf-8")
    found = told(folder, capsys, *words)["suggestions"]
    assert {each["role"] for each in found} == {"Readers"}  # type: ignore[attr-defined]


def test_where_roles_are_each_accounts_own_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["role", "suggest", "--on", "scim", "--cwd", str(folder)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Which roles there are is each account's own on SCIM 2.0" in said
    assert main(["role", "suggest", "--on", "crm", "--cwd", str(folder), *DAY]) == 0
    said = capsys.readouterr().out
    assert "\\u000a" not in said and "asset:view" in said


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
