"""A document of any size: ``size`` times 10,000 people and 50,000 grants."""

import sys
from pathlib import Path

PEOPLE, GRANTS, TEAMS, ACCOUNTS = 10_000, 50_000, 200, 50
ROLES = ("viewer", "analyst", "marketer", "marketing-manager", "administrator")


def write(path: Path, size: float = 1.0) -> None:
    """Write the document."""
    people = int(PEOPLE * size)
    with path.open("w", encoding="utf-8") as file:
        file.write("company: {domains: [fernwood.example]}\nteams:\n")
        for n in range(TEAMS):
            parent = f"{{parent: team-{n // 10}}}" if n else "{}"
            file.write(f"  team-{n}: {parent if n // 10 != n else '{}'}\n")
        file.write("accounts:\n")
        for n in range(ACCOUNTS):
            names = ", ".join(f"{role}: [{role.title()}]" for role in ROLES)
            file.write(
                f"  account-{n}:\n    platform: scim\n    url: https://a{n}.fernwood.example/scim\n"
                f"    credentials: {{kind: bearer, token: env:TOKEN_{n}}}\n    roles: {{{names}}}\n"
            )
        file.write("people:\n")
        for n in range(people):
            file.write(
                f"  person-{n}:\n    name: Person {n}\n    email: person-{n}@fernwood.example\n"
                f"    team: team-{n % TEAMS}\n"
            )
            if n:
                file.write(f"    manager: person-{n // 10}\n")
        file.write("grants:\n")
        for n in range(int(GRANTS * size)):
            who, turn = n % people, n // people
            file.write(
                f"  - who: person-{who}\n    role: {ROLES[(who + turn) % 5]}\n"
                f"    account: account-{(who + turn * 7) % ACCOUNTS}\n    until: 2027-06-30\n"
                f"    why: campaign work {n}\n"
            )


if __name__ == "__main__":
    write(Path(sys.argv[1]), float(sys.argv[2]))
