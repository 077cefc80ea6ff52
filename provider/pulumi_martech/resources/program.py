"""The running program: what its declarations come to, registered behind the gate."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource

from pulumi_martech.model.expiry import as_of, ends_count, today
from pulumi_martech.model.identity import holder_of, look_alike, near
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.guards import AccountHoldings, Estate
from pulumi_martech.policy.lifecycle import left_out, too_early
from pulumi_martech.policy.roles import understood
from pulumi_martech.reconcile.report import declare
from pulumi_martech.resources.declarations import Declarations
from pulumi_martech.resources.gate import Gate
from pulumi_martech.resources.turns import Register, Turns


class Program(Declarations):
    """What the running program declares, and what its writers wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._gate: list[Gate] = []
        self._turns: Turns | None = None

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
                logins=self.holdings.get(key, {}),
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
        for account, logins in self.logins.items():
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
                d.by: d.where for d in self.logins.get(account, {}).values() if d.by != "roster"
            }
            for by, other in others.items():
                found.append(
                    f"{other}: {by} and the roster at {where} both manage members of {account}; "
                    f"put it into the roster or do without one"
                )
        found += self._roles_of_nowhere()
        domains: dict[str, str] = {}
        for account, logins in self.logins.items():
            for login, declared in logins.items():
                domain = self.holdings[account][login].domain
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
        for account, logins in self.logins.items():
            manifest = PLATFORMS[self.configs[account].platform].manifest
            if manifest.attested is None:
                continue
            known = {name for at, name in (*self.roles, *self.references) if at == account}
            known.update(manifest.builtin_roles)
            for login, declared in logins.items():
                for name in sorted(self.holdings[account][login].roles - known):
                    hint = near(name, known)
                    found.append(
                        f"{declared.where}: role {name!r} of {declared.by} in {account} is no "
                        f"default role and not declared; {f'{hint} ' if hint else ''}correct it, "
                        f"or declare a Role or RoleReference"
                    )
        return found

    def _vendor_of(self, account: str, domain: str) -> str:
        return holder_of(domain, self.vendors_of.get(account, {})) or ""

    # -- registering

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
            self.close()
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


def place() -> str:
    """Return file and line of the program that called into this package, or of a document."""
    return program().here()


def program() -> Program:
    """Return the collector of the running program; it hangs on the program's own stack resource."""
    root: Any = get_root_resource()
    owner: Any = root if root is not None else pulumi.runtime.settings.SETTINGS
    found = getattr(owner, "_martech_program", None)
    if not isinstance(found, Program):
        found = Program()
        owner._martech_program = found
    return found
