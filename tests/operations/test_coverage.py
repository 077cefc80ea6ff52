"""Coverage and the platform reference: complete, honest, and in step with the manifests."""

import json
from pathlib import Path

import pytest

from pulumi_martech.model.manifest import Ability, Manifest, Support
from pulumi_martech.operations.coverage import coverage, reference
from pulumi_martech.operations.tables import coverage_rows, coverage_table
from pulumi_martech.platforms.registry import PLATFORMS

README = Path(__file__).parents[2] / "docs" / "platforms" / "README.md"


def changed(name: str = "scim", **update: object) -> Manifest:
    return PLATFORMS[name].manifest.model_copy(update=update)


def test_the_checked_in_reference_is_made_from_the_manifests():
    assert README.read_text(encoding="utf-8") == reference(), (
        "run: python -m pulumi_martech.operations.coverage > docs/platforms/README.md"
    )


def test_there_is_one_entry_a_platform_and_each_has_every_ability():
    found = coverage()
    assert [entry.platform for entry in found] == sorted(PLATFORMS)
    for entry in found:
        assert list(entry.abilities) == [ability.value for ability in Ability]
        assert sum(entry.evidence.values()) == len(PLATFORMS[entry.platform].manifest.abilities)


def test_it_is_a_list_for_machines():
    text = json.dumps([entry.model_dump(mode="json") for entry in coverage()])
    scim = next(entry for entry in json.loads(text) if entry["platform"] == "scim")
    assert scim["abilities"]["create user"]["there"] == "yes"
    assert scim["abilities"]["create user"]["grade"] == "run"
    assert scim["blind_spots"] and scim["on_destroy"] == "deactivate"
    assert {removal["verb"] for removal in scim["removals"]} >= {"remove", "deactivate"}


def test_the_weakest_evidence_is_named_and_what_is_not_stated_is_not_made_up():
    abilities = {
        Ability.LIST_USERS: Support(there="yes", how="GET", grade="run", source="x [R]"),
        Ability.MFA: Support(there="partly", how="?", grade="third party", source="x [T]"),
    }
    (entry,) = coverage([changed(abilities=abilities)])
    assert entry.evidence == {"run": 1, "third party": 1} and entry.weakest == "third party"
    row = next(row for row in coverage_rows([entry]) if row[0] == "create user")
    assert row == ("create user", "not stated")
    text = reference([entry])
    assert "| create user | not stated |" in text and "multi-factor state | partly" in text


def test_a_change_of_a_manifest_shows_in_the_reference():
    spots = ("guests of guests",)
    (entry,) = coverage([changed(blind_spots=spots)])
    assert "- guests of guests\n" in reference([entry])
    assert reference([entry]) != reference(coverage([changed()]))


@pytest.mark.parametrize("entry", coverage(), ids=lambda entry: entry.platform)
def test_what_a_platform_cannot_do_names_the_alternative(entry):
    for name, support in entry.abilities.items():
        if support.there == "no" and support.how != "not stated":
            assert support.alternative, name


def test_no_cell_breaks_its_table():
    pipes = Support(there="yes", how="a|b\nc", grade="run", source="x [R]")
    (entry,) = coverage([changed(abilities={Ability.LIST_USERS: pipes})])
    assert "| list users | yes | a\\|b c | x [R] |" in reference([entry])


def test_the_table_has_a_column_a_platform(capsys):
    from rich.console import Console

    Console(width=160).print(coverage_table(coverage()))
    said = capsys.readouterr().out
    assert "SCIM 2.0" in said and "WordPress" in said and "not stated" not in said
