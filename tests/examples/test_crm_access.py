"""Access levels of a CRM without an API, from the first wish to the last leaver.

One story of what people type: asked, attested, drift, put right, gone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "crm_access"
MARTECH = Path(sys.executable).with_name("martech")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "attested.md"

PEOPLE = {
    "ines": "Administrator", "mia": "Administrateur", "tom": "Responsable Marketing",
    "yuki": "Équipe marketing", "lena": "Customer Service", "omar": "Customer Service",
}  # fmt: skip
ON = {
    "Customer Service": {"Messaging: View", "Messaging: Reply"},
    "External Collaborator": {"Contacts: View All Contacts", "Email: Send"},
}


class Desk:
    """A copy of the example, whoever types, and what the screens of the CRM show."""

    def __init__(self, root):
        self.root = root
        shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("__pycache__", ".martech"))
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MARTECH")},
            "MARTECH_AS_OF": "2026-11-23",
            "MARTECH_TODAY": "2026-11-23",
            "MARTECH_ACTOR": "ci",
            "PULUMI_CONFIG_PASSPHRASE": "test",
        }
        self.people = {f"{name}@fernwood.example": role for name, role in PEOPLE.items()}
        self.people["eve@northlight.example"] = "External Collaborator"
        self.switches = {role: set(on) for role, on in ON.items()}
        self.told = ""
        self.martech("stack", "init", "dev", "--engine", "embedded")

    def martech(self, *words, code=0):
        done = subprocess.run(
            [MARTECH, *words], cwd=self.root, env=self.environment, capture_output=True, text=True
        )
        said = " ".join((done.stdout + "\n" + done.stderr).split())
        self.told += f"$ martech {' '.join(words)}\n{done.stdout}\n{done.stderr}\n"
        assert done.returncode == code, said
        return done.stdout if "--json" in words else said

    def write_off(self):
        """Write down what the screens show, as a spreadsheet saves it."""
        rows = [f"{login};{role}" for login, role in self.people.items()]
        (self.root / "people.csv").write_text("\r\n".join(["login;role", *rows]), "utf-8-sig")
        rows = [
            f"{role},{name.replace(': ', ',')},{'on' if name in on else 'off'}"
            for role, on in self.switches.items()
            for name in SWITCHES["guide"]
        ]
        (self.root / "roles.csv").write_text("\n".join(["role,module,switch,state", *rows]))

    def attest(self, by="ana", code=0, on="now"):
        self.write_off()
        files = ("--file", "people.csv", "--file", "roles.csv")
        return self.martech("attest", "gtg", *files, "--by", by, "--on", on, code=code)

    def program(self, old, new=""):
        file = self.root / "__main__.py"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "crm_access")


def shown(text):
    """Return the lines of console output in a text, without what differs from run to run."""
    text = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{8}", "FILE", text)
    text = re.sub(r"\d{4}-\d\d-\d\d(T[\d:]+Z)?", "DAY", text)
    return [" ".join(line.split()) for line in text.splitlines()]


def documented():
    """Return the lines that the documentation shows, commands apart."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line for language, block in blocks if not language for line in shown(block)]
    return [line for line in lines if line not in ("", "...") and not line.startswith("$ ")]


