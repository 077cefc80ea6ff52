"""People from elsewhere: only what is mapped, matched to who is there, as the smallest change."""

from pathlib import Path

import pytest

from pulumi_martech.document.load import load
from pulumi_martech.document.people import Row, bring_in, from_csv
from pulumi_martech.document.problems import DocumentInvalid, Place

from .office import Office

DOCUMENT = """\
include: [people.yaml]
accounts: {crm: {platform: scim}, site: {platform: wordpress}}
teams: {brand: {}, sales: {}}
"""
PEOPLE = """\
people:
  # -- brand
  ana: {name: Ana Lima, email: ana@fernwood.example, team: brand}  # leads
  bo: {name: Bo Lindqvist, email: bo@fernwood.example, aliases: [b@old.example], logins: {site: bo}}
  feed: {kind: service, email: feed@fernwood.example, owner: ana}
"""


@pytest.fixture
def company(office: Office) -> Office:
    office.write(DOCUMENT)
    office.write(PEOPLE, "people.yaml")
    return office


def wrong(path: Path, **columns: str) -> list[str]:
    """Return what is wrong with a file."""
    with pytest.raises(DocumentInvalid) as caught:
        from_csv(path, columns, ())
    return [str(problem) for problem in caught.value.problems]


def test_columns_are_mapped_dropped_or_refused(office: Office) -> None:
    file = office.write("E-Mail,name,Salary,Emial\na@x.example,Ana,9,x\n", "hr.csv")
    fields = "key, name, email, team, manager, job, status, kind, starts, until or login:ACCOUNT"
    assert wrong(file) == [
        "hr.csv:1:1: column 'E-Mail' is none of "
        f"{fields}; say --column 'E-Mail'=FIELD, or --drop 'E-Mail'",
        "hr.csv:1:1: there is neither a `key` nor an `email`, so nobody can be told from others",
        f"hr.csv:1:3: column 'Salary' is none of {fields}; say --column 'Salary'=FIELD, or --drop "
        "'Salary'",
        f"hr.csv:1:4: column 'Emial' is none of {fields}; say --column 'Emial'=FIELD, or --drop "
        "'Emial'",
    ]
    (row,) = from_csv(file, {"E-Mail": "email"}, ["Salary", "Emial"])
    assert row.said == {"email": "a@x.example", "name": "Ana"}
    assert "there is no column 'Mail'" in "\n".join(wrong(file, Mail="email"))


def test_rows_that_cannot_be_meant_are_told_with_line_and_cell(office: Office) -> None:
    file = office.write(
        "email;name\na@x.example;=1+1\nb@x.example\n;\nc@x.example;@SUM(1)\n\n", "hr.csv"
    )
    formula = "begins like a formula, which a spreadsheet would run: take it out"
    assert wrong(file) == [
        f"hr.csv:2:2: {formula}",
        "hr.csv:3:1: has 1 cells, and the first line has 2",
        f"hr.csv:5:2: {formula}",
    ]
    assert wrong(office.write(b"email\nIn\xeas\n", "hr.csv")) == [
        "hr.csv:2:1: is not UTF-8: save it as CSV in UTF-8"
    ]
    assert "is no CSV from here on" in wrong(office.write('email\n"a"b\n', "hr.csv"))[0]
    file = office.write('email,"a;b;c",\nx@x.example,"A\x07",1\n', "hr.csv")
    assert wrong(file, **{"a;b;c": "name"}) == [
        "hr.csv:2:2: contains the character U+0007, which cannot be seen: take it out",
        "hr.csv:2:3: stands in a column without a name: name it, or take it out",
    ]
    excel = office.write("sep=;\nemail;name;\na@x.example;A, B;\n", "hr.csv")
    (row,) = from_csv(excel, {}, ())
    assert row == Row(Place("hr.csv", 3), {"email": "a@x.example", "name": "A, B"})
    assert from_csv(office.write(b"\xef\xbb\xbfemail\r\na@x.example\r\n", "hr.csv"), {}, ()) == [
        Row(Place("hr.csv", 2), {"email": "a@x.example"})
    ]


