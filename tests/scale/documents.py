"""The figures of a large document on the embedded engine: ``bench.py declaring``.

10,000 people who hold one role each, in one account or in turns in several, on SCIM sandboxes of
another process, which is not counted. CPU seconds and memory are those of `measure`: all processes
together, from start to end.
"""

import os
from contextlib import contextmanager

from pulumi_martech.sandbox import Sandbox

from . import measure

PROGRAM = """
from pulumi_martech import document
document.declare("access.yaml")
"""
ACCOUNT = """\
  {key}:
    platform: scim
    url: env:{variable}_URL
    credentials: {{kind: bearer, token: "env:{variable}_TOKEN"}}
    roles: {{analyst: [Analyst]}}
"""
LIMITS = {"MARTECH_DOCUMENT_LIMIT": "200"}
PHASES = {"first up": "up", "preview": "preview", "up, nothing to do": "up", "refresh": "refresh"}


def written(people, accounts):
    """Return a document: so many people with a grant each, in turns in the accounts."""
    lines = ["accounts:\n"]
    for key in accounts:
        lines.append(ACCOUNT.format(key=key, variable=key.upper()))
    lines.append("people:\n")
    for n in range(people):
        lines.append(f"  p{n:05}: {{name: Person {n}, email: p{n:05}@example.com}}\n")
    lines.append("grants:\n")
    for n in range(people):
        account = accounts[n % len(accounts)]
        lines.append(f"  - {{who: p{n:05}, role: analyst, account: {account}}}\n")
    return "".join(lines)


@contextmanager
def seeded(people, accounts):
    """Yield the environment of tenants that have the people, as a document declares them."""
    with Sandbox() as sandbox:
        environment = {}
        for turn, key in enumerate(accounts):
            tenant = sandbox.tenant(key, "scim", page_cap=1000)
            tenant.add_role("Analyst")
            logins = {f"p{n:05}@example.com": n for n in range(turn, people, len(accounts))}
            tenant.add_users(
                {
                    "userName": login,
                    "displayName": f"Person {n}",
                    "emails": [{"value": login, "primary": True}],
                    "active": True,
                }
                for login, n in logins.items()
            )
            tenant.set_members("Analyst", logins)
            environment |= tenant.environment()
        yield environment


def phases(people, accounts):
    """Return what a first `up` that finds all took, and three operations with nothing to do."""
    with seeded(people, accounts) as environment:
        before = dict(os.environ)
        os.environ.update({**environment, **LIMITS})
        try:
            with measure.project(PROGRAM, people) as (run, root):
                (root / "access.yaml").write_text(written(people, accounts))
                run(*measure.ENGINES["embedded"], "stack", "init", "dev")
                return {
                    name: run(*measure.ENGINES["embedded"], *measure.PHASES[verb], *measure.QUIET)
                    for name, verb in PHASES.items()
                }
        finally:
            os.environ.clear()
            os.environ.update(before)