def test_a_crm_without_an_api_from_the_first_wish_to_the_last_leaver(desk):
    # Asked: nothing is written anywhere, and nothing is called done.
    said = json.loads(desk.martech("up", "--yes", "--json"))
    outcomes = {step["name"]: step["outcome"] for step in said["plan"]["steps"]}
    assert outcomes["gtg/ines"] == outcomes["gtg/northlight"] == outcomes["gtg/service"] == "asked"
    assert said["plan"]["summary"]["asked"] == len(said["checklist"]) == 9
    assert {task["operator"] for task in said["checklist"]} == {"mia"}
    (service,) = [t for t in said["checklist"] if t["resource"] == "gtg/service"]
    assert service["where"] == "Settings > Permissions"
    assert "switch on: Messaging: Reply, Messaging: View" in service["do"]
    (tom,) = [t for t in said["checklist"] if t["resource"] == "gtg/tom"]
    assert tom["do"][-1] == "column Roles: Marketing Manager (in French: Responsable Marketing)"
    checklist = (desk.root / ".martech" / "checklists" / "gtg.md").read_text()
    assert "# gtg: 9 steps asked of mia, by " in checklist and "OVERDUE" not in checklist

    # Nobody has looked: the next run has nothing to write and still says what waits.
    again = desk.martech("up", "--yes")
    assert "Nothing to do from here" in again and "9 steps asked of mia" in again
    assert "attested: by nobody yet" in again

    # Tables to be filled in from the screens, with a row for each switch of each custom role.
    desk.martech("attest", "gtg", "--template")
    rows = (desk.root / "gtg-roles.csv").read_text().splitlines()
    assert rows[0] == "role,module,switch,state" and len(rows) == 1 + 2 * len(SWITCHES["guide"])
    assert (desk.root / "gtg-people.csv").read_text() == "login,role\n"

    # Attested, by somebody else than who did it; one right was given by mistake, one man too many.
    said = desk.attest(by="mia", code=1)
    assert "mia carries out the steps of gtg and does not attest them" in said
    desk.people["nils@northlight.example"] = "External Colaborator"
    said = desk.attest(code=1, on="2126-01-01")
    assert "people.csv:9: role 'External Colaborator' is no default role" in said
    assert "did you mean 'External Collaborator'" in said and "has not come yet" in said
    assert not (desk.root / "attestations").exists()
    desk.people["nils@northlight.example"] = "External Collaborator"
    desk.people["yuki@fernwood.example"] = "Marketing Manager"
    desk.switches["External Collaborator"].add("Contacts: Export")
    said = desk.attest()
    assert "8 people, 2 custom roles" in said
    assert "gtg/tom, change user tom@fernwood.example: done" in said
    stray = "nils@northlight.example (External Collaborator) is in gtg, and nothing declares it"
    assert f"warning: {stray}" in said
    assert "NOT done: - role Marketing Manager, + role Marketing Staff" in said
    (kept,) = (desk.root / "attestations" / "gtg").glob("*.json")
    assert json.loads(kept.read_text())["layout"] == "guide"

    # Drift is what differs, and only that.
    said = desk.martech("preview", "--exit-code", code=2)
    for line in (
        '- switches["Contacts: Export"]: true',
        '- people["nils@northlight.example"]: {"roles": {"External Collaborator": true}}',
        '- roles["Marketing Manager"]: true + roles["Marketing Staff"]: true',
        "~ 3 to update 10 unchanged",
    ):
        assert line in said

    # Put right, and a leaver: who is still listed is not gone, and the run says so.
    desk.program('gtg_crm.MartechUser("tom", account=gtg, login="tom@fernwood.example", ')
    desk.program('roles=["Marketing Manager"])\n')
    said = desk.martech("up", "--yes", code=1)
    assert "gtg/yuki asked, not done" in said and "gtg/tom delete failed" in said
    assert "still lists it" in said and "4 steps asked of mia" in said
    assert "switch off: Contacts: Export" in said
    assert "take the user tom@fernwood.example out of the workspace" in said
    said = desk.martech("doctor")
    assert "gtg account ok GTG CRM at https://www.gtgcrm.com" in said
    assert "attestation ok attested by ana of" in said and "steps ok 4 wait for mia" in said

    # Done, attested, in order; the record holds every step and who saw it.
    del desk.people["tom@fernwood.example"], desk.people["nils@northlight.example"]
    desk.people["yuki@fernwood.example"] = "Marketing Staff"
    desk.switches["External Collaborator"].discard("Contacts: Export")
    said = desk.attest()
    assert "gtg/tom, remove user tom@fernwood.example: done" in said and "NOT" not in said
    assert "warning" not in said
    said = desk.martech("up", "--yes")
    assert "Nothing to do: the accounts are as declared" in said and "12 unchanged" in said
    lines = [
        json.loads(line)
        for line in (desk.root / ".martech/audit/gtg.jsonl").read_text().splitlines()
    ]
    told = {(line["person"], line["verb"]) for line in lines}
    assert {("tom", "ask: create user"), ("tom", "ask: remove user")} <= told
    assert {("tom", "attested: remove user"), ("ana", "attest")} <= told
    assert "@" not in json.dumps([{**line, "actor": ""} for line in lines])

    # What nobody looks at again expires: a finding, and no difference.
    said = desk.martech("preview", "--as-of", "2126-01-01")
    assert "EXPIRED" in said and "it counts as unknown until somebody attests again" in said
    assert "gtg_crm:MartechUser" not in said

    # Another looks and sees something else, which nobody was asked for.
    desk.people["zed@evil.example"] = "Administrator"
    del desk.people["yuki@fernwood.example"]
    said = desk.attest(by="ben")
    assert "yuki@fernwood.example had Marketing Staff when ana looked" in said
    assert "and is not there, which nobody was asked for" in said
    assert "zed@evil.example was not there when ana looked" in said
    assert "zed@evil.example (Administrator) is in gtg, and nothing declares it" in said
    assert set(documented()) - set(shown(desk.told)) == {
        f"+ gtg_crm:{what} asked, not done" for what in ("Role gtg/service", "MartechUser gtg/tom")
    }, "of the first run this story reads the machine document instead"
