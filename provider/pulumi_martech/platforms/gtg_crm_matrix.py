"""The module x action matrix of GTG CRM, and the switches of its custom roles.

Cells are what the vendor's pages say and nothing else: a role's *unlisted* cell stays unlisted,
however likely the right is. Source of everything here: sheet ``gtg-crm.md`` [D].
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.content import Cell
from pulumi_martech.model.values import Frozen

Layout = Literal["article", "guide"]
"""Which of the vendor's two descriptions of the screen *Permissions* the switches are taken from.

They disagree, so whoever attests a role says which one was seen.
"""

ADMINISTRATOR, MANAGER, STAFF = "Administrator", "Marketing Manager", "Marketing Staff"
DEFAULT_ROLES = (ADMINISTRATOR, MANAGER, STAFF)

ROLE_NAMES: Mapping[str, str] = {
    "Administrateur": ADMINISTRATOR,
    "Responsable Marketing": MANAGER,
    "Marketing Team": STAFF,
    "Équipe marketing": STAFF,
    "Personnel marketing": STAFF,
}
"""Other names of the default roles, in the interface's other language and on other pages."""

FRENCH: Mapping[str, str] = {
    ADMINISTRATOR: "Administrateur",
    MANAGER: "Responsable Marketing",
    STAFF: "Équipe marketing",
}
"""Names of the default roles in the French interface."""


class Pair(Frozen):
    """One module and action of the matrix, the capability that it is, and a cell a default role."""

    module: str
    action: str
    capability: str
    cells: Mapping[str, Cell]


_WORDS: Mapping[str, Cell] = {"y": Cell.GRANTED, "n": Cell.DENIED, "-": Cell.UNLISTED}

_ROWS = """
Landing Page        | create                                | landing_page:create    | y y y
Landing Page        | update (edit)                         | landing_page:update    | y y y
Landing Page        | clone                                 | landing_page:clone     | y y y
Landing Page        | publish                               | landing_page:publish   | y y n
Landing Page        | unpublish                             | landing_page:unpublish | y y n
Landing Page        | delete                                | landing_page:delete    | y y n
Landing Page        | edit custom domain                    | landing_page:domain    | y - -
Social              | create post                           | social:create          | y y y
Social              | update post                           | social:update          | y y y
Social              | publish                               | social:publish         | y y n
Social              | unpublish                             | social:unpublish       | y y n
Social              | delete post                           | social:delete          | y y n
Social              | connect account                       | social:connect         | y - -
Social              | view posts                            | social:view            | y y y
Campaigns (Ads)     | view campaign                         | ads:view               | y y y
Campaigns (Ads)     | create campaign                       | ads:create             | y y y
Campaigns (Ads)     | update campaign                       | ads:update             | y y y
Campaigns (Ads)     | delete campaign                       | ads:delete             | y y n
Campaigns (Ads)     | enable campaign                       | ads:enable             | y y n
Campaigns (Ads)     | disable campaign                      | ads:disable            | y y n
Campaigns (Ads)     | connect Ads                           | ads:connect            | y - -
Messaging           | connect account                       | messaging:connect      | y y n
Messaging           | disconnect account                    | messaging:disconnect   | y y n
Messaging           | send message                          | messaging:send         | y y y
Messaging           | view all messages                     | messaging:view_all     | y n n
Automation Workflow | create                                | automation:create      | y n -
Automation Workflow | view                                  | automation:view        | y n -
Automation Workflow | update                                | automation:update      | y n -
Automation Workflow | delete                                | automation:delete      | y n n
CRM Objects         | create                                | crm:create             | y y y
CRM Objects         | update                                | crm:update             | y y y
CRM Objects         | import                                | crm:import             | y y y
CRM Objects         | assign                                | crm:assign             | y y -
CRM Objects         | view                                  | crm:view               | y - y
CRM Objects         | delete                                | crm:delete             | y y n
Contacts            | view all contacts                     | contacts:view_all      | y n -
Email               | send e-mail                           | email:send             | y y y
Global              | manage general (global) configuration | settings:manage        | y - -
"""


def _pair(row: str) -> Pair:
    module, action, capability, said = (part.strip() for part in row.split("|"))
    words = (_WORDS[mark] for mark in said.split())
    cells = dict(zip(DEFAULT_ROLES, words, strict=True))
    return Pair(module=module, action=action, capability=capability, cells=cells)


MATRIX: tuple[Pair, ...] = tuple(_pair(row) for row in _ROWS.strip().splitlines())
"""All 38 pairs, in the order of the sheet: one to one with capabilities."""


class Switch(Frozen):
    """One switch of a custom role as the screen bundles it: what it gives when it is on.

    ``perhaps`` is what nobody knows about it until somebody has looked: it may give this too.
    """

    name: str
    gives: frozenset[str]
    perhaps: frozenset[str] = frozenset()


_MANAGE_CAMPAIGNS = "ads:view ads:create ads:update ads:delete ads:enable ads:disable"

