"""Platforms that answer nonsense: before the first write of a resource, on it, and afterwards.

Whatever they answer: nothing is made twice, nothing half-written is forgotten, nobody is taken for
gone, and the next run ends as declared.
"""

import json
from typing import Any

import pytest

from .office import Office, Said

PEOPLE = """
crm = crm_account()
site = site_account()
for name in ("ana", "ben"):
    scim.MartechUser(name, account=crm, login=f"{name}@example.com", display_name=name.title())
    wordpress.MartechUser(
        name, account=site, login=name, email=f"{name}@example.com", roles=["author"]
    )
"""

NONSENSE: dict[str, dict[str, Any]] = {
    "html": {"kind": "html", "status": 200},
    "truncated": {"kind": "truncated"},
    "large": {"kind": "large", "size": 10 * 2**20},
    "nameless": {"kind": "omit", "fields": ("userName", "username")},
    "endless": {"kind": "endless"},
}

WORDS = {
    "html": "with an HTML page, title 'Service temporarily unavailable' where JSON was expected",
    "truncated": "bytes that are no whole JSON",
    "large": "with more than 5,000,000 bytes",
}


def arm(office: Office, name: str, method: str, **more: Any) -> None:
    for tenant in office.tenants:
        fault = {"method": method, "path": "*[Uu]sers*", "times": None, **NONSENSE[name], **more}
        tenant.fault(fault.pop("kind"), **fault)


def calm(office: Office) -> None:
    for tenant in office.tenants:
        tenant.clear_faults()


def made(office: Office) -> dict[str, int]:
    """Return how many users each account has that were declared."""
    own = {"crm": office.crm.users(), "site": office.site.users()}
    return {key: sum("admin" not in login for login in users) for key, users in own.items()}


def ends_as_declared(office: Office) -> Said:
    """Run again without faults: nothing is left over and nobody was made twice."""
    calm(office)
    said = office.martech("up", "--yes")
    assert not office.martech("preview", "--exit-code").lines("error: ")
    assert made(office) == {"crm": 2, "site": 2}
    for account in ("crm", "site"):
        created = [w for w in office.writes(account) if w.method == "POST" and w.committed]
        assert len(created) == 2, created
    assert "Nothing is left over" in office.martech("leftovers").out
    return said


@pytest.mark.parametrize("name", sorted(WORDS))
def test_nonsense_before_the_first_write_stops_everything(office: Office, name: str) -> None:
    office.program(PEOPLE)
    arm(office, name, "GET")
    said = office.refused("up", "--yes")
    for account in ("crm", "site"):
        line = said.one(f"error: {account}, identity")
        assert WORDS[name] in line
        assert "check the account's url" in line
        assert len(line) < 400


@pytest.mark.parametrize("name", sorted(WORDS))
def test_nonsense_as_the_answer_to_a_write_is_settled_by_reading(office: Office, name: str) -> None:
    office.program(PEOPLE)
    arm(office, name, "POST")
    said = office.martech("up", "--yes")
    assert len(said.lines("found out by reading: create user", WORDS[name])) == 4, said.text
    assert made(office) == {"crm": 2, "site": 2}
    assert "Nothing to do" in ends_as_declared(office).out


def test_listings_that_never_end_stop_before_a_write(office: Office) -> None:
    for number in range(3):
        office.crm.add_user(f"other{number}@example.com")
    office.program(PEOPLE)
    arm(office, "endless", "GET")
    said = office.refused("up", "--yes")
    assert "gave 0 in 3 readings" in said.one("error: crm, users") or "ends" in said.text
    assert "paging never ends" in said.one("error: site, users")
    calm(office)
    office.martech("up", "--yes")
    assert made(office) == {"crm": 5, "site": 2}


def test_records_without_a_name_are_never_taken_for_nobody(office: Office) -> None:
    office.program(PEOPLE)
    arm(office, "nameless", "GET")
    said = office.martech("up", "--yes", code=1)
    assert len(said.lines("no user name or no id")) == 2
    assert len(said.lines("no userName or no id")) == 2
    assert said.lines("left on the platform (see `martech leftovers`): user ana@example.com")
    left = office.martech("leftovers", "--exit-code", code=2)
    for login in ("ana@example.com", "ben@example.com"):
        assert login in left.out
    assert made(office) == {"crm": 2, "site": 2}, "made once, and known to be made"
    said = ends_as_declared(office)
    assert len(said.lines("had been made by an earlier run that did not record it")) == 4


@pytest.mark.parametrize("name", ["endless", "nameless", "truncated"])
def test_nonsense_while_reading_keeps_the_state_and_says_so(office: Office, name: str) -> None:
    office.program(PEOPLE)
    office.martech("up", "--yes")
    before = _people(office)
    assert len(before) == 4
    arm(office, name, "GET")
    said = office.martech("refresh", code=1)
    for account in ("crm", "site"):
        assert said.lines("not read: ", account) or said.lines("resources were kept as last read")
    assert _people(office) == before, "nobody is taken for gone"
    marks = {tenant.key: tenant.mark() for tenant in office.tenants}
    office.program(PEOPLE.replace('"ben"', '"cem"'))
    refused = office.martech("up", "--yes", code=1)
    written = [w for t in office.tenants for w in t.writes(marks[t.key])]
    if name == "nameless":
        # The search for cem says that there is none, so it is made; ben is not touched unread.
        assert all(w.method == "POST" and "cem" in str(w.body) for w in written), written
    else:
        assert written == []
        assert "nothing was written to any platform" in refused.err
    calm(office)
    office.martech("up", "--yes")
    assert "cem@example.com" in office.crm.users()


def _people(office: Office) -> list[tuple[str, str]]:
    """Return the recorded people with all that is recorded of them."""
    deployment = json.loads(office.martech("stack", "export").out)["deployment"]
    return sorted(
        (resource["urn"], json.dumps(resource["inputs"], sort_keys=True))
        for resource in deployment["resources"]
        if resource["type"].endswith(":MartechUser")
    )
