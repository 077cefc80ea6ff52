"""`martech check` and `martech policy list`, as a shell user types them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_martech.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

DOCUMENT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {name: Ana, email: ana@fernwood.example}
accounts:
  tool: {platform: canva}
grants:
  - {who: ana, role: marketer, account: tool, why: campaigns}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")
    return tmp_path


def commit(folder: Path, day: str) -> None:
    """Commit everything in a folder, on a day."""
    when = f"{day}T12:00:00Z"
    who = {f"GIT_{what}_{name}": f"x@{what}.example" for what in ("AUTHOR", "COMMITTER")
           for name in ("NAME", "EMAIL")}  # fmt: skip
    env = {**os.environ, **who, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(folder), *words], env=env, check=True)


def typed(folder: Path, *words: str) -> int:
    return main([*words, "--cwd", str(folder)])


def test_what_is_advisory_is_shown_and_fails_only_when_strict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(folder, "check", "--as-of", "2026-11-28") == 0
    said = capsys.readouterr().out
    assert "0 mandatory findings" in said
    assert "access.yaml as of 2026-11-28" in said
    assert typed(folder, "check", "--strict") == 2


def test_a_mandatory_finding_ends_with_2_and_has_its_place_and_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "access.yaml").write_text(
        DOCUMENT.replace("ana@fernwood.example", "ana@gmail.com"), encoding="utf-8"
    )
    assert typed(folder, "check", "--json") == 2
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == 2
    (found,) = (f for f in said["findings"] if f["policy"] == "personal-mail")
    assert found["where"] == "access.yaml:3:3"
    assert found["fix"] == "use the address at the company"
    assert found["about"] == ["ana", "tool"]


def test_a_document_with_errors_is_not_judged_and_all_of_them_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = DOCUMENT.replace("who: ana", "who: anna") + (
        "policies:\n  administratorz: {severity: off}\n"
    )
    (folder / "access.yaml").write_text(broken.replace("account: tool", "account: toll"))
    assert typed(folder, "check") == 1
    said = capsys.readouterr().err
    assert "access.yaml:7" in said
    assert "anna" in said and "toll" in said
    fine = DOCUMENT + "policies:\n  administratorz: {severity: off}\n"
    (folder / "access.yaml").write_text(fine, encoding="utf-8")
    assert typed(folder, "check") == 1
    assert "access.yaml:9:3: there is no policy 'administratorz'" in capsys.readouterr().err


def test_a_check_asks_nobody_and_needs_no_pulumi(folder: Path) -> None:
    code = (
        "import os, socket, sys\n"
        "os.environ.clear()\n"
        "socket.socket.connect = socket.getaddrinfo = None\n"
        "from pulumi_martech.cli import main\n"
        f"assert main(['check', '--json', '--cwd', {str(folder)!r}]) == 0\n"
        "assert main(['policy', 'list', '--json']) == 0\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('pulumi', 'grpc')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_where_there_is_nothing_to_check_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(tmp_path, "check") == 1
    said = capsys.readouterr().err
    assert "there is none in" in said and "martech check FILE" in said


def test_policies_are_listed_with_their_parameters_and_the_projects_own(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # several tests at once leave a narrow terminal
    (folder / "policies").mkdir()
    (folder / "policies" / "rules.py").write_text(
        "from pulumi_martech.policy.rule import Rule\n"
        'RULES = [Rule("mine", "asks", "why", "fix", "advisory", lambda view, p: iter(()))]\n'
    )
    assert typed(folder, "policy", "list", "--json") == 0
    listed = {entry["policy"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["mine"]["own"] is True
    assert listed["administrators"]["parameters"]["most"] == {
        "description": "Most administrators of an account.",
        "default": 4,
    }
    assert typed(folder, "policy", "list") == 0
    assert "s1-spend-and-billing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RULES = 3\n", "it has no list RULES of rules"),
        ("1/0\n", "ZeroDivisionError"),
        (
            "from pulumi_martech.policy.builtin import BUILTIN\nRULES = [BUILTIN[0]]\n",
            "administrators is there twice",
        ),
    ],
)
def test_a_broken_file_of_own_policies_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    (folder / "policies").mkdir()
    (folder / "policies" / "rules.py").write_text(text, encoding="utf-8")
    assert typed(folder, "check") == 1
    said = capsys.readouterr().err
    assert words in said and "nothing was judged" in said and "Traceback" not in said


def test_of_hundreds_of_findings_a_terminal_is_shown_the_first_and_a_machine_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = "".join(f"  p{n}: {{email: p{n}@gmail.com}}\n" for n in range(250))
    grants = "".join(f"  - {{who: p{n}, role: viewer, account: tool}}\n" for n in range(250))
    (folder / "access.yaml").write_text(
        DOCUMENT.replace("accounts:\n", f"{people}accounts:\n") + grants, encoding="utf-8"
    )
    assert typed(folder, "check") == 2
    said = capsys.readouterr().out
    assert (
        said.count("mandatory  personal-mail") == 200 and "more: `--json` gives all of them" in said
    )
    assert typed(folder, "check", "--json") == 2
    found = json.loads(capsys.readouterr().out)["findings"]
    assert sum(f["policy"] == "personal-mail" for f in found) == 250


WAIVED = (
    DOCUMENT.replace("ana@fernwood.example}", "ana@gmail.com}\n  ben: {}").replace(
        "why: campaigns}", "why: campaigns, ticket: T-1, until: 2027-03-31}"
    )
    + """\
