"""The examples that are documents: what their readers are told to try, and what it shows."""

import json
from pathlib import Path

import pytest

from pulumi_martech.cli import main
from pulumi_martech.sandbox import Sandbox

from .test_examples import ROOT, Office

DAY = ("--as-of", "2026-11-28")


def told(capsys, name, *words, code=0):
    assert main([*words, *DAY, "--json", "--cwd", str(ROOT / "examples" / name)]) == code
    return json.loads(capsys.readouterr().out)


def findings(said):
    return {(f["policy"], f["about"][0]): f for f in said["findings"]}


def test_tool_administration_says_which_teams_reach_personal_data_and_what_is_too_much(capsys):
    teams = {
        r["team"]: r for r in told(capsys, "tool_administration", "matrix", "--by", "teams")["rows"]
    }
    assert "reach personal data" in teams["operations"]["mail"]
    assert teams["analysis"]["mail"] == "2, 1 reach personal data"
    assert teams["design"]["studio"] == "1", "designers reach none"
    said = told(capsys, "tool_administration", "check", code=2)
    found = findings(said)
    assert "finn (analysis) reaches personal data in mail" in found["personal-data", "finn"]["text"]
    about_teams = [f for f in said["findings"] if f["policy"] == "team-expectations"]
    assert {f["text"].split(",")[0] for f in about_teams} == {
        "finn has consent-desk in mail",
        "finn has marketer in mail",
        "finn lacks analyst in mail",
    }
    assert found["orphan-assets", "old-landing-pages"]["severity"] == "advisory"
    assert found["vendor-owned", "studio"]["waived"].startswith("dora until 2026-12-31")
    can = told(capsys, "tool_administration", "who", "--can", "contacts:export")["answers"]
    assert {(a["who"], a["mfa"]) for a in can} == {("ines", "yes"), ("omar", "yes")}
    assert "consent:manage" in found["s6-consent-and-send", "finn"]["text"]
    on_site = told(capsys, "tool_administration", "who", "--account", "site")["answers"]
    assert {(a["who"], a["mfa"]) for a in on_site} == {
        ("tom", "unknown"), ("ines", "yes"), ("omar", "yes"),
    }, "a platform's own no is none where log-in is by single sign-on only"  # fmt: skip


def test_partner_assets_follow_tier_region_agreement_training_and_purpose(capsys):
    def uses(*words):
        said = told(capsys, "partner_assets", "partner", "assets", *words)
        return said, {(r["person"], r["asset"]): r for r in said["rulings"]}

    said, found = uses()
    assert found["nils", "stock"]["protection"] == "enforced"
    assert found["siri", "price-list"]["lacking"] == ["the purpose 'quotes'"]
    assert found["hope", "brand-kit"]["lacking"] == ["the course brand"]
    assert found["sven", "campaign-pages"]["protection"] == "evaluated"
    assert (said["protected"], said["unprotected"]) == (3, 1), "evaluated is no protection"
    assert uses("--purpose", "quotes")[1]["siri", "price-list"]["allowed"] is True
    found = findings(told(capsys, "partner_assets", "check", code=2))
    assert {policy for policy, _ in found} == {"partner-access", "asset-protection"}
    assert (
        "reaches campaign-pages as distributor, which no rule allows"
        in (found["partner-access", "nils"]["text"])
    )


def test_email_marketing_has_four_roles_and_says_what_the_mapping_gives_besides(capsys):
    rows = told(capsys, "email_marketing", "matrix")["rows"]
    assert {row["mail"] for row in rows} == {"administrator", "marketer", "analyst", "viewer"}
    found = findings(told(capsys, "email_marketing", "check"))
    assert "also gives contacts:view_all" in found["role-gains", "mail"]["text"]
    can = told(capsys, "email_marketing", "who", "--can", "users:manage")["answers"]
    assert {a["who"] for a in can} == {"ines", "omar"}


@pytest.fixture
def tool(tmp_path):
    with Sandbox() as sandbox:
        yield Office(ROOT / "examples" / "email_marketing", tmp_path, sandbox)


def test_email_accounts_are_made_changed_watched_and_deactivated_by_edits_of_one_file(tool):
    def edit(old, new):
        file = Path(tool.root / "access.yaml")
        assert file.read_text().count(old) == 1
        file.write_text(file.read_text().replace(old, new))

    yuki = "yuki@fernwood.example, team: campaigns"
    edit(
        f"{yuki}}}", f"{yuki}}}\n  noa: {{name: Noa, email: noa@fernwood.example, team: campaigns}}"
    )
    tool.martech("up", "--yes")
    assert sorted(tool.crm.members("Mail Senders")) == [
        "noa@fernwood.example",
        "yuki@fernwood.example",
    ]

    tool.crm.set_members("Mail Admins", ["ines@fernwood.example", "bea@fernwood.example"])
    watched = tool.martech("preview", "--exit-code", code=2)
    assert '- roles["Mail Admins"]: true' in watched and '+ roles["Mail Admins"]: true' in watched

    edit(yuki, "yuki@fernwood.example, team: analysis")  # moves
    edit("email: noa@fernwood.example", "email: noa@fernwood.example, status: leaver")  # leaves
    tool.martech("up", "--yes")
    assert tool.crm.members("Mail Senders") == ["noa@fernwood.example"], "switched off, below"
    assert "yuki@fernwood.example" in tool.crm.members("Mail Results")
    assert tool.crm.users()["noa@fernwood.example"]["active"] is False
    assert sorted(tool.crm.members("Mail Admins")) == [
        "ines@fernwood.example",
        "omar@fernwood.example",
    ]

    # Where an identity provider owns membership the edit is refused, with the group to change.
    edit("    # membership: idp", "    membership: idp")
    edit("    # groups: {admin", "    groups: {admin")
    edit(
        "{name: Noa, email: noa@fernwood.example, status: leaver",
        "{name: Noa, email: noa@fernwood.example",
    )
    before = len(tool.crm.writes())
    said = tool.refused("up", "--yes")
    assert "put noa into group mail-senders" in " ".join(said.split())
    assert len(tool.crm.writes()) == before
