"""A document in order: its values, over several files, at home or elsewhere, and locked."""

import sys
import time
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from pulumi_martech.document.files import locked, new_key
from pulumi_martech.document.load import load, read

from . import large
from .office import Office

WHOLE = """\
# yaml-language-server: $schema=access.schema.json
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {name: Ana Lima, email: ana@fernwood.example, team: brand}  # leads
  no:
    name: 007
    logins: {site: norway}
    mfa: [{state: no, known: attested, on: 2026-11-01, by: ana}]
teams:
  brand: {lead: ana, should_have: [{role: marketer, account: crm}]}
accounts:
  crm:
    platform: scim
    url: https://crm.fernwood.example/scim
    credentials: {kind: bearer, token: "env:CRM_TOKEN"}
    breaker: 5
    adopt: true
    data: []
    roles: {marketer: [Editors]}
    roster: {ignore: {"*@partner.example": theirs}}
  site: {platform: wordpress}
policies: {administrators: {severity: mandatory, parameters: {minimum: 2, for: [crm, site]}}}
grants:
  - who: ana
    role: marketer
    account: crm
    until: 2027-06-30T20:00:00+02:00
    why: >
      spring
      campaign
    ticket: 4711
  - {team: brand, role: viewer, account: site, until: 2027-06-30}
"""


def test_values_are_what_the_model_says_not_what_they_look_like(office: Office) -> None:
    office.write(WHOLE)
    access = load(office.file).access
    no = access.people["no"]
    assert (no.key, no.name, no.mfa[0].state) == ("no", "007", "no")
    crm = access.accounts["crm"]
    assert (crm.breaker, crm.adopt, crm.data) == (5, True, ())
    assert crm.roster is not None and crm.roster.ignore == {"*@partner.example": "theirs"}
    assert access.accounts["site"].data is None and access.accounts["site"].roster is None
    first, second = access.grants
    assert first.until == datetime(2027, 6, 30, 18, tzinfo=UTC)
    assert (first.ticket, first.why) == ("4711", "spring campaign\n")
    assert second.until == date(2027, 6, 30)
    assert access.policies["administrators"].parameters == {"minimum": "2", "for": ["crm", "site"]}


def test_the_place_of_every_entry(office: Office) -> None:
    office.write(WHOLE)
    document = load(office.file)
    assert str(document.place("people", "no")) == "access.yaml:5:3"
    assert str(document.place("grants", 0)) == "access.yaml:24:5"
    assert str(document.place("grants", 1)) == "access.yaml:32:5"
    assert str(document.place("company", "domains")) == "access.yaml:2:27"


def test_files_that_are_put_together(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.write("people: {bo: {}}\n", "people/b.yaml")
    office.write("people: {chi: {}}\ngrants: [{who: chi, role: viewer, account: crm}]\n", "c.yaml")
    outside = office.folder / "elsewhere" / "people.yaml"
    office.write("people: {dee: {team: brand}}\n", "elsewhere/people.yaml")
    monkeypatch.setenv("PEOPLE_FILE", str(outside))
    office.write("""\
        include: ["people/*.yaml", c.yaml, "*.yaml", "env:PEOPLE_FILE"]
        people: {ana: {}}
        teams: {brand: {}}
        accounts: {crm: {platform: scim}}
        grants: [{who: ana, role: viewer, account: crm}]
        """)
    document = load(office.file)
    assert list(document.access.people) == ["ana", "bo", "chi", "dee"]
    assert [grant.who for grant in document.access.grants] == ["ana", "chi"]
    assert str(document.place("grants", 1)) == "c.yaml:2:10"
    assert str(document.place("people", "dee")) == "elsewhere/people.yaml:1:10"


def test_people_may_be_locked_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    monkeypatch.setenv("PEOPLE_KEY", key)
    office.write(locked(b"people: {ana: {name: Ana Lima}}\n", "env:PEOPLE_KEY"), "people.enc")
    office.write("include: [{file: people.enc, key: env:PEOPLE_KEY}]\n")
    document = load(office.file)
    assert document.access.people["ana"].name == "Ana Lima"
    source, _ = document.source("people", "ana")
    source.write("people: {ana: {name: Ana Souza}}\n")
    assert "Souza" not in (office.folder / "people.enc").read_text()
    assert load(office.file).access.people["ana"].name == "Ana Souza"
    for wrong, words in (
        (new_key(), "the file is locked with another key, damaged, or not encrypted"),
        ("hush-hush", "it is no key for files"),
    ):
        monkeypatch.setenv("PEOPLE_KEY", wrong)
        (said,) = office.said()
        assert said.startswith("people.enc:1:1: cannot be decrypted: use the key env:PEOPLE_KEY")
        assert words in said and wrong not in said
    monkeypatch.delenv("PEOPLE_KEY")
    assert "PEOPLE_KEY is not set" in office.said()[0]


def test_the_parser_in_python_reads_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.write(WHOLE)
    fast = load(office.file)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    slow = load(office.file)
    assert slow.access == fast.access
    assert slow.place("grants", 1) == fast.place("grants", 1)


def test_ten_thousand_people_in_time_and_linear(tmp_path: Path) -> None:
    """Half the size of the promised figures, with room for a busy machine: see performance.md."""
    spent = []
    for size in (0.1, 0.5):
        file = tmp_path / f"{size}.yaml"
        large.write(file, size)
        begun = time.process_time()
        document = read(file)
        spent.append(time.process_time() - begun)
        assert document.problems == []
        assert len(document.access.grants) == 50_000 * size
    assert spent[1] < 3.0
    assert spent[1] < 5 * spent[0] * 2


def test_memory_stays_with_what_is_read(tmp_path: Path) -> None:
    file = tmp_path / "access.yaml"
    large.write(file, 0.02)
    tracemalloc.start()
    read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000, f"{peak:,} bytes for a fiftieth of the promised size ({sys.version})"