waivers:
  moving: {policy: personal-mail, about: [ana], owner: ben, why: she moves, until: 2027-01-31}
"""
)


def test_a_commit_is_judged_the_same_whenever_it_is_checked(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARTECH_TODAY", "2026-11-28")
    (folder / "access.yaml").write_text(WAIVED, encoding="utf-8")
    commit(folder, "2026-11-20")
    assert typed(folder, "check") == 0
    said = capsys.readouterr().out
    assert "access.yaml as of 2026-11-20 (its last commit), by" in said and "Note:" not in said

    monkeypatch.setenv("MARTECH_TODAY", "2027-11-28")
    assert typed(folder, "check") == 0, "the calendar turns nothing red"
    said = capsys.readouterr().out
    assert "Note: one grant has ended since (ana/tool/marketer on 2027-03-31)" in said
    assert typed(folder, "check", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["as_of"], found["since"]["as_of"]) == ("2026-11-20", "2027-11-28")
    assert found["since"]["waivers"] == ["moving on 2027-01-31"]
    monkeypatch.setenv("MARTECH_TODAY", "2027-01-31")
    assert typed(folder, "check", "--json") == 0
    found = json.loads(capsys.readouterr().out)["since"]
    assert found["grants"] == found["waivers"] == [], "the last day is one of access"
    monkeypatch.setenv("MARTECH_TODAY", "2027-02-01")
    assert typed(folder, "check") == 0
    said = capsys.readouterr().out
    assert "Note: waiver moving on 2027-01-31 ended since: what they were for is a finding" in said
    assert typed(folder, "check", "--as-of", "today") == 2, "whoever asks for today gets it"
    monkeypatch.setenv("MARTECH_AS_OF", "2027-02-01")
    assert typed(folder, "check") == 2
    monkeypatch.delenv("MARTECH_AS_OF")

    with (folder / "access.yaml").open("a") as file:
        file.write("# changed\n")
    assert typed(folder, "check") == 2, "what is changed is of today"
    commit(folder, "2026-11-21")
    (folder / "other.txt").write_text("no part of the document")
    commit(folder, "2027-02-01")
    assert typed(folder, "check") == 0
    assert "as of 2026-11-21 (its last commit)" in capsys.readouterr().out


def test_a_document_beyond_any_repository_is_of_today(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARTECH_TODAY", "2027-02-01")
    (folder / "access.yaml").write_text(WAIVED, encoding="utf-8")
    assert typed(folder, "check") == 2
    subprocess.run(["git", "-C", str(folder), "init", "-q"], check=True)
    assert typed(folder, "check") == 2, "not committed yet"
    monkeypatch.setenv("PATH", "")
    assert typed(folder, "check") == 2, "no git at all"


def test_a_program_without_a_document_is_judged_by_its_commit_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "program"
    shutil.copytree(EXAMPLES / "one_user", project, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("MARTECH_TODAY", "2027-05-01")
    monkeypatch.setenv("CRM_URL", "http://127.0.0.1:9/scim/v2")
    monkeypatch.setenv("CRM_TOKEN", "x")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    assert main(["stack", "init", "dev", "--engine", "embedded", "-C", str(project)]) == 0
    commit(project, "2026-11-20")
    capsys.readouterr()
    assert typed(project, "check", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["document"], said["as_of"], said["committed"]) == (
        "the program", "2026-11-20", True,
    )  # fmt: skip
    assert typed(project, "check", "--base", "HEAD") == 1
    assert "want an access document" in " ".join(capsys.readouterr().err.split())
