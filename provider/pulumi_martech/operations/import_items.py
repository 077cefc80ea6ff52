"""One thing of an account as the engine would record it, made by the handlers themselves.

Inputs are what ``check`` answers to what the program will say, outputs what a reading answers. If
the two readings of one thing differ, a preview would show it: then it cannot be declared so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.dynamic import CheckFailure, ReadResult

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.identity import check_name
from pulumi_martech.model.membership import Membership, NativeRole
from pulumi_martech.model.values import Frozen, Unknown
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import shape
from pulumi_martech.reconcile.roles import Presence
from pulumi_martech.resources.declarations import person_problems
from pulumi_martech.resources.maps import VendorGrantProvider, grant_id
from pulumi_martech.resources.roles import RoleProvider, RoleReferenceProvider
from pulumi_martech.resources.users import UserProvider

Inputs = dict[str, Any]

PROVIDERS = {
    "Role": RoleProvider,
    "RoleReference": RoleReferenceProvider,
    "MartechUser": UserProvider,
    "VendorGrant": VendorGrantProvider,
}
"""The handlers of each kind that an import makes."""


class Item(Frozen):
    """One resource: its kind, its key in code, its native id, and what the engine records."""

    kind: str
    key: str
    id: str
    inputs: Inputs
    outputs: Inputs

    def named(self, person: str) -> "Item":
        """Return a membership under this id of the person."""
        inputs, outputs = ({**part, "person": person} for part in (self.inputs, self.outputs))
        return self.model_copy(update={"key": person, "inputs": inputs, "outputs": outputs})


Person = tuple[Membership, Item]
"""A member as it is, and as what it can be declared."""


class NotDeclarable(Exception):
    """Something that is there cannot be declared as it is; the text says why."""


class Vendor(Frozen):
    """A vendor whose people become one grant; ``aliases`` are logins at other domains, or keys."""

    name: str
    domains: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    until: str
    owner: str
    reason: str


class Items:
    """Makes the items of one account.

    Args:
        config: the account.
        descriptive: whether names, titles and the like are declared too.
    """

    def __init__(self, config: AccountConfig, descriptive: bool = False) -> None:
        self._config, self._descriptive = config, descriptive
        self._platform = PLATFORMS[config.platform]
        self._fields = self._platform.user.model_fields
        self.unsaid: Counter[str] = Counter()
        """How often an attribute was left as it is because it cannot be declared."""

    # -- people

    def person(self, key: str, member: Membership) -> Item:
        """Return a member as `MartechUser`.

        An attribute that need not be declared and cannot be is left as it is. Raises
        `NotDeclarable`.
        """
        attributes = self._attributes(member)
        while True:
            item, wrong = self._tried(key, member, attributes)
            if not wrong:
                return item
            optional = {n for n in attributes if not self._fields[n].is_required()}
            told = optional & wrong.keys()
            # What is wrong with several together may be right with none of them.
            dropped = told or (optional if wrong.keys() == {"arguments"} else set())
            if not dropped:
                name, reason = next(iter(wrong.items()))
                # Without the value: what is said of several is said once.
                value = {"login": member.login, **attributes}.get(name)
                reason = reason.removeprefix(f"{value!r} ").rstrip(".")
                raise NotDeclarable(f"{name} {reason}".removeprefix("arguments "))
            for name in dropped:
                del attributes[name]
                self.unsaid[name] += 1

    def _tried(
        self, key: str, member: Membership, attributes: Mapping[str, Any]
    ) -> tuple[Item, dict[str, str]]:
        """Return the item with these attributes, and what is wrong with it by argument."""
        handlers = UserProvider.of(self._config)
        checked = handlers.check({}, {
            "account": self._config.key, "person": key, "login": member.login,
            "roles": shape.plain(member.roles), **attributes,
        })  # fmt: skip
        inputs = checked.inputs
        wrong = _reasons(checked.failures)
        for name, problems in person_problems(self._manifest, member.login, inputs).items():
            wrong.setdefault(name, " and ".join(problems))
        read = handlers.shown(inputs, member)
        for name in _differing(inputs, read):
            wrong.setdefault(name, "would not come back as declared")
        return self._item("MartechUser", key, member.id, inputs, read), wrong

    def _attributes(self, member: Membership) -> Inputs:
        """Return what is declared of a member besides its roles: what gives access, at least.

        Empty values and the platform's defaults are left out, as people leave them out.
        """
        found: Inputs = {}
        for name, field in self._fields.items():
            value = member.attributes.get(name)
            if value is None or (name in self._platform.user.descriptive and not self._descriptive):
                continue
            said_by_login = name == "email" and value == member.login
            if field.is_required() or (value and value != field.default and not said_by_login):
                found[name] = shape.plain(value)
            elif value is False and field.default is True:
                found[name] = value
        return found

    # -- roles

    def role(self, key: str, live: NativeRole) -> Item:
        """Return a role as `Role`, with what it holds; raises `NotDeclarable`."""
        handlers = RoleProvider.of(self._config)
        content = {name: shape.plain(value) for name, value in live.attributes.items()}
        checked = handlers.check(
            {}, {"account": self._config.key, "role": key, "name": live.name, **content}
        )
        problems = [*_reasons(checked.failures).values(), *check_name(live.name)]
        if problems:
            raise NotDeclarable(f"its name {problems[0]}" if not content else problems[0])
        read = handlers.shown(checked.inputs, live)
        return self._item("Role", key, live.id, checked.inputs, read)

    def reference(self, key: str, live: NativeRole, presence: Presence) -> Item:
        """Return a role as `RoleReference`."""
        handlers = RoleReferenceProvider.of(self._config)
        checked = handlers.check({}, {"account": self._config.key, "role": key, "name": live.name})
        read = handlers.shown(checked.inputs, live, presence)
        return self._item("RoleReference", key, str(read.id), checked.inputs, read)

    # -- vendors

    def grant(self, vendor: Vendor, people: Sequence[Person]) -> Item:
        """Return all people of a vendor as `VendorGrant`; raises `NotDeclarable`."""
        handlers = VendorGrantProvider.of(self._config)
        entries = {
            member.login: shape.entry(self._config.platform, item.inputs) for member, item in people
        }
        checked = handlers.check({}, {
            "account": self._config.key, "vendor": vendor.name,
            "domains": shape.plain(vendor.domains),
            "aliases": shape.plain(vendor.aliases) or None,
            "people": entries, "until": vendor.until, "owner": vendor.owner,
            "reason": vendor.reason,
        })  # fmt: skip
        inputs = checked.inputs
        live = {
            member.login: shape.live_entry(member, inputs["people"][member.login])
            for member, _ in people
        }
        id_ = grant_id(inputs)
        read = handlers.shown(id_, inputs, dict(sorted(live.items())))
        wrong = {**_reasons(checked.failures), **dict.fromkeys(_differing(inputs, read), "differs")}
        if wrong:
            raise NotDeclarable(" ".join(next(iter(wrong.items()))))
        return self._item("VendorGrant", vendor.name, id_, inputs, read)

    # -- parts

    @property
    def _manifest(self) -> Any:
        return self._platform.manifest

    @staticmethod
    def _item(kind: str, key: str, id_: str, inputs: Inputs, read: ReadResult) -> Item:
        return Item(kind=kind, key=key, id=id_, inputs=inputs, outputs=dict(read.outs or {}))


def _reasons(failures: list[CheckFailure]) -> dict[str, str]:
    return {failure.property: failure.reason for failure in failures}


def _differing(inputs: Inputs, read: ReadResult) -> list[str]:
    """Return the names of the inputs that a reading would show otherwise."""
    live = read.inputs or {}
    return [n for n in sorted(inputs.keys() | live.keys()) if inputs.get(n) != live.get(n)]


def roles_of(member: Membership) -> frozenset[str]:
    """Return the known roles of a member."""
    return frozenset() if isinstance(member.roles, Unknown) else member.roles