def test_people_are_known_by_key_address_login_and_alias(company: Office) -> None:
    file = company.write(
        "email,name,team,login:site\n"
        "ANA@fernwood.example,Ana Souza,,\n"
        "b@old.example,Bo Lindqvist,sales,bo\n"
        "Zoë.Mü@fernwood.example,Zoë Mü,brand,zoe\n"
        "zoe.mu@other.example,Zoe Mu,brand,\n",
        "hr.csv",
    )
    brought = bring_in(load(company.file), from_csv(file, {}, ()))
    assert (brought.added, brought.changed) == (["zoe.mu", "zoe.mu-2"], ["ana", "bo"])
    assert [line for line in brought.update.diff() if line[:1] in "+-"] == [
        "--- a/people.yaml",
        "+++ b/people.yaml",
        "-  ana: {name: Ana Lima, email: ana@fernwood.example, team: brand}  # leads",
        "-  bo: {name: Bo Lindqvist, email: bo@fernwood.example, aliases: [b@old.example], "
        "logins: {site: bo}}",
        "+  ana: {name: Ana Souza, email: ana@fernwood.example, team: brand}  # leads",
        "+  bo: {name: Bo Lindqvist, email: bo@fernwood.example, aliases: [b@old.example], "
        "logins: {site: bo}, team: sales}",
        "+  zoe.mu: {email: Zoë.Mü@fernwood.example, name: Zoë Mü, team: brand, "
        "logins: {site: zoe}}",
        "+  zoe.mu-2: {email: zoe.mu@other.example, name: Zoe Mu, team: brand}",
    ]
    brought.update.write()
    again = bring_in(load(company.file), from_csv(file, {}, ()))
    assert again.update.changes == 0


def test_who_is_not_in_it_is_told_and_made_a_leaver_only_if_asked(company: Office) -> None:
    file = company.write("key,name\nana,Ana Lima\n", "hr.csv")
    rows = from_csv(file, {}, ())
    assert bring_in(load(company.file), rows).missing == ["bo"]
    assert bring_in(load(company.file), rows).update.changes == 0
    brought = bring_in(load(company.file), rows, leavers=True)
    brought.update.write()
    people = load(company.file).access.people
    assert [key for key, person in people.items() if person.status == "leaver"] == ["bo"]


def test_people_of_others_stay_where_they_are_and_nobody_there_makes_no_leavers(
    company: Office,
) -> None:
    vendor = "domains: [nl.example], until: 2027-01-01, owner: ana, why: x"
    people = "{eve: {email: eve@nl.example, logins: {site: eve}}}"
    company.write(f"{DOCUMENT}vendors: {{nl: {{{vendor}, people: {people}}}}}\n")
    file = company.write("email,login:site\nEve@nl.example,\nx@fernwood.example,eve\n", "hr.csv")
    brought = bring_in(load(company.file), from_csv(file, {}, ()))
    assert brought.others == ["eve", "eve"] and brought.update.changes == 0
    with pytest.raises(DocumentInvalid, match="nobody is in it: everybody would be a leaver"):
        bring_in(load(company.file), [], leavers=True)


def test_nothing_is_written_that_would_not_be_in_order(company: Office) -> None:
    before = (company.folder / "people.yaml").read_bytes()
    file = company.write("key,team,until\nana,marketing,soon\n", "hr.csv")
    brought = bring_in(load(company.file), from_csv(file, {}, ()))
    with pytest.raises(DocumentInvalid) as caught:
        brought.update.write()
    assert [str(problem) for problem in caught.value.problems] == [
        "people.yaml:3:78: must be a day such as 2027-06-30, or an instant such as "
        "2027-06-30T18:00:00Z"
    ]
    assert (company.folder / "people.yaml").read_bytes() == before
    twice = [
        Row(Place("x", 2), {"key": "ana"}),
        Row(Place("x", 3), {"email": "ana@fernwood.example"}),
    ]
    with pytest.raises(DocumentInvalid, match="x:3:1: ana is there twice, at x:2:1 and here"):
        bring_in(load(company.file), twice)
