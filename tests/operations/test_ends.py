"""`martech ends`: what a day makes of a document, and whether runs go on."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.engine.driver import Driver
from pulumi_martech.engine.stacks import Engine
from pulumi_martech.operations.ends_of_state import bound
from pulumi_martech.operations.heartbeat import beat, overdue
from pulumi_martech.operations.work import Work
from pulumi_martech.policy.plans import Recorded

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "access_document"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, without a stack."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".martech"))
    return folder


def run(capsys: pytest.CaptureFixture[str], project: Path, *words: str, code: int = 0) -> str:
    """Run the command and return what it printed."""
    assert main(["ends", "-C", str(project), *words]) == code
    return capsys.readouterr().out


def test_nothing_ends(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, project, "--as-of", "2026-11-23", "--exit-code")
    assert "Nothing ends soon after 2026-11-23" in said
    assert "What is live was not compared: no stack is selected here" in said


def test_ends_are_told_and_turn_nothing_red(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run(capsys, project, "--as-of", "2027-03-01")
    assert "Ends after 2027-03-01:" in said
    lines = [line.split() for line in said.splitlines() if line.startswith("2027-")]
    assert [line[:5] for line in lines] == [
        ["2027-03-15", "14", "eve", "crm", "marketer"],
        ["2027-03-31", "30", "eve", "site", "site-author"],
    ]
    run(capsys, project, "--as-of", "2027-03-01", "--exit-code", code=2)
    run(capsys, project, "--as-of", "2029-01-01")  # all over, and still no mistake
    found = json.loads(run(capsys, project, "--as-of", "2027-03-01", "--within", "14", "--json"))
    assert found["exit_code"] == 0
    assert found["ends"] == [
        {
            "grant": "eve/crm/marketer",
            "place": "access.yaml:86:5",
            "who": ["eve"],
            "last_day": "2027-03-15",
            "ended_by": "grant",
            "days_left": 14,
            "told": True,
        }
    ]


def test_waivers_that_end_are_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "{policy: reasons, owner: tom, why: later, until: 2026-12-07}"
    with (project / "access.yaml").open("a", encoding="utf-8") as file:
        file.write(f"waivers: {{season: {said}}}\n")
    found = json.loads(run(capsys, project, "--as-of", "2026-11-23", "--json"))["waivers"]
    assert [(one["waiver"], one["days_left"], one["told"]) for one in found] == [
        ("season", 14, True)
    ]
    assert "2026-12-07  14    season" in run(
        capsys, project, "--as-of", "2026-11-23", "--exit-code", code=2
    )


def test_a_document_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ends", "-C", str(tmp_path)]) == 1
    assert "looked for access.yaml and stacks/access.yaml" in capsys.readouterr().err
    (tmp_path / "access.yaml").write_text("people: {ana: {team: x}}")
    assert main(["ends", "-C", str(tmp_path)]) == 1
    assert "access.yaml:1:22: there is no team 'x'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("as_of", "targets", "code", "counts"),
    [
        ("2027-03-10", (), 0, True),
        ("2027-03-11", (), 0, True),
        ("2027-03-09", (), 0, False),
        ("2027-03-10", ("urn",), 0, False),
        ("2027-03-10", (), 1, False),
    ],
)
def test_only_a_whole_run_of_today_is_a_sign_of_life(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    as_of: str,
    targets: tuple[str, ...],
    code: int,
    counts: bool,
) -> None:
    monkeypatch.setenv("MARTECH_TODAY", "2027-03-10")
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    driver = Driver(Engine.EMBEDDED, tmp_path, "dev", {}, lambda _: None)
    beat(Work(tmp_path, "dev", as_of, driver, tmp_path, targets), "up", code)
    note = json.loads((tmp_path / ".martech" / "heartbeat.json").read_text())["dev"]["up"]
    assert ("done" in note) is counts
    assert note["as_of"] == as_of


def test_runs_that_stopped_are_found(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    now = datetime(2027, 3, 10, 6, tzinfo=UTC)
    assert "nothing ends before one has run" in overdue(tmp_path, "dev", (), now)

    def run(days: int, **said: str) -> dict[str, str]:
        at = (now - timedelta(days=days)).isoformat()
        return {"kind": "update", "result": "succeeded", "endTime": at, "message": "", **said}

    assert overdue(tmp_path, "dev", [run(1)], now) == ""
    assert overdue(tmp_path, "dev", [run(1, kind="refresh", message="martech up")], now) == ""
    nightly = [run(0, kind="refresh"), run(1, result="failed"), run(0, kind="destroy"), run(9)]
    words = "was on 2027-03-01, 9 days ago: what has ended since then is still live"
    assert words in overdue(tmp_path, "dev", nightly, now), "to look ends nothing"
    note = tmp_path / ".martech" / "heartbeat.json"
    said = {"dev": {"up": {"done": "2027-03-01T05:00:00+00:00", "code": 1}}}
    note.write_text(json.dumps(said))
    assert words in overdue(tmp_path, "dev", (), now)
    assert overdue(tmp_path, "dev", [run(1)], now) == "", "somebody else's checkout did it"
    note.write_text("damaged")
    assert overdue(tmp_path, "dev", [run(1)], now) == ""


def test_a_run_of_a_day_that_has_not_come_is_passed_over_and_told(tmp_path: Path) -> None:
    """One machine's wrong clock must not keep everybody quiet until that day."""
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    now = datetime(2027, 3, 10, 6, tzinfo=UTC)

    def run(at: datetime) -> dict[str, str]:
        return {"kind": "update", "result": "succeeded", "endTime": at.isoformat(), "message": ""}

    ahead, old = run(now.replace(year=2040)), run(now - timedelta(days=9))
    said = overdue(tmp_path, "dev", [ahead, old], now)
    assert "was on 2027-03-01, 9 days ago" in said
    assert "passed over: a run dated 2040-03-10, which has not come" in said
    said = overdue(tmp_path, "dev", [ahead], now)
    assert "no `martech up` of stack dev is known here" in said and "dated 2040-03-10" in said
    assert overdue(tmp_path, "dev", [ahead, run(now - timedelta(days=1))], now) == ""
    soon = now + timedelta(minutes=3)
    assert overdue(tmp_path, "dev", [run(soon)], now) == "", "clocks differ by minutes"
    note = tmp_path / ".martech" / "heartbeat.json"
    note.parent.mkdir(exist_ok=True)
    note.write_text(json.dumps({"dev": {"up": {"done": "2041-01-01T05:00:00+00:00", "code": 0}}}))
    said = overdue(tmp_path, "dev", [ahead, old], now)
    assert "9 days ago" in said and "2 runs dated up to 2041-01-01, which has not come" in said


def test_what_resources_of_a_program_say_of_their_end() -> None:
    def resource(name: str, kind: str = "scim:MartechUser", **inputs: object) -> Recorded:
        return Recorded(urn=f"urn:x::{name}", kind=kind, inputs={"account": "crm", **inputs})

    state = [
        resource("crm/ana", until="2027-03-31"),
        resource("crm/bo"),
        resource("crm/northlight", "scim:VendorGrant", until="2027-03-01"),
        resource("crm/odd", until="soon"),
        resource("crm/role", "scim:Role", until="2027-03-01"),
    ]
    found = bound(state, date(2027, 3, 1))
    assert [(one.resource, one.days_left, one.told) for one in found] == [
        ("crm/northlight", 0, False),
        ("crm/ana", 30, True),
    ]
