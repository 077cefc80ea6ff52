"""A joiner, a mover and a leaver are each one edit of one file, shown whole in one preview."""

import json

import pytest

from pulumi_martech.sandbox import Sandbox

from .test_examples import ROOT, Office

LENA = "lena: {name: Lena Vogt, email: lena@fernwood.example, team: operations, manager: ines}"
OMAR = "omar: {name: Omar Haddad, email: omar@fernwood.example, team: brand, logins: {site: omar}}"


class Department(Office):
    def edit(self, old, new):
        """Change one line of people.yaml."""
        file = self.root / "people.yaml"
        text = file.read_text()
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new))

    def changes(self, *words):
        """Return the resources that a preview changes, with their marks."""
        lines = [line.split() for line in self.martech("preview", *words).splitlines()]
        return sorted(f"{line[0]} {line[2]}" for line in lines if "/" in " ".join(line[2:3]))


@pytest.fixture
def department(tmp_path):
    with Sandbox() as sandbox:
        yield Department(ROOT / "examples/access_document", tmp_path, sandbox)


def test_joiner_mover_and_leaver(department):
    department.martech("up", "--yes")
    assert sorted(department.crm.members("Campaign Editors")) == [
        "eve@northlight.example", "tom@fernwood.example", "yuki@fernwood.example",
    ]  # fmt: skip
    assert department.crm.members("CRM Admins") == ["ines@fernwood.example"]
    assert sorted(department.site.members("author")) == ["eve-northlight", "tom", "yuki"]

    department.edit(LENA, f"{LENA}\n  {OMAR}")  # joins
    assert department.changes() == ["+ crm/omar", "+ site/omar"]
    department.edit(f"\n  {OMAR}", "")

    department.edit(LENA, LENA.replace("operations", "brand"))  # moves
    assert department.changes() == ["+ site/lena", "~ crm/lena"]
    department.edit(LENA.replace("operations", "brand"), LENA)

    tom = "email: tom@fernwood.example"
    department.edit(tom, f"{tom}, status: leaver")  # leaves
    assert department.changes() == ["- crm/tom", "- site/tom"]
    department.martech("up", "--yes")
    assert department.crm.users()["tom@fernwood.example"]["active"] is False
    assert "tom" not in department.site.users()

    # Any day can be looked at now: Eve's own end is before that of the contract.
    assert department.changes("--as-of", "2027-03-16") == ["- crm/northlight"]
    found = json.loads(department.martech("ends", "--as-of", "2027-03-16", "--json"))
    assert [(one["person"], one["account"], one["since"]) for one in found["still_live"]] == [
        ("eve", "crm", "2027-03-16")
    ]
    assert found["overdue"] == ""
