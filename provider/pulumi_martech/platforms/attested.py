"""What the connectors of platforms without an API share: reading what people attested.

Attestations are files beside the program, committed with it: what an account holds must not depend
on the machine that asks. Nothing is written to such a platform by this tool; its connector words
what a person is to do (`Instructs`), and shows what the newest attestation says.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from pydantic import ValidationError

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.attestation import Attestation, instant
from pulumi_martech.model.content import Cell, Declared
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import Malformed, MartechError
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import Attribute, Membership, NativeRole, Status, Wish
from pulumi_martech.model.moment import AHEAD
from pulumi_martech.model.values import UNKNOWN, Frozen, Unknown
from pulumi_martech.platforms.base import Caller, RoleArguments
from pulumi_martech.project import project
from pulumi_martech.transport import ApiClient

FOLDER = "attestations"
"""Folder beside ``Pulumi.yaml`` with a folder an account."""


class Instruction(Frozen):
    """What a person is to do: the way through the screens, and what to set there, a line each."""

    where: str
    do: tuple[str, ...]


@runtime_checkable
class Instructs(Protocol):
    """Words for steps about users and roles, in those of the platform's own screens.

    ``live`` is what is there as far as anybody attested; ``None`` where that is not known.
    """

    def add_user(self, wish: Wish) -> Instruction:
        """Word how the user comes in."""

    def change_user(self, live: Membership | None, wish: Wish) -> Instruction:
        """Word how the user gets its roles, perhaps after coming in."""

    def remove_user(self, login: str) -> Instruction:
        """Word how the user goes."""

    def make_role(self, role: RoleArguments) -> Instruction:
        """Word how a custom role comes in."""

    def change_role(self, live: NativeRole | None, name: str, role: RoleArguments) -> Instruction:
        """Word how the custom role called ``name`` becomes ``role``."""

    def remove_role(self, name: str) -> Instruction:
        """Word how a custom role goes."""


class AttestedConnector:
    """Shows an account as the newest attestation says; a platform adds manifest and words.

    ``layouts`` names the switches of a custom role by the layouts that the screen may have.
    """

    manifest: ClassVar[Manifest]
    layouts: ClassVar[Mapping[str, Collection[str]]] = {}

    def __init__(self, config: AccountConfig, client: ApiClient) -> None:
        self.client, self._config = client, config
        self._read: Attestation | None = None
        self._ahead: tuple[Attestation, ...] = ()
        self._looked = False

    def whoami(self) -> Caller:
        """Return that there are no credentials."""
        return Caller(login=None, note="there are no credentials: a person works on the screens")

    def evidence(self) -> Attestation | None:
        """Return the newest attestation that counts: one by somebody else than the operator.

        One that is dated after now is passed over: it would outdo all others until then.

        Raises `Malformed` for a file that is none or was edited.
        """
        if not self._looked:
            config = self._config
            found = load(config.key, config.platform)
            if config.renamed_from:
                found = _in_order([*load(config.renamed_from, config.platform), *found])
            theirs = [one for one in found if one.by != config.operator]
            counting = come(theirs)
            self._ahead = tuple(one for one in theirs if one not in counting)
            self._read, self._looked = counting[-1] if counting else None, True
        return self._read

    def standing(self, today: date) -> str:
        """Return by whom and when the account was attested, and how long that counts, in words."""
        seen, ahead = self.evidence(), ""
        if self._ahead:
            number, last_of_them = len(self._ahead), self._ahead[-1].day
            ahead = f"; passed over: {number} dated {last_of_them} or before, which has not come"
        if seen is None:
            return f"by nobody yet: what is there is not known{ahead}"
        last = self._last_day(seen)
        said = f"by {seen.by} of {seen.at}"
        if today > last:
            said = f"{said}, EXPIRED on {last}: it counts as unknown until somebody attests again"
        else:
            said = f"{said}, counts until {last}"
        return f"{said}{ahead}"

    def expired(self, today: date) -> bool:
        """Tell whether the newest attestation counts as unknown by now, or there is none."""
        seen = self.evidence()
        return seen is None or today > self._last_day(seen)

    def _last_day(self, seen: Attestation) -> date:
        assert self.manifest.attested is not None  # noqa: S101 - what these connectors are for
        return seen.last_day(self.manifest.attested.days)

    def directory(self) -> Directory:
        """Return people and roles as attested; nobody and unknown roles before the first time."""
        self._looked = False
        seen = self.evidence()
        if seen is None:
            return Directory(
                account=self._config.key,
                memberships=(),
                blind_spots=(*self.manifest.blind_spots, "nobody has attested anything yet"),
            )
        return Directory(
            account=self._config.key,
            memberships=tuple(map(self._member, seen.people)),
            roles=self._roles(seen),
            blind_spots=(
                *self.manifest.blind_spots,
                f"everything since {seen.at}, when {seen.by} looked",
            ),
        )

    def find(self, login: str) -> Membership | None:
        """Return the member with this login, as attested."""
        seen, login = self.evidence(), self.manifest.normal_login(login)
        return self._member(login) if seen is not None and login in seen.people else None

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        """Return the member with this id, which is the login."""
        return self.find(id_)

    def find_role(self, name: str) -> NativeRole | None:
        """Return a role of this name, with the switches that are on if it is a custom one."""
        seen = self.evidence()
        listed = UNKNOWN if seen is None else self._roles(seen)
        if isinstance(listed, Unknown):
            return None
        return next((role for role in listed if role.name == name), None)

    def declared(self) -> dict[str, Declared]:
        """Return what the newest attestation says of custom roles, as declarations."""
        seen = self.evidence()
        return {} if seen is None else self.declared_by(seen)

    def declared_by(self, seen: Attestation) -> dict[str, Declared]:
        """Return what one attestation says of custom roles, as declarations."""
        return {
            name: Declared(content=self.cells(seen.layout, switches), by=seen.by, on=seen.day)
            for name, switches in (seen.roles or {}).items()
        }

    def cells(self, layout: str, seen: Mapping[str, Cell]) -> Mapping[str, Cell]:
        """Return what the switches of a role, as seen, say: as they stand where nobody knows."""
        return seen

    def _member(self, login: str) -> Membership:
        assert self._read is not None  # noqa: S101 - the caller looked
        return Membership(
            id=login,
            login=login,
            email=login if "@" in login else None,
            status=Status.ACTIVE,
            roles=frozenset(self._read.people[login]),
        )

    def _roles(self, seen: Attestation) -> tuple[NativeRole, ...] | Unknown:
        if seen.roles is None:
            return UNKNOWN
        custom: dict[str, dict[str, Attribute]] = {
            name: {
                "layout": seen.layout,
                "switches": frozenset(n for n, state in switches.items() if state is Cell.ON),
            }
            for name, switches in seen.roles.items()
        }
        return tuple(
            NativeRole(id=name, name=name, attributes=custom.get(name, {}))
            for name in (*self.manifest.builtin_roles, *custom)
        )


# -- the files


def folder(account: str) -> Path:
    """Return the folder with an account's attestations, which may not be there."""
    return project() / FOLDER / account