_SWITCHES: Mapping[Layout, Mapping[str, str]] = {
    "article": {
        "Automation Workflow: create": "automation:create",
        "Automation Workflow: view": "automation:view",
        "Automation Workflow: update": "automation:update",
        "Automation Workflow: delete": "automation:delete",
        "Landing Page: create": "landing_page:create",
        "Landing Page: clone": "landing_page:clone",
        "Landing Page: publish/unpublish": "landing_page:publish landing_page:unpublish",
        "Landing Page: delete": "landing_page:delete",
        "Social: connect an account": "social:connect",
        "Social: create/update/delete a post": "social:create social:update social:delete",
        "Messaging: connect an account": "messaging:connect",
        "Messaging: send a message": "messaging:send",
        "Messaging: view a message": "messaging:view",
        "CRM Objects: create": "crm:create",
        "CRM Objects: update": "crm:update",
        "CRM Objects: import": "crm:import",
        "CRM Objects: delete": "crm:delete",
        "Email: send e-mail": "email:send",
    },
    "guide": {
        "Automation Workflow: Create": "automation:create",
        "Automation Workflow: View": "automation:view",
        "Automation Workflow: Update": "automation:update",
        "Automation Workflow: Delete": "automation:delete",
        "Landing Page: Create": "landing_page:create",
        "Landing Page: Update": "landing_page:update",
        "Landing Page: Publish": "landing_page:publish",
        "Landing Page: Unpublish": "landing_page:unpublish",
        "Landing Page: Delete": "landing_page:delete",
        "Marketing: View Social Posts": "social:view",
        "Marketing: Manage Campaigns": _MANAGE_CAMPAIGNS,
        "Contacts: View All Contacts": "contacts:view_all",
        "Contacts: Import": "crm:import",
        "Contacts: Export": "contacts:export",
        "Contacts: Edit": "crm:update",
        "Email: Create": "email:create",
        "Email: Send": "email:send",
        "Email: View Reports": "report:view",
        "Messaging: View": "messaging:view",
        "Messaging: Reply": "messaging:send",
        "Messaging: Manage Channels": "messaging:connect messaging:disconnect",
    },
}

_PERHAPS = {
    # Whether "view a message" means all of them is to be confirmed on the screen.
    ("article", "Messaging: view a message"): frozenset({"messaging:view_all"}),
    ("guide", "Messaging: View"): frozenset({"messaging:view_all"}),
}

SWITCHES: Mapping[Layout, Mapping[str, Switch]] = {
    layout: {
        name: Switch(
            name=name,
            gives=frozenset(gives.split()),
            perhaps=_PERHAPS.get((layout, name), frozenset()),
        )
        for name, gives in switches.items()
    }
    for layout, switches in _SWITCHES.items()
}
"""The switches of a custom role by layout and name (``Module: switch``)."""


def cells(role: str) -> dict[str, Cell]:
    """Return what the vendor says of a default role, by capability: all 38 cells."""
    return {pair.capability: pair.cells[role] for pair in MATRIX}


def granted(role: str) -> frozenset[str]:
    """Return the capabilities whose cell of a default role says *granted*."""
    return frozenset(name for name, cell in cells(role).items() if cell.allows)


def switch_cells(layout: Layout, seen: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return what the switches of a custom role, as seen, say by capability.

    ``NO_SWITCH`` is what no switch of the layout names or that was not on the screen. What a
    switch perhaps gives has no cell: nobody knows.
    """
    found = dict.fromkeys(CAPABILITIES, Cell.NO_SWITCH)
    for name, switch in SWITCHES[layout].items():
        state = seen.get(name, Cell.NO_SWITCH)
        found.update(dict.fromkeys(switch.gives, state))
        if state is not Cell.OFF:
            for unknown in switch.perhaps:
                found.pop(unknown, None)
    return found


def given(layout: Layout, switches: Iterable[str]) -> frozenset[str]:
    """Return the capabilities that switches give when they are on."""
    return frozenset[str]().union(*(SWITCHES[layout][name].gives for name in switches))


def to_switches(layout: Layout, wanted: Iterable[str]) -> tuple[frozenset[str], list[str]]:
    """Return the switches that give exactly ``wanted``, and what stands in the way in words.

    A capability that only a switch with more behind it gives, and one that no switch gives, is a
    problem: nothing is ever given beyond the wish, and nothing of it is left out in silence.
    """
    wish = frozenset(wanted)
    on = {n: s for n, s in SWITCHES[layout].items() if s.gives <= wish}
    problems = []
    for name, switch in SWITCHES[layout].items():
        part = switch.gives & wish
        if part and name not in on:
            more = ", ".join(sorted(switch.gives - wish))
            problems.append(
                f"the switch {name!r} cannot be separated: it gives {more} besides "
                f"{', '.join(sorted(part))}"
            )
    known = frozenset[str]().union(*(s.gives for s in SWITCHES[layout].values()))
    others = {
        capability: [
            f"{name!r} of layout {other!r}"
            for other, switches in SWITCHES.items()
            for name, switch in switches.items()
            if capability in switch.gives
        ]
        for capability in sorted(wish - known)
    }
    problems += [
        f"no switch of layout {layout!r} gives {capability}"
        + (f" (there is {' and '.join(found)})" if found else "")
        for capability, found in others.items()
    ]
    return frozenset(on), problems
