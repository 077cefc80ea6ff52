"""What a program declared so far, and what is wrong with it.

Constructors never raise for what a person wrote: they note the problem with its place and go on, so
that the gate can refuse everything at once, before any writer, with one line a problem.
"""

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.content import Declared
from pulumi_martech.model.expiry import as_of, ended, ends_count, today
from pulumi_martech.model.identity import (
    check_email,
    check_login,
    check_name,
    look_alike,
    near,
    within,
)
from pulumi_martech.model.limits import Limits
from pulumi_martech.model.manifest import Ability, Manifest
from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.guards import AccountHoldings, Estate
from pulumi_martech.policy.holdings import holdings
from pulumi_martech.policy.lifecycle import left_out, too_early
from pulumi_martech.policy.roles import understood
from pulumi_martech.reconcile.report import declare
from pulumi_martech.resources.gate import Gate
from pulumi_martech.resources.turns import Register, Turns

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_KEY_HELP = (
    "lower-case letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit"
)

VERBS = {
    "remove": Ability.REMOVE_USER,
    "deactivate": Ability.DEACTIVATE_USER,
    "downgrade": Ability.CHANGE_USER,
}
"""What each ``on_destroy`` verb needs of the platform."""


def place() -> str:
    """Return file and line of the program that called into this package, or of a document."""
    said = program().place
    if said:
        return said
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_code.co_filename
        if not name.startswith((_PACKAGE, "<")) and "/pulumi/" not in name.replace("\\", "/"):
            break
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    return f"{path.name}:{frame.f_lineno}"


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(map(repr, words[:-1]))} or {words[-1]!r}"


