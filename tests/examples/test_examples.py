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
        self.hub = sandbox.tenant("hub", "hubspot")
        self.mail = sandbox.tenant("mail", "sendgrid")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MARTECH")},
            **self.crm.environment(),
            **self.site.environment(),
            **self.hub.environment(),
            **self.mail.environment(),
            "MARTECH_AS_OF": "2026-11-23",
            "MARTECH_TODAY": "2026-11-23",
            "PULUMI_CONFIG_PASSPHRASE": "test",
        }
        self.martech("stack", "init", "dev", "--engine", "embedded")

    def martech(self, *words, code=0):
        done = subprocess.run(
            [MARTECH, *words], cwd=self.root, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words):
        done = subprocess.run(
            [MARTECH, *words], cwd=self.root, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout + done.stderr

    def writes(self):
        return sum(len(t.writes()) for t in (self.crm, self.site, self.hub, self.mail))


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


@example("four_platforms")
def test_a_marketing_team_on_four_platforms_in_portable_roles(office):
    for name in ("Campaign lead", "Campaigns", "Reports"):
        office.hub.add_permission_set(name)
    first = office.martech("up", "--yes")
    assert sorted(office.crm.members("Editors")) == ["ana@example.com", "bo@example.com"]
    sets = {login: user["roles"] for login, user in office.hub.users().items()}
    assert sets["bo@example.com"] == ["Campaigns"]
    assert "marketing_campaigns.create" in office.mail.pending()["bo@example.com"]["scopes"]
    assert "marketing_campaigns.create" not in office.mail.pending()["chi@example.com"]["scopes"]
    assert (office.site.members("author"), office.site.members("contributor")) == (["ana"], ["bo"])
    lines = {line.split()[0]: line for line in first.splitlines() if " -> " in line}
    assert "nothing -> low 6  gains landing_page:create, landing_page:update" in lines["site/bo"]
    assert "nothing -> high 26  gains contacts:export" in lines["mail/bo@example.com"]
    assert "Nothing to do" in office.martech("up", "--yes")

    told = office.martech("role", "explain", "marketing-manager", "--on", "hub")
    assert told.index("declared by ines on 2026-11-02") < told.index("contacts:export")
    assert "+ gained by the mapping: contacts:export" in told
    assert "risk of the role: 26, high" in told

    program = office.root / "__main__.py"
    program.write_text(program.read_text().replace('portable("analyst")', 'portable("marketer")'))
    before = office.writes()
    one = office.martech("preview")
    assert "up to" not in one
    assert "low 4 -> high 26  gains contacts:export" in one
    program.write_text(program.read_text().replace('"Editors": Declared', '"Desk": Declared'))
    text = program.read_text().replace('"marketer": ["Editors"]', '"marketer": ["Staff"]')
    program.write_text(text.replace('("Editors", "Analysts")', '("Editors", "Analysts", "Staff")'))
    stopped = office.refused("up", "--yes")
    assert (
        "privileges of 2 logins would increase in crm (bo@example.com, chi@example.com: " in stopped
    )
    assert "Staff, not proven and so counted as everything), 1 are allowed" in stopped
    assert "say what Staff allows" in stopped
    assert office.writes() == before


@example("agency")
def test_an_agency_comes_with_strays_in_sight_and_goes_with_its_contract(office):
    office.martech("up", "--yes")
    assert "eve-northlight" in office.site.users()
    office.crm.add_user("zoe@northlight.example", roles=["Editors"], displayName="Zoe")
    stray = office.martech("preview", "--exit-code", code=2)
    lines = [line.strip() for line in stray.splitlines() if "zoe@northlight.example" in line]
    (difference,) = [line for line in lines if line.startswith(("+", "-", "~"))]
    assert difference.startswith('- people["zoe@northlight.example"]')
    assert (
        "crm/zoe@northlight.example  up to severe 34 -> nothing  loses Editors (not proven)"
        in lines
    )
    ending = office.martech("preview", "--as-of", "2027-04-01")
    assert ending.count("scim:VendorGrant") == ending.count("wordpress:VendorGrant") == 1
    # Three people are more than the limits let go, until the day has really come.
    assert "3 of 3 logins would lose access in crm" in office.refused(
        "up", "--yes", "--as-of", "2027-04-01"
    )
    office.martech("up", "--yes", "--as-of", "2027-04-01", "--override", "we look ahead")
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
