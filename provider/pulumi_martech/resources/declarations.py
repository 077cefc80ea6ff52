"""What a program declared so far, and what is wrong with each of it.

Constructors never raise for what a person wrote: they note the problem with its place and go on, so
that the gate can refuse everything at once, before any writer, with one line a problem.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.content import Declared
from pulumi_martech.model.expiry import ended, ends_count, today
from pulumi_martech.model.identity import check_email, check_login, check_name, normal_domain
from pulumi_martech.model.limits import Limits
from pulumi_martech.model.manifest import Ability, Manifest
from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.guards import Holding
from pulumi_martech.policy.holdings import holdings

_PACKAGE = str(Path(__file__).resolve().parent.parent)
_KEY_HELP = (
    "lower-case letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit"
)

_VERBS = {
    "remove": Ability.REMOVE_USER,
    "deactivate": Ability.DEACTIVATE_USER,
    "downgrade": Ability.CHANGE_USER,
}
"""What each ``on_destroy`` verb needs of the platform."""


def _called_from() -> str:
    """Return file and line of the program that called into this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_code.co_filename
        if not name.startswith((_PACKAGE, "<")) and "/pulumi/" not in name.replace("\\", "/"):
            break
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    return f"{path.name}:{frame.f_lineno}"


class DeclaredLogin:
    """One login of one account in the program: by whom it was declared, and where."""

    def __init__(self, by: str, where: str, spelt: str) -> None:
        self.by, self.where, self.spelt = by, where, spelt


class Declarations:
    """The accounts, logins, roles and problems of a program."""

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
        self.logins: dict[str, dict[str, DeclaredLogin]] = {}
        self.holdings: dict[str, dict[str, Holding]] = {}
        """What each login holds, by account."""
        self.vendors_of: dict[str, dict[str, str]] = {}
        """Which mail domain belongs to which vendor, by account."""
        self.closed = False
        """Whether the gate was made: nothing can be declared any more."""
        self._told: set[tuple[str, str]] = set()
        self._unique: dict[tuple[str, str, str], tuple[str, str, str]] = {}
        self._claimed: set[tuple[str, str, str]] = set()

    def here(self) -> str:
        """Return where what is being declared stands: in a document, or in the program."""
        return self.place or _called_from()

    def problem(self, text: str, where: str = "", about: str = "") -> None:
        """Note what is wrong, with its place; once only of what it is ``about``, where said."""
        where = where or self.here()
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
        if self.closed:
            raise pulumi.RunError(
                f"{where or self.here()}: {what}: this comes too late, as the gate of the stack "
                f"has been made of what was declared before; it was not registered, and nothing "
                f"was removed; declare it in the body of the program, not in apply() or after an "
                f"await"
            )

    def claim(self, kind: str, account: str, key: str) -> bool:
        """Take a logical name; note a problem, naming both places, if it is taken."""
        where = self.here()
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
        where = self.here()
        manifest = PLATFORMS[self.configs[account].platform].manifest
        found = holdings(kind, inputs)
        for login, has in found.items():
            before = self.logins.setdefault(account, {}).get(login)
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
            self.logins[account][login] = DeclaredLogin(by, where, spelt)
            self.holdings.setdefault(account, {})[login] = has
        if kind == "MartechUser":
            people: Mapping[str, Any] = {str(inputs.get("login", "")): inputs}
        else:
            people = inputs.get("people") or inputs.get("members") or {}
        for login, entry in people.items():
            who = f"{by} in {account}" if kind == "MartechUser" else f"{login} in {by} in {account}"
            self._check_person(manifest, login, entry, who, where)
            self._check_shared(manifest, account, login, entry, by)
        for problem in _ending_problems(
            manifest, self.configs[account], inputs, f"{by} in {account}"
        ):
            self.problem(problem, where)
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
            self.vendors_of.setdefault(account, {})[normal_domain(domain)] = vendor

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
                (account, name, value.casefold()), (login, by, where := self.here())
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

    def close(self) -> None:
        """Take no more declarations, and let go of what is about everybody."""
        self.closed = True
        for notes in (self.logins, self.holdings, self._unique, self.names):
            notes.clear()
        self._claimed.clear()
        self._told.clear()


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


def _ending_problems(
    manifest: Manifest, config: AccountConfig, inputs: Mapping[str, Any], who: str
) -> Iterator[str]:
    """Yield what is wrong with how access is to end."""
    verb = inputs.get("on_destroy") or manifest.softest_ending_verb
    if verb not in (*_VERBS, "retain"):
        yield (f"on_destroy={verb!r} of {who} is none of {_or([*_VERBS, 'retain'])}")
        return
    ability = _VERBS.get(str(verb))
    if ability is not None and not manifest.can(ability):
        support = manifest.abilities.get(ability)
        instead = support.alternative if support else ""
        yield (
            f"on_destroy={verb!r} of {who}: {manifest.title} cannot {ability.value}s; "
            f"{instead or f'say on_destroy={manifest.softest_ending_verb!r}'}"
        )
    deletes = inputs.get("delete_content")
    if deletes is not None and not (isinstance(deletes, str) and deletes.strip()):
        yield f"delete_content={deletes!r} of {who} is no reason; write one"
    if deletes and inputs.get("successor"):
        yield (
            f"{who} names a successor and says delete_content as well: what it owns either "
            f"goes to somebody or is deleted; say one of them"
        )
    heir = inputs.get("successor") or config.successor or deletes
    if verb == "remove" and manifest.needs_successor and not heir:
        yield (
            f"{who}: removing a user of {manifest.title} needs somebody who takes over what "
            f"it owns; say successor='LOGIN' on it or on the Account, or delete_content="
            f"'REASON' to have it deleted"
        )


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(map(repr, words[:-1]))} or {words[-1]!r}"
