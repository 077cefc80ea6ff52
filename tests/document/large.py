"""A document of any size: ``size`` times 10,000 people and 50,000 grants, of a company in order."""

import sys
from pathlib import Path

PEOPLE, GRANTS, TEAMS, ACCOUNTS = 10_000, 50_000, 200, 50
ROLES = ("viewer", "analyst", "viewer", "analyst", "marketer")
FACTS = """\
    owner: person-1
    owner_of_record: us
    payer: us
    recovery: tools@fernwood.example
    data: [{data: personal, what: customers, source: shop, retention_days: 365}]
    login: {sso: enforced, on: 2026-10-01}
    personal_fields: [first_name]
    never_fields: [birthday]
"""
CONTENT = {
    "Viewer": "asset:view, report:view",
    "Analyst": "asset:view, report:view, finance:view",
    "Marketer": "asset:view, asset:edit, email:create",
    "Administrator": "users:manage, settings:manage",
}


def write(path: Path, size: float = 1.0) -> None:
    """Write the document."""
    people = int(PEOPLE * size)
    with path.open("w", encoding="utf-8") as file:
        file.write("company: {domains: [fernwood.example]}\nteams:\n")
        for n in range(TEAMS):
            parent = f"{{parent: team-{n // 10}}}" if n else "{}"
            file.write(f"  team-{n}: {parent}\n")
        file.write("accounts:\n")
        for n in range(ACCOUNTS):
            file.write(
                f"  account-{n}:\n    platform: scim\n    url: https://a{n}.fernwood.example/scim\n"
                f'    credentials: {{kind: bearer, token: "env:TOKEN_{n}"}}\n{FACTS}    roles:\n'
            )
            for role in (*dict.fromkeys(ROLES), "administrator"):
                file.write(f"      {role}: [{role.title()}]\n")
            file.write("    role_content:\n")
            for role, can in CONTENT.items():
                file.write(f"      {role}: {{content: [{can}], ")
                file.write("by: person-2, on: 2026-10-15}\n")
        file.write("people:\n")
        for n in range(people):
            file.write(
                f"  person-{n}:\n    name: Person {n}\n    email: person-{n}@fernwood.example\n"
                f"    team: team-{n % TEAMS}\n"
            )
            if n:
                file.write(f"    manager: person-{n // 10}\n")
            if n <= ACCOUNTS:
                file.write("    mfa: [{state: yes, known: identity provider, on: 2026-10-01}]\n")
        file.write("grants:\n")
        for n in range(2 * ACCOUNTS):
            file.write(
                f"  - {{who: person-{n // 2 + n % 2}, role: administrator, "
                f"account: account-{n // 2}, why: runs it, ticket: OPS-{n}}}\n"
            )
        for n in range(int(GRANTS * size) - 2 * ACCOUNTS):
            who, turn = n % people, n // people
            file.write(
                f"  - who: person-{who}\n    role: {ROLES[(who + turn) % 5]}\n"
                f"    account: account-{(who + turn * 7 + 1) % ACCOUNTS}\n    until: 2027-06-30\n"
                f"    why: campaign work {n}\n"
            )


if __name__ == "__main__":
    write(Path(sys.argv[1]), float(sys.argv[2]))