def person_problems(
    manifest: Manifest, login: str, entry: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return what is wrong with the login, the address and the names of a person, by argument."""
    shape = "any" if login.startswith(KEY_LOGIN) else manifest.identity.shape
    found = {"login": check_login(login, shape)}
    for name, value in entry.items():
        if not isinstance(value, str) or name in ("login", "account", "person", "on_destroy"):
            continue
        if name == "email":
            found[name] = check_email(value)
        elif name.endswith("name"):
            found[name] = check_name(value)
    return {name: problems for name, problems in found.items() if problems}


class DeclaredLogin:
    """One login of one account in the program: by whom it was declared, and where."""

    def __init__(self, by: str, where: str, spelt: str) -> None:
        self.by, self.where, self.spelt = by, where, spelt


class Program:
    """The accounts, logins, roles and problems of the running program."""

    def __init__(self) -> None:
        self.place = ""
        """Where what is being declared stands, if that is in a document and not in the program."""
        self.limits = Limits()
        self.company_domains: set[str] = set()
        self.configs: dict[str, AccountConfig] = {}
        self.accounts_at: dict[str, str] = {}
        self.providers: list[pulumi.ProviderResource] = []
        self.roles: dict[tuple[str, str], pulumi.Resource] = {}
        self.role_keys: dict[tuple[str, str], str] = {}
        self.role_rights: dict[tuple[str, str], frozenset[str]] = {}
        self.references: dict[tuple[str, str], pulumi.Resource] = {}
        self.rosters: dict[str, str] = {}
        self.said: defaultdict[str, dict[str, Declared]] = defaultdict(dict)
        self.names: dict[tuple[str, str, str], str] = {}
        self.problems: list[str] = []
        self.late: list[str] = []
        """What is declared as of a day before today and has ended since, with its last day."""
        self.early: tuple[list[str], list[str]] = ([], [])
        """What a day that has not come leaves out before its end, and gives before its begin."""
        self._told: set[tuple[str, str]] = set()
        self._logins: dict[str, dict[str, DeclaredLogin]] = {}
        self._unique: dict[tuple[str, str, str], tuple[str, str, str]] = {}
        self._holdings: dict[str, dict[str, Any]] = {}
        self._vendor_domains: dict[str, dict[str, str]] = {}
        self._claimed: set[tuple[str, str, str]] = set()
        self._gate: list[Gate] = []
        self._turns: Turns | None = None

    # -- declaring

    def problem(self, text: str, where: str = "", about: str = "") -> None:
        """Note what is wrong, with its place; once only of what it is ``about``, where said."""
        where = where or place()
        self.must_be_open(text, where)
        if not about or (where, about) not in self._told:
            self._told.add((where, about))
            self.problems.append(f"{where}: {text}")

    def must_be_open(self, what: str, where: str = "") -> None:
        """Refuse what comes after the gate was made, which would not know of it.

        Raises:
            pulumi.RunError: it does; the program ends there, and nothing that is absent from it is
                taken away.
        """
        if self._gate:
            raise pulumi.RunError(
                f"{where or place()}: {what}: this comes too late, as the gate of the stack has "
                f"been made of what was declared before; it was not registered, and nothing was "
                f"removed; declare it in the body of the program, not in apply() or after an await"
            )

    def claim(self, kind: str, account: str, key: str) -> bool:
        """Take a logical name; note a problem, naming both places, if it is taken."""
        where = place()
        self.must_be_open(f"{kind} {str(key)[:80]} of {account}", where)
        if not isinstance(key, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", key):
            shown = repr(str(key)[:80])
            self.problem(f"{kind} {shown} of {account}: a name in code is {_KEY_HELP}", where)
            return False
        taken = self.names.setdefault((kind, account, key), where)
        if taken != where or (kind, account, key) in self._claimed:
            self.problem(f"{kind} {key} of {account} is declared twice, at {taken} and here", where)
            return False
        self._claimed.add((kind, account, key))
        return True

    def user(
        self,
        kind: str,
        account: str,
        by: str,
        inputs: Mapping[str, Any],
        written: Mapping[str, str] | None = None,
    ) -> None:
        """Note who holds what by a resource's inputs, and check logins, names and addresses.

        ``written`` is how the program spells logins, where that is not how they are kept.
        """
        where = place()
        manifest = PLATFORMS[self.configs[account].platform].manifest
        found = holdings(kind, inputs)
        for login, has in found.items():
            before = self._logins.setdefault(account, {}).get(login)
            spelt = (written or {}).get(login, login)
            if before is not None:
                case = (
                    f" as {before.spelt}, the same but for case," if before.spelt != spelt else ""
                )
                self.problem(
                    f"{spelt} is declared twice in {account}: by {before.by} at {before.where}"
                    f"{case} and by {by} here; take one of them away",
                    where,
                )
                continue
            self._logins[account][login] = DeclaredLogin(by, where, spelt)
            self._holdings.setdefault(account, {})[login] = has
        if kind == "MartechUser":
            people: Mapping[str, Any] = {str(inputs.get("login", "")): inputs}
        else:
            people = inputs.get("people") or inputs.get("members") or {}
        for login, entry in people.items():
            who = f"{by} in {account}" if kind == "MartechUser" else f"{login} in {by} in {account}"
            self._check_person(manifest, login, entry, who, where)
            self._check_shared(manifest, account, login, entry, by)
        self._check_ending(manifest, self.configs[account], inputs, f"{by} in {account}", where)
        ends = {f"{by} in {account}": inputs.get("until")}
        if kind != "MartechUser":
            ends |= {f"{who} in {by} in {account}": e.get("until") for who, e in people.items()}
        for what, until in ends.items():
            if isinstance(until, str) and ends_count() and ended(until):
                pulumi.warn(
                    f"{where}: {what} was to end on {until} and keeps its access, as it is still "
                    f"declared: leave it out, as active(...) does with grants"
                )
            elif isinstance(until, str) and ended(until, today()) and not self.place:
                self.late.append(f"{what} ({until})")

    def role_declared(self, account: str, role: str, said: Declared) -> None:
        """Note what a person said a native role allows, and what is wrong with that."""
        config = self.configs[account]
        for problem in PLATFORMS[config.platform].role_map.problems(role, said):
            self.problem(f"content of role {role!r} of {account} {problem}")
        if role in config.role_content or role in self.said[account]:
            self.problem(
                f"content of role {role!r} of {account} is said twice, by the account or by "
                f"another RoleReference; take one of them away"
            )
        self.said[account][role] = said

    def role_names(self, account: str) -> set[str]:
        """Return the native roles of an account that the program knows of, by name."""
        config = self.configs[account]
        built_in = PLATFORMS[config.platform].manifest.builtin_roles
        named = {name for at, name in (*self.roles, *self.references) if at == account}
        return {*built_in, *named, *config.role_content, *config.administrators}

    def vendor_domains(self, account: str, vendor: str, domains: Sequence[str]) -> None:
        """Note which mail domains belong to a vendor in an account."""
        for domain in domains:
            self._vendor_domains.setdefault(account, {})[domain.strip().lower()] = vendor

    def _check_person(
        self, manifest: Manifest, login: str, entry: Mapping[str, Any], who: str, where: str
    ) -> None:
        for name, problems in person_problems(manifest, login, entry).items():
            value = login if name == "login" else entry[name]
            self._note(f"{name} of {who}", value, problems, where)

    def _check_shared(
        self, manifest: Manifest, account: str, login: str, entry: Mapping[str, Any], by: str
    ) -> None:
        """Note a value that two users of an account cannot share."""
        for name in manifest.unique_attributes:
            value = entry.get(name)
            if not isinstance(value, str) or not value:
                continue
            taken = self._unique.setdefault(
                (account, name, value.casefold()), (login, by, where := place())
            )
            if taken != (login, by, where) and taken[0] != login:
                self.problem(
                    f"{name} {value} is declared twice in {account}: by {taken[1]} at {taken[2]} "
                    f"and by {by} here; {manifest.title} lets one user have it, in any case",
                    where,
                )

    def _note(self, what: str, value: str, problems: Sequence[str], where: str) -> None:
        """Note what is wrong with one value, in one sentence."""
        if problems:
            shown = value if len(value) <= 60 else f"{value[:20]}...{value[-10:]}"
            text = f"{what}: {shown!r} {' and '.join(problems)}"
            self.problem(text, where, about=what)

    def _check_ending(
        self,
        manifest: Manifest,
        config: AccountConfig,
        inputs: Mapping[str, Any],
        who: str,
        where: str,
    ) -> None:
        verb = inputs.get("on_destroy") or manifest.softest_ending_verb
        if verb not in (*VERBS, "retain"):
            self.problem(
                f"on_destroy={verb!r} of {who} is none of {_or([*VERBS, 'retain'])}", where
            )
            return
        ability = VERBS.get(str(verb))
        if ability is not None and not manifest.can(ability):
            support = manifest.abilities.get(ability)
            instead = support.alternative if support else ""
            self.problem(
                f"on_destroy={verb!r} of {who}: {manifest.title} cannot {ability.value}s; "
                f"{instead or f'say on_destroy={manifest.softest_ending_verb!r}'}",
                where,
            )
        deletes = inputs.get("delete_content")
        if deletes is not None and not (isinstance(deletes, str) and deletes.strip()):
            self.problem(f"delete_content={deletes!r} of {who} is no reason; write one", where)
        if deletes and inputs.get("successor"):
            self.problem(
                f"{who} names a successor and says delete_content as well: what it owns either "
                f"goes to somebody or is deleted; say one of them",
                where,
            )
        heir = inputs.get("successor") or config.successor or deletes
        if verb == "remove" and manifest.needs_successor and not heir:
            self.problem(
                f"{who}: removing a user of {manifest.title} needs somebody who takes over what "
                f"it owns; say successor='LOGIN' on it or on the Account, or delete_content="
                f"'REASON' to have it deleted",
                where,
            )

    # -- at the end of the program

    def estate(self) -> Estate:
        """Return who holds what in all accounts, as declared."""
        return {
            key: AccountHoldings(
                address=f"{config.platform} {config.url.rstrip('/')}",
                renamed_from=config.renamed_from,
                administrators=frozenset(PLATFORMS[config.platform].manifest.administrator_roles)
                | frozenset(config.administrators),
                protected=frozenset(
                    PLATFORMS[config.platform].manifest.normal_login(login)
                    for login in (*config.protected, *filter(None, [config.own_login]))
                ),
                roles={name: own for (at, name), own in self.role_keys.items() if at == key},
                rights={name: given for (at, name), given in self.role_rights.items() if at == key},
                logins=self._holdings.get(key, {}),
                declared=understood(config.platform, {**config.role_content, **self.said[key]}),
                data=config.highest_data,
            )
            for key, config in self.configs.items()
        }

    def declared_logins(self) -> dict[str, dict[str, str]]:
        """Return by which resource each login is declared: ``MartechUser crm/ana``.

        A renamed account stands there under both keys.
        """
        found: dict[str, dict[str, str]] = {}
        for account, logins in self._logins.items():
            by = {
                login: f"{kind or 'Roster'} {account}/{name}"
                for login, declared in logins.items()
                for kind, _, name in [declared.by.rpartition(" ")]
            }
            found |= {key: by for key in (account, self.configs[account].renamed_from) if key}
        return found

    def _of_another_day(self) -> str:
        day = as_of()
        if day < today():
            return left_out(day.isoformat(), self.late)
        if os.environ.get("MARTECH_OVERRIDE", "").strip():
            return ""
        return too_early(day.isoformat(), *self.early)

    def whole(self) -> list[str]:
        """Return all problems, those that only the whole program shows included."""
        found = list(dict.fromkeys(self.problems))
        if not ends_count() and not pulumi.runtime.is_dry_run():
            found.append(
                "MARTECH_IGNORE_ENDS is set, and only a preview may leave ends out: unset it"
            )
        if not pulumi.runtime.is_dry_run():
            found += filter(None, [self._of_another_day()])
        for account, where in self.rosters.items():
            others = {
                d.by: d.where for d in self._logins.get(account, {}).values() if d.by != "roster"
            }
            for by, other in others.items():
                found.append(
                    f"{other}: {by} and the roster at {where} both manage members of {account}; "
                    f"put it into the roster or do without one"
                )
        found += self._roles_of_nowhere()
        domains: dict[str, str] = {}
        for account, logins in self._logins.items():
            for login, declared in logins.items():
                domain = self._holdings[account][login].domain
                if not domain:
                    continue
                domains.setdefault(domain, declared.where)
                vendor = self._vendor_of(account, domain)
                if vendor and declared.by.startswith("MartechUser"):
                    found.append(
                        f"{declared.where}: {login} belongs to vendor {vendor}; a vendor's people "
                        f"are declared in its VendorGrant only"
                    )
        for domain, where in sorted(domains.items()):
            others_ = (domains.keys() | self.company_domains) - {domain}
            alike = look_alike(domain, sorted(others_))
            if (alike and alike < domain) or (alike and alike in self.company_domains):
                found.append(
                    f"{where}: mail domain {domain} looks like {alike}; correct it, or ask whose "
                    f"it is"
                )
        return found

    def _roles_of_nowhere(self) -> list[str]:
        """Return roles that are named and nowhere declared, on platforms that cannot be asked."""
        found = []
        for account, logins in self._logins.items():
            manifest = PLATFORMS[self.configs[account].platform].manifest
            if manifest.attested is None:
                continue
            known = {name for at, name in (*self.roles, *self.references) if at == account}
            known.update(manifest.builtin_roles)
            for login, declared in logins.items():
                for name in sorted(self._holdings[account][login].roles - known):
                    hint = near(name, known)
                    found.append(
                        f"{declared.where}: role {name!r} of {declared.by} in {account} is no "
                        f"default role and not declared; {f'{hint} ' if hint else ''}correct it, "
                        f"or declare a Role or RoleReference"
                    )
        return found

    def _vendor_of(self, account: str, domain: str) -> str:
        for owned, vendor in self._vendor_domains.get(account, {}).items():
            if within(domain, owned):
                return vendor
        return ""

    def waits_for(
        self, account: str = "", roles: Sequence[str] = (), looks: bool = False
    ) -> pulumi.Output[Any]:
        """Return what a resource depends on: the gate, and the roles that it names.

        Whoever gives a role waits for what makes it and for what looks whether it is there;
        whoever ``looks`` waits for what makes it. The coroutine runs when the body of the program
        has ended, so that the gate's map is complete and the order of declarations means nothing.
        """

        async def resources() -> list[pulumi.Resource]:
            among = [self.roles] if looks else [self.roles, self.references]
            own = [known[account, n] for known in among for n in roles if (account, n) in known]
            return [*self.gate(), *own]

        return pulumi.Output.from_input(resources())

    def gate(self) -> Sequence[Gate]:
        """Return the stack's one gate, made at the first call: after the program's body."""
        if not self._gate:
            declare(self.declared_logins())
            made = Gate(self.estate(), self.limits, self.whole(), self.providers)
            self._gate.append(made)
            # Nothing can be declared any more, and all of this is about everybody.
            for notes in (self._logins, self._holdings, self._unique, self.names):
                notes.clear()
            self._claimed.clear()
            self._told.clear()
        return self._gate

    @contextmanager
    def in_turns(self) -> Iterator[None]:
        """Have what is declared in here registered so many at a time, when the gate is there.

        It is noted at once, so that the gate knows the whole of it. What has been registered is
        let go of: the SDK keeps the outputs and tasks of each resource until it is done, and all
        of them at once are most of the memory of a large program. Nothing may depend on what is
        declared in turns, as what waits for its turn is no resource yet.
        """
        self._turns = turns = Turns()
        try:
            yield
        finally:
            self._turns = None
            turns.begin(lambda: self.gate()[0])

    def enlist(self, account: str, register: Register) -> None:
        """Register a resource of an account: now, or when it is its turn."""
        if self._turns is None:
            register()
        else:
            self._turns.add(account, register)


def program() -> Program:
    """Return the collector of the running program; it hangs on the program's own stack resource."""
    root: Any = get_root_resource()
    owner: Any = root if root is not None else pulumi.runtime.settings.SETTINGS
    found = getattr(owner, "_martech_program", None)
    if not isinstance(found, Program):
        found = Program()
        owner._martech_program = found
    return found
