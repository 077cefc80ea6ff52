"""Who can do what, compared with an oracle that asks each person about each grant by itself."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_martech.model.access import Access, CustomRole, Grant
from pulumi_martech.model.capability import CAPABILITIES, effective
from pulumi_martech.model.content import Declared
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.inventory import Account, Asset
from pulumi_martech.model.parties import Vendor
from pulumi_martech.model.people import Principal, Team
from pulumi_martech.policy.answers import Question, answers, matrix
from pulumi_martech.policy.view import view_of

DAY = date(2026, 11, 28)
ROLES = {"viewer", "marketer", "exporter"}
OWN = {"exporter": CustomRole(key="exporter", add=("contacts:export",))}
NATIVE = {"Readers": ["report:view"], "Senders": ["email:send", "users:manage"],
          "Odd": ["report:view", "a right of theirs"]}  # fmt: skip
begins = st.sampled_from([None, None, None, *(DAY + timedelta(days=n) for n in (-9, 0, 1))])
ends = st.sampled_from([None, None, None, *(DAY + timedelta(days=n) for n in (-1, 0, 9))])

LONG_AGO = date(2025, 1, 1)
PEOPLE = ("ana", "ben", "cem", "eve")


@st.composite
def documents(draw: Any) -> Access:
    people = {
        key: Principal(
            key=key,
            email=f"{key}@x.example",
            team=draw(st.sampled_from(["", "top", "low"])),
            status=draw(st.sampled_from(["active", "active", "active", "leaver", "leave"])),
            starts=draw(begins),
            until=draw(ends),
        )
        for key in PEOPLE[:3]
    }
    eve = Principal(key="eve", email="eve@v.example", until=draw(ends))
    vendor = Vendor(
        key="v",
        domains=("v.example",),
        until=draw(ends) or DAY,
        owner="ana",
        why="x",
        people={"eve": eve},
    )
    content = {
        name: Declared(content=can, by="ana", on=draw(st.sampled_from([DAY, DAY, LONG_AGO])))
        for name, can in NATIVE.items()
        if draw(st.integers(0, 3))
    }
    accounts = {
        "crm": Account(
            key="crm",
            platform="scim",
            roles={r: tuple(draw(st.sets(st.sampled_from(sorted(NATIVE)), min_size=1)))
                   for r in ROLES},
            role_content=content,
        ),
        "tool": Account(key="tool", platform="canva"),
    }  # fmt: skip
    assets = {
        "list": Asset(key="list", account="crm", kind="list"),
        "page": Asset(key="page", account="tool", kind="page"),
    }
    grants = []
    for _ in range(draw(st.integers(0, 5))):
        account = draw(st.sampled_from(["crm", "tool"]))
        whom = draw(st.sampled_from([*({"who": p} for p in PEOPLE), {"team": "top"}]))
        own = {"crm": ("list",), "tool": ("page",)}[account]
        grants.append(
            Grant(
                **whom,
                role=draw(st.sampled_from(sorted(ROLES))),
                account=account,
                assets=draw(st.sampled_from([(), own])),
                starts=draw(begins),
                until=draw(ends),
            )
        )
    return Access(
        people=people,
        teams={"top": Team(key="top"), "low": Team(key="low", parent="top")},
        accounts=accounts,
        assets=assets,
        roles=OWN,
        grants=tuple(grants),
        vendors={"v": vendor},
    )


def oracle(access: Access, can: str) -> dict[tuple[str, int], str]:
    """Return (who, number of the grant) to how it is known, one question at a time."""
    found = {}
    for key in PEOPLE:
        vendor = access.vendors["v"] if key == "eve" else None
        person = vendor.people["eve"] if vendor else access.people[key]
        for number, grant in enumerate(access.grants):
            if grant.who != key and not (grant.team and person.team in ("top", "low")):
                continue
            starts = [day for day in (grant.starts, person.starts) if day]
            over = [day for day in (grant.until, person.until, vendor and vendor.until) if day]
            if person.status == "leaver" or any(b > DAY for b in starts):
                continue
            if any(end < DAY for end in over):
                continue
            how = known(access, grant, can)
            if how:
                found[key, number] = how
    return found


def known(access: Access, grant: Grant, can: str) -> str:
    meant = effective(role_capabilities(grant.role, access.roles))
    if grant.account == "tool":
        return "as declared" if can in meant else ""
    sure, unproven, unmapped = set(), False, False
    for native in access.accounts["crm"].roles[grant.role]:
        said = access.accounts["crm"].role_content.get(native)
        if said is None or said.on != DAY:
            unproven = True
            sure |= {n for n in (NATIVE[native] if said else []) if n in CAPABILITIES}
        else:
            sure |= {n for n in NATIVE[native] if n in CAPABILITIES}
            unmapped |= native == "Odd"
    if unproven:
        sure |= set(meant)
    if can in effective(sure):
        return "assumed" if unproven else "proven"
    return "not proven that it cannot" if unproven or unmapped else ""


@settings(max_examples=200, deadline=None)
@given(documents(), st.sampled_from(["report:view", "contacts:export", "users:manage", "crm:view"]))
def test_answers_are_those_of_asking_each_person_about_each_grant(access: Access, can: str) -> None:
    view = view_of(access, DAY)
    wanted = oracle(access, can)
    found = sorted((a.who, a.account, a.role, a.how) for a in answers(view, Question(can=can)))
    assert found == sorted(
        (who, access.grants[n].account, access.grants[n].role, how)
        for (who, n), how in wanted.items()
    )
    heading, rows = matrix(view, "capabilities")
    cells = next((row for row in rows if row[0] == can), (can, "", ""))
    for account, cell in zip(heading[1:], cells[1:], strict=True):
        here = {k: how for k, how in wanted.items() if access.grants[k[1]].account == account}
        sure = {who for (who, _), how in here.items() if how in ("proven", "as declared")}
        most = {who for who, _ in here}
        shown = f"{len(sure)}" + (f" to {len(most)}" if most - sure else "")
        assert cell == (shown if most else "")
    for asset, account in (("list", "crm"), ("page", "tool")):
        reach = {a.who for a in answers(view, Question(can=can, asset=asset))}
        assert reach == {who for who, n in wanted if access.grants[n].account == account}
    assert {a.who for a in answers(view, Question(can=can, vendor="v"))} <= {"eve"}
