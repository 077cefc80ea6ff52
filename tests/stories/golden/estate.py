"""What the golden state was recorded from, and how it is brought to life in a fresh sandbox.

``python -m tests.stories.golden.estate pulumi`` records ``state.json`` anew. That is for a new kind
of resource alone: a change that makes the old state preview anything breaks the states of users.
"""

import json
import sys
import tempfile
from pathlib import Path

from pulumi_martech.sandbox import Sandbox
from tests.stories.estate import Estate

STATE = Path(__file__).with_name("state.json")
WHEN = "2026-06-01T00:00:00Z"

PROGRAM = """
limits(removals=Limit(count=9, percent=100), stack_removals=Limit(count=20, percent=100))
crm = crm_account(administrators=["Admins"], protected=["root@example.com"], per_second=500)
hr = crm_account("hr")
site = site_account(protected=["admin"])
editors = scim.Role("editors", account=crm, name="Editors")
guests = scim.RoleReference(
    "guests", account=crm, name="Guests", content=["read pages"], declared_by="ines",
    declared_on="2026-01-31",
)
author = wordpress.RoleReference("author", account=site, name="author")
scim.MartechUser(
    "ana", account=crm, login="ana@example.com", roles=[editors, guests], display_name="Ana Souza",
    given_name="Ana", family_name="Souza", email="ana@example.com", title="Editor",
    user_type="Employee", external_id="7",
)
scim.MartechUser("ben", account=crm, login="ben@example.com", on_destroy="remove")
wordpress.MartechUser(
    "ana", account=site, login="ana", email="ana@example.com", roles=[author], name="Ana Souza",
    first_name="Ana", last_name="Souza", locale="en_US", successor="admin",
)
northlight = {
    "vendor": "northlight", "domains": ["northlight.example"], "until": "2027-06-30",
    "owner": "ana", "reason": "spring campaign",
}
scim.VendorGrant(
    account=crm, **northlight, aliases=["mo@freelance.example"],
    people={
        "eve@northlight.example": {"roles": [editors]}, "mo@freelance.example": {"roles": []},
    },
)
wordpress.VendorGrant(
    account=site, **northlight,
    people={"eve": {"roles": ["contributor"], "email": "eve@northlight.example"}},
)
scim.Roster(
    account=hr, members={"cem@example.com": {"roles": [], "title": "Accountant"}},
    ignore={"robot-*": "made by the service itself"},
)
"""


def tenants(estate: Estate) -> None:
    """Open the accounts of the program, with the group that is only referred to."""
    estate.sandbox.tenant("hr", "scim")
    estate.environment |= estate.variables("hr")
    if "Guests" not in estate.crm.roles():
        estate.crm.add_role("Guests")
    estate.program(PROGRAM)


def native_ids(estate: Estate) -> dict[str, str]:
    """Return placeholder to native id for everything that the sandbox has."""
    found = {}
    for key, tenant in estate.sandbox.tenants.items():
        for login, user in tenant.users().items():  # type: ignore[attr-defined]
            found[f"<id of {key} {login}>"] = str(user["id"])
    found["<id of crm group Editors>"] = group_id(estate, "Editors")
    found["<id of crm group Guests>"] = group_id(estate, "Guests")
    return found


def group_id(estate: Estate, name: str) -> str:
    """Return the native id of a group of the CRM."""
    return str(estate.crm._group(name))


def record() -> None:
    """Apply the program and keep the state, with placeholders for what a sandbox makes up."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        estate = Estate(Path(folder), sys.argv[1] if sys.argv[1:] else "embedded", sandbox)
        tenants(estate)
        estate.applied()
        estate.must(estate.refresh())
        state = estate.deployment()
        state.pop("secrets_providers", None)
        state["manifest"]["time"] = WHEN
        for resource in state["resources"]:
            resource |= {"created": WHEN, "modified": WHEN}
            for name in ("sourcePosition", "stackTrace"):
                resource.pop(name, None)
        text = json.dumps(state, indent=1, sort_keys=True)
        for placeholder, id_ in native_ids(estate).items():
            text = text.replace(f'"{id_}"', f'"{placeholder}"')
        text = text.replace(sandbox.url, "<sandbox>")
    STATE.write_text(text + "\n")


def revive(estate: Estate, folder: Path) -> Path:
    """Make by hand what the state knows of, and return the state for this sandbox as a file."""
    tenants(estate)
    state = json.loads(STATE.read_text())
    estate.crm.add_role("Editors")
    people = [
        ("crm", "ana@example.com", ["Editors", "Guests"], {
            "displayName": "Ana Souza", "name": {"givenName": "Ana", "familyName": "Souza"},
            "emails": [{"value": "ana@example.com", "primary": True}], "title": "Editor",
            "userType": "Employee", "externalId": "7",
        }),
        ("crm", "ben@example.com", [], {}),
        ("crm", "eve@northlight.example", ["Editors"], {}),
        ("crm", "mo@freelance.example", [], {}),
        ("hr", "cem@example.com", [], {"title": "Accountant"}),
        ("site", "ana", ["author"], {
            "email": "ana@example.com", "name": "Ana Souza", "first_name": "Ana",
            "last_name": "Souza", "locale": "en_US",
        }),
        ("site", "eve", ["contributor"], {"email": "eve@northlight.example"}),
    ]  # fmt: skip
    for key, login, roles, attributes in people:
        estate.sandbox.tenants[key].add_user(login, roles=roles, **attributes)  # type: ignore[attr-defined]
    text = json.dumps({"version": 3, "deployment": state}).replace("<sandbox>", estate.sandbox.url)
    for placeholder, id_ in native_ids(estate).items():
        text = text.replace(placeholder, id_)
    assert "<id of" not in text
    file = folder / "golden.json"
    file.write_text(text)
    return file


if __name__ == "__main__":
    record()
