"""GTG CRM: a CRM and marketing suite without an API, so all of it is asked and attested.

Users and their roles on the screen *Settings > User Management*, custom roles by switches on
*Settings > Permissions*. Facts: fact sheet ``gtg-crm.md``, and ``docs/platforms/gtg-crm.md``.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.content import Cell
from pulumi_martech.model.identity import near
from pulumi_martech.model.leaving import Hanging
from pulumi_martech.model.manifest import (
    Ability,
    Attested,
    Identity,
    Limits,
    Manifest,
    Removal,
)
from pulumi_martech.model.membership import Attribute, Membership, NativeRole, Wish
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.attested import AttestedConnector, Instruction
from pulumi_martech.platforms.base import RoleArguments, UserArguments
from pulumi_martech.platforms.facts import by_hand, no
from pulumi_martech.platforms.fields import Text
from pulumi_martech.platforms.gtg_crm_matrix import (
    ADMINISTRATOR,
    DEFAULT_ROLES,
    FRENCH,
    ROLE_NAMES,
    SWITCHES,
    Layout,
    given,
    granted,
    switch_cells,
    to_switches,
)

DOCS = "gtg-crm.md [D]"
USERS, PERMISSIONS = "Settings > User Management", "Settings > Permissions"

MANIFEST = Manifest(
    platform="gtg_crm",
    title="GTG CRM",
    attested=Attested(personal=True),
    identity=Identity(attribute="login", shape="any", case_sensitive=False, renamable=False),
    creation="direct",
    role_shape="list replaced on the user",
    role_content="declared",
    builtin_roles=DEFAULT_ROLES,
    administrator_roles=(ADMINISTRATOR,),
    role_names=ROLE_NAMES,
    abilities={
        Ability.LIST_USERS: by_hand(f"{USERS}: the list, written off or exported", DOCS),
        Ability.CREATE_USER: by_hand(f"{USERS}: add the user to the workspace", DOCS),
        Ability.INVITE_USER: no(
            "the vendor's pages name no invitation", DOCS, "add the user to the workspace"
        ),
        Ability.CHANGE_USER: by_hand(f"{USERS}, column Roles; in effect at once", DOCS),
        Ability.CHANGE_LOGIN: no(
            "the vendor's pages do not say", DOCS, "remove the user and add the new one"
        ),
        Ability.DEACTIVATE_USER: no(
            "the vendor's pages do not say", DOCS, "say on_destroy='remove' or 'downgrade'"
        ),
        Ability.REMOVE_USER: by_hand(
            f"{USERS}; the vendor's pages do not say how, so the attestation has to prove it", DOCS
        ),
        Ability.LIST_ROLES: by_hand(f"{PERMISSIONS}: the roles, written off", DOCS),
        Ability.CREATE_ROLE: by_hand(f"{PERMISSIONS}: Add role, name, description, switches", DOCS),
        Ability.READ_ROLE_CONTENT: by_hand(
            f"{PERMISSIONS}: the switches of custom roles, in one of two layouts", DOCS
        ),
        Ability.SERVICE_PRINCIPALS: no(
            "no keys, apps or other credentials are documented", DOCS, "look at the screens"
        ),
        Ability.PARTNER_LINK: no(
            "no partner object; the vendor's own example is a custom role",
            DOCS,
            "a VendorGrant with a custom role",
        ),
        Ability.NATIVE_EXPIRY: no("no end of access is documented", DOCS, "say until on the grant"),
        Ability.MFA: no("not shown", DOCS, "attest it where log-in is managed"),
        Ability.LAST_LOGIN: no("not shown", DOCS, "ask the person"),
    },
    removals=(
        Removal(
            verb="remove",
            login="unknown",
            sessions="unknown",
            api_keys="unknown",
            oauth_tokens="unknown",
            note="asked of a person; it counts as done when the list no longer shows the user",
        ),
        Removal(
            verb="downgrade",
            login="no",
            sessions="no",
            api_keys="unknown",
            oauth_tokens="unknown",
            note="takes every role away; a change of roles is in effect at once",
        ),
    ),
    softest_ending_verb="remove",
    limits=Limits(page_size=None),
    hangs_on_person=(
        Hanging(
            what="records assigned to the person, pages, posts and campaigns of theirs",
            becomes="the vendor's pages do not say: assign them to somebody before",
        ),
    ),
    exit_layers=("the user in the workspace", "custom roles made for a vendor"),
    blind_spots=(
        "what happens between two attestations",
        "whether a user can hold more than one role: the vendor speaks of the role of a user, and "
        "of a column Roles",
        "whether 'view a message', the switch, means all messages",
        "second factors, last log-ins, seats",
    ),
)


class User(UserArguments):
    """A user of a workspace of GTG CRM; roles may be named in either language."""

    login: str = Field(
        description="What User Management shows the user by (an e-mail address, as a rule)."
    )

    @field_validator("roles")
    @classmethod
    def _in_english(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(MANIFEST.normal_role(role) for role in roles)


class Role(RoleArguments):
    """A custom role: what it allows, said in switches, capabilities, or as another role's clone.

    All that is said counts together. What cannot be had from the switches of the layout exactly
    as it is wished, no more and no less, is refused.
    """

    rights: ClassVar[str] = "switches"

    layout: Layout = Field(
        description="Which of the vendor's two layouts the screen Permissions shows."
    )
    switches: frozenset[str] = Field(
        default=frozenset(),
        description="Switches to turn on, as 'Module: switch' in the words of the layout.",
    )
    capabilities: frozenset[str] = Field(
        default=frozenset(), description="Capabilities the role is to allow."
    )
    clone_from: str | None = Field(
        default=None,
        description="A default role, or the name of a custom role declared before, to start from.",
    )
    without: frozenset[str] = Field(
        default=frozenset(), description="Capabilities to leave out of what the others give."
    )
    description: Text | None = Field(default=None, description="Description on the screen.")

    @model_validator(mode="after")
    def _can_be_had(self, info: ValidationInfo) -> "Role":
        problems = []
        if MANIFEST.normal_role(self.name) in DEFAULT_ROLES:
            problems.append(f"{self.name!r} is the name of a default role; choose another")
        known = SWITCHES[self.layout]
        for name in sorted(self.switches - known.keys()):
            problems.append(
                f"layout {self.layout!r} has no switch {name!r}; {near(name, known)}".rstrip("; ")
            )
        for name in sorted((self.capabilities | self.without) - CAPABILITIES.keys()):
            problems.append(
                f"there is no capability {name!r}; {near(name, CAPABILITIES)}".rstrip("; ")
            )
        start, problem = self._start((info.context or {}).get("roles", {}))
        problems += problem
        if not problems:
            wanted = start | given(self.layout, self.switches) | self.capabilities
            on, problems = to_switches(self.layout, wanted - self.without)
            self._on = on
        if problems:
            raise ValueError("; ".join(problems))
        return self

    _on: frozenset[str] = frozenset()

    def _start(self, roles: Mapping[str, Mapping[str, Any]]) -> tuple[frozenset[str], list[str]]:
        """Return what the role starts with, by the content of the roles declared before."""
        if self.clone_from is None:
            return frozenset(), []
        name = MANIFEST.normal_role(self.clone_from)
        if name in DEFAULT_ROLES:
            return granted(name), []
        if name in roles:
            return given(roles[name]["layout"], roles[name]["switches"]), []
        hint = near(name, [*DEFAULT_ROLES, *roles])
        return frozenset(), [
            f"there is no role {name!r} to clone: it is no default role, and none declared before; "
            f"{hint}".rstrip("; ")
        ]

    def content(self) -> dict[str, Attribute]:
        """Return layout, switches that are on, and the description."""
        found: dict[str, Attribute] = {"layout": self.layout, "switches": self._on}
        return found | ({"description": self.description} if self.description else {})


class Connector(AttestedConnector):
    """Shows a workspace as attested, and words what its operator is to do."""

    manifest: ClassVar[Manifest] = MANIFEST
    layouts: ClassVar[Mapping[str, Collection[str]]] = {
        layout: tuple(switches) for layout, switches in SWITCHES.items()
    }

    def cells(self, layout: str, seen: Mapping[str, Cell]) -> Mapping[str, Cell]:
        """Return what the switches of a custom role say by capability."""
        return switch_cells("guide" if layout == "guide" else "article", seen)

    def add_user(self, wish: Wish) -> Instruction:
        """Word how the user comes into the workspace."""
        first = f"add the user {wish.login} to the workspace"
        return Instruction(where=USERS, do=(first, f"column Roles: {_roles(wish.roles)}"))

    def change_user(self, live: Membership | None, wish: Wish) -> Instruction:
        """Word how the user gets its roles."""
        if live is None:
            first = f"find the user {wish.login}; if it is not there, add it to the workspace"
            return Instruction(where=USERS, do=(first, f"column Roles: {_roles(wish.roles)}"))
        before = "" if isinstance(live.roles, Unknown) else f", in place of {_roles(live.roles)}"
        return Instruction(
            where=USERS,
            do=(f"find the user {wish.login}", f"column Roles: {_roles(wish.roles)}{before}"),
        )

    def remove_user(self, login: str) -> Instruction:
        """Word how the user leaves the workspace."""
        return Instruction(
            where=USERS,
            do=(
                f"take the user {login} out of the workspace, if it is there",
                "the vendor's pages do not describe this step: if the screen offers none, take "
                "every role away, ask the vendor, and say so to whoever attests",
            ),
        )

    def make_role(self, role: RoleArguments) -> Instruction:
        """Word how a custom role is made."""
        content = role.content()
        about = f", description: {content['description']}" if content.get("description") else ""
        return Instruction(
            where=PERMISSIONS,
            do=(
                f"Add role (on some pages: Create), name: {role.name}{about}",
                f"switch on: {_listed(_switches(content))}",
                "leave every other switch off",
            ),
        )

    def change_role(self, live: NativeRole | None, name: str, role: RoleArguments) -> Instruction:
        """Word how a custom role gets another name or other switches."""
        content = role.content()
        wanted = _switches(content)
        add = "" if live else "; if it is not there: Add role (on some pages: Create)"
        do = [f"open the role {name}{add}"]
        if role.name != name:
            do.append(f"name: {role.name}")
        if content.get("description"):
            do.append(f"description: {content['description']}")
        if live is None or live.attributes.get("layout") != content.get("layout"):
            do += [f"switch on: {_listed(wanted)}", "switch off every other one"]
        else:
            is_on = _switches(live.attributes)
            if wanted - is_on:
                do.append(f"switch on: {_listed(wanted - is_on)}")
            if is_on - wanted:
                do.append(f"switch off: {_listed(is_on - wanted)}")
        return Instruction(where=PERMISSIONS, do=tuple(do))

    def remove_role(self, name: str) -> Instruction:
        """Word how a custom role goes."""
        return Instruction(
            where=PERMISSIONS,
            do=(
                f"take the role {name} away, if it is there; nobody must hold it",
                "the vendor's pages do not describe this step: if the screen offers none, switch "
                "all of its switches off and say so to whoever attests",
            ),
        )


def _roles(names: Iterable[str]) -> str:
    """Return roles as the screen names them, in both languages where they are known."""
    shown = [
        f"{name} (in French: {FRENCH[name]})" if name in FRENCH else name for name in sorted(names)
    ]
    return ", ".join(shown) or "none"


def _switches(content: Mapping[str, Attribute]) -> frozenset[str]:
    found = content.get("switches", frozenset())
    return found if isinstance(found, frozenset) else frozenset()


def _listed(switches: Collection[str]) -> str:
    return ", ".join(sorted(switches)) or "none"
