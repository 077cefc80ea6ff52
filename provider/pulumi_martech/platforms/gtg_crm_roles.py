"""What the roles and switches of GTG CRM mean in capabilities.

The default roles are those of the vendor's matrix, custom roles are sets of switches. There is no
API, so that what a role of a workspace allows is declared: of a custom role by whoever attested its
switches, of a default role by whoever compared the screen with the matrix (`cells`).
"""

from pulumi_martech.model.rolemap import Right, RoleMap
from pulumi_martech.platforms.gtg_crm_matrix import (
    ADMINISTRATOR,
    DEFAULT_ROLES,
    MANAGER,
    STAFF,
    SWITCHES,
    granted,
)

ROLES = RoleMap(
    known="declared",
    rights={
        name: Right(
            capabilities=switch.gives,
            source="gtg-crm.md [D]",
            grade="docs",
            perhaps=switch.perhaps,
        )
        for switches in SWITCHES.values()
        for name, switch in switches.items()
    },
    layouts=tuple(frozenset(switches) for switches in SWITCHES.values()),
    roles={role: tuple(sorted(granted(role))) for role in DEFAULT_ROLES},
    portable={
        "administrator": (ADMINISTRATOR,),
        "marketing-manager": (MANAGER,),
        "marketer": (STAFF,),
    },
)
"""GTG CRM's role map; a capability names itself, and a switch what it gives."""
