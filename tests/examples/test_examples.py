"""Every program under examples/ and stacks/, run as its reader would run it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_martech.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
MARTECH = Path(sys.executable).with_name("martech")


class Office:
    """A copy of a program, two platforms, and somebody who types commands."""

    def __init__(self, program, folder, sandbox):
        self.root = folder / program.name
        shutil.copytree(
            program, self.root, ignore=shutil.ignore_patterns("__pycache__", ".martech")
        )
        self.crm = sandbox.tenant("crm", "scim")
        self.site = sandbox.tenant("site", "wordpress")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MARTECH")},
            **self.crm.environment(),
            **self.site.environment(),
            "MARTECH_AS_OF": "2026-11-23",
            "PULUMI_CONFIG_PASSPHRASE": "test",
        }
        self.martech("stack", "init", "dev", "--engine", "embedded")

    def martech(self, *words, code=0):
        done = subprocess.run(
            [MARTECH, *words], cwd=self.root, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def writes(self):
        return len(self.crm.writes()) + len(self.site.writes())


@pytest.fixture
def office(request, tmp_path):
    with Sandbox() as sandbox:
        yield Office(ROOT / request.param, tmp_path, sandbox)


def example(name):
    return pytest.mark.parametrize("office", [f"examples/{name}"], indirect=True, ids=[name])


@example("one_user")
def test_one_user_on_one_platform(office):
    office.martech("up", "--yes")
    assert office.crm.members("Editors") == ["ana@example.com"]
    before = office.writes()
    assert "Nothing to do" in office.martech("up", "--yes")
    assert office.writes() == before


def test_the_shortest_example_has_under_ten_lines():
    program = (ROOT / "examples/one_user/__main__.py").read_text()
    assert sum(1 for line in program.splitlines() if line.strip()) < 10


@example("team")
def test_a_team_on_both_platforms(office):
    office.martech("up", "--yes")
    assert sorted(office.crm.members("Editors")) == ["ana@example.com", "bo@example.com"]
    assert sorted(office.crm.members("Analysts")) == ["ana@example.com", "chi@example.com"]
    assert office.site.members("editor") == ["ana"]
    assert office.site.members("author") == ["bo"]
    assert "chi" not in office.site.users()


@example("agency")
def test_an_agency_comes_with_strays_in_sight_and_goes_with_its_contract(office):
    office.martech("up", "--yes")
    assert "eve-northlight" in office.site.users()
    office.crm.add_user("zoe@northlight.example", roles=["Editors"], displayName="Zoe")
    stray = office.martech("preview", "--exit-code", code=2)
    lines = [line.strip() for line in stray.splitlines() if "zoe@northlight.example" in line]
    assert len(lines) == 1
    assert lines[0].startswith('- people["zoe@northlight.example"]')
    ending = office.martech("preview", "--as-of", "2027-04-01")
    assert ending.count("scim:VendorGrant") == ending.count("wordpress:VendorGrant") == 1
    office.martech("up", "--yes", "--as-of", "2027-04-01")
    still_in = [
        login
        for login, user in office.crm.users().items()
        if login.endswith("northlight.example") and user.get("active", True)
    ]
    assert still_in == []
    assert "eve-northlight" not in office.site.users()


def test_the_demo_tells_the_whole_story_of_the_company_in_stacks(tmp_path):
    copy = tmp_path / "clone"
    copy.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", copy)
    shutil.copytree(ROOT / "stacks", copy / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    elsewhere = tmp_path / "of the person who watches"
    environment = os.environ | {
        "MARTECH_BACKEND_URL": str(elsewhere),
        "PULUMI_BACKEND_URL": elsewhere.as_uri(),
        "MARTECH_OVERRIDE": "left over in the shell",
        "PULUMI_STACK": "production",
    }
    done = subprocess.run(
        [MARTECH, "demo"], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    story = done.stdout
    assert [f"Act {n} of 5" in story for n in range(1, 6)] == [True] * 5
    assert "Changes asked for by the second run: 0" in story
    assert '- people["nils@northlight.example"]' in story
    assert '- roles["CRM Admins"]: true' in story
    assert "4 of 7 logins would lose access in crm" in done.stderr + story
    assert "Changes asked for by this run: 0" in story
    assert "Agency logins that can still open the CRM: none" in story
    assert "what to do next" in story
    assert not elsewhere.exists(), "the demo keeps its state to itself"


@example("one_user")
def test_an_account_that_cannot_be_read_is_never_reported_as_in_order(office):
    office.martech("up", "--yes")
    office.environment["CRM_TOKEN"] = "wrong"
    said = office.martech("up", "--yes", code=1)
    assert "the accounts are as declared" not in said
    assert "what could be read is as declared" in said
    office.martech("preview", "--exit-code", code=1)