def attested_accounts() -> list[str]:
    """Return the accounts that somebody has attested something of, sorted."""
    return sorted({file.parent.name for file in (project() / FOLDER).glob("*/*.json")})


def load(account: str, platform: str = "") -> list[Attestation]:
    """Return the attestations of an account, oldest first; of any platform if none is named.

    Raises:
        Malformed: a file is no attestation, of another account, or was edited after it was stored.
    """
    files = sorted(folder(account).glob("*.json"))
    return _in_order(_read(file, account, platform) for file in files)


def come(attestations: Iterable[Attestation]) -> list[Attestation]:
    """Return those of instants that have come, in their order."""
    now = datetime.now(UTC) + AHEAD
    return [one for one in attestations if instant(one.at) <= now]


def _in_order(attestations: Iterable[Attestation]) -> list[Attestation]:
    return sorted(attestations, key=lambda one: (instant(one.at), one.stored))


def store(attestation: Attestation) -> Path:
    """Write an attestation, sealed, into its account's folder; return the file.

    Raises:
        MartechError: it could not be written.
    """
    sealed = attestation.sealed()
    name = f"{sealed.at.replace(':', '').replace('-', '')}-{sealed.hash[:8]}.json"
    file = folder(sealed.account) / name
    partial = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(sealed.model_dump_json(indent=2) + "\n", encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise MartechError(
            f"store the attestation {file}", error.strerror or str(error), "nothing was stored"
        ) from None
    return file


def _read(file: Path, account: str, platform: str) -> Attestation:
    tried, left = f"read the attestation {file}", "no attestation of this account was taken over"
    todo = "restore it from the repository, or take it out and attest again"
    try:
        found = Attestation.model_validate_json(file.read_bytes())
        instant(found.at)
    except (OSError, ValidationError, MartechError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no attestation"
        raise Malformed(tried, str(why), left, todo) from None
    if found.sealed().hash != found.hash:
        raise Malformed(tried, "it was edited after it was stored", left, todo)
    if (found.account, found.platform) != (account, platform or found.platform):
        about = f"it is about account {found.account} of {found.platform}"
        raise Malformed(tried, about, left, todo)
    return found
