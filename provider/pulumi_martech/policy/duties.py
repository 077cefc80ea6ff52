"""Duties that are to lie in different hands: pairs of capabilities one person should not hold.

Defaults of the project's vocabulary (section 9). They are judged for a person over all log-ins and
platforms within one client or brand, on effective capabilities. The Administrator role is exempt,
as it holds every pair: other rules bound it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import Field

from pulumi_martech.model.capability import CAPABILITIES, Effect
from pulumi_martech.model.identity import domain_of, normal_domain, parents
from pulumi_martech.policy.holders import (
    address_of,
    is_service,
    mfa_of,
    owner_of,
    passes_by_password,
    personal,
)
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, Severity, one_of_each
from pulumi_martech.policy.view import Entitlement, View


@dataclass(frozen=True)
class Pair:
    """Two sets of capabilities; one of each together is a finding.

    ``externals`` and ``employees`` are severities, ``None`` where it is none for them;
    ``partners_only`` asks it of people of partner organisations alone, ``over_clients`` counts what
    is held for different clients together.
    """

    id: str
    first: frozenset[str]
    second: frozenset[str]
    why: str
    employees: Severity | None
    externals: Severity | None
    partners_only: bool = False
    over_clients: bool = False

    @property
    def words(self) -> str:
        """The pair in words."""
        return f"{' or '.join(sorted(self.first))} together with {' or '.join(sorted(self.second))}"


def _pair(
    id_: str,
    first: str,
    second: str,
    employees: Severity | None,
    externals: Severity | None,
    why: str,
    partners_only: bool = False,
    over_clients: bool = False,
) -> Pair:
    return Pair(
        id_,
        frozenset(first.split()),
        frozenset(second.split()),
        why,
        employees,
        externals,
        partners_only,
        over_clients,
    )


PAIRS = (
    _pair(
        "s1-spend-and-billing",
        "ads:spend",
        "billing:manage",
        "mandatory",
        "mandatory",
        "sets the budget and the payer: money moves with no second pair of eyes",
    ),
    _pair(
        "s2-spend-and-measure",
        "ads:spend",
        "tracking:edit code:publish",
        "advisory",
        "mandatory",
        "who spends also defines what counts as success, and agencies are paid by it",
    ),
    _pair(
        "s4-users-and-export",
        "users:manage",
        "contacts:export",
        "advisory",
        "mandatory",
        "can arm a second identity and take the data with it",
    ),
    _pair(
        "s5-data-and-integrations",
        "data:query contacts:view_all",
        "integrations:manage",
        "advisory",
        "mandatory",
        "can build a standing outflow that no log-in shows",
    ),
    _pair(
        "s6-consent-and-send",
        "consent:manage",
        "email:send",
        "advisory",
        "advisory",
        "can lift an unsubscribe and mail the person",
    ),
    _pair(
        "s7-import-and-send",
        "crm:import",
        "email:send",
        None,
        "advisory",
        "can bring in a bought list and mail it in our name; way out: imports by an employee",
    ),
    _pair(
        "s8-address-and-content",
        "landing_page:domain",
        "landing_page:publish code:publish",
        "advisory",
        "mandatory",
        "controls address and content: phishing as us",
    ),
    _pair(
        "s9-export-and-upload",
        "contacts:export",
        "audience:upload",
        None,
        "mandatory",
        "data of one client can feed another's campaigns",
        over_clients=True,
    ),
    _pair(
        "s10-edit-and-share",
        "asset:edit",
        "asset:share",
        None,
        "advisory",
        "changes official material and passes it on as ours",
        partners_only=True,
    ),
)
"""S1, S2 and S4 to S10 of the vocabulary; the others need more than two sets of capabilities."""


def _brands(pair: Pair, held: Sequence[Entitlement]) -> dict[str, list[Entitlement]]:
    """Return entitlements by the client that they are judged for, administrators' left out."""
    found: dict[str, list[Entitlement]] = {}
    for entitlement in held:
        if not entitlement.role.administrator:
            client = "" if pair.over_clients else entitlement.account.client
            found.setdefault(client, []).append(entitlement)
    return found


def _find_pair(pair: Pair, view: View, _: Nothing) -> Iterator[Finding]:
    either = pair.first | pair.second
    for key, everything in view.by_principal.items():
        principal = everything[0].principal
        severity = pair.externals if principal.external else pair.employees
        if severity is None or (pair.partners_only and not principal.partner):
            continue
        if not any(either & entitlement.can for entitlement in everything):
            continue
        for brand, held in _brands(pair, everything).items():
            firsts = [e for e in held if pair.first & e.can]
            seconds = [e for e in held if pair.second & e.can]
            if not firsts or not seconds:
                continue
            accounts = {e.account.key for e in (*firsts, *seconds)}
            of = f" for {brand}" if brand else ""
            has = one_of_each(name for e in held for name in either & e.can)
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} holds {has}{of} (in {one_of_each(accounts)})",
                way=firsts[0].way,
                severity=severity,
            )


class Mergers(Parameters):
    """Who may merge changes of the access document."""

    mergers: tuple[str, ...] = Field(
        default=(),
        description="People who may merge changes of the access document.",
        json_schema_extra={"keys_of": "people"},
    )


def _users_and_merge(view: View, parameters: Mergers) -> Iterator[Finding]:
    for key in parameters.mergers:
        managing = [e for e in view.by_principal.get(key, ()) if "users:manage" in e.can]
        if managing:
            accounts = {e.account.key for e in managing}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} manages users of {one_of_each(accounts)} and merges this document",
                way=managing[0].way,
            )


def _competitors(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    walls: dict[str, set[str]] = {}
    for listed in (access.clients, access.partners):
        for company in listed.values():
            for rival in company.competitors:
                walls.setdefault(company.key, set()).add(rival)
                walls.setdefault(rival, set()).add(company.key)
    if not walls:
        return
    for key, held in view.by_principal.items():
        touched: dict[str, Entitlement] = {}
        for e in held:
            for whose in (e.account.client, e.account.owner_of_record, e.principal.partner):
                if whose in walls:
                    touched.setdefault(whose, e)
        for one in sorted(touched):
            for other in sorted(walls[one] & touched.keys()):
                if one < other:
                    yield Finding(
                        about=(key, one, other),
                        text=f"{key} has access for {one} and for its competitor {other}",
                        way=touched[other].way,
                    )


_EXPORTS = frozenset(
    name for name, c in CAPABILITIES.items() if c.effect is Effect.EXPORT and c.personal
)
OUTLIVES = frozenset(
    name for name, c in CAPABILITIES.items() if c.effect in (Effect.EXPORT, Effect.ADMINISTER)
)
"""Capabilities of a key whose harm outlives it: to take data out, and to let others in."""


def _export_unproven(view: View, _: Nothing) -> Iterator[Finding]:
    ours = {normal_domain(domain) for domain in view.access.company.domains}
    for key, everything in view.by_principal.items():
        held = [
            e for e in everything if _EXPORTS & e.can and passes_by_password(e.principal, e.account)
        ]
        lacking: dict[str, set[str]] = {}
        for e in held:
            second = mfa_of(e.principal, e.account, view.day)
            if not _managed(e, ours):
                lacking.setdefault("a log-in that we manage", set()).add(e.account.key)
            if second == "no":
                lacking.setdefault("a second factor", set()).add(e.account.key)
            elif second == "unknown":
                lacking.setdefault("proof of a second factor (unknown)", set()).add(e.account.key)
        if lacking:
            words = "; ".join(f"{what} in {one_of_each(where)}" for what, where in lacking.items())
            accounts = {account for where in lacking.values() for account in where}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} can take personal data out without {words}",
                way=held[0].way,
            )


def _managed(held: Entitlement, ours: Collection[str]) -> bool:
    """Tell whether we can end a log-in: by single sign-on only, or one of our own addresses."""
    if held.account.login.sso == "enforced":
        return True
    if held.principal.external:
        return False
    domain = domain_of(address_of(held.principal, held.account))
    return any(part in ours for part in parents(domain)) if ours else not personal(domain)


def _external_bound(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    for key, held in view.by_principal.items():
        principal = held[0].principal
        if not principal.external:
            continue
        lacking = []
        if principal.vendor not in access.vendors and principal.partner not in access.partners:
            lacking.append("a vendor or partner organisation")
        if not owner_of(access, principal, view.day):
            lacking.append("an owner inside")
        endless = [e for e in held if e.until is None]
        if endless:
            lacking.append(f"an end in {one_of_each(e.account.key for e in endless)}")
        if lacking:
            yield Finding(
                about=(key, *sorted({e.account.key for e in held})),
                text=f"{key} is external and has access without {' and '.join(lacking)}",
                way=(endless or list(held))[0].way,
            )


def _service_bound(view: View, _: Nothing) -> Iterator[Finding]:
    for key, everything in view.by_principal.items():
        held = [
            e for e in everything if is_service(e.principal, e.account) and e.role.may(OUTLIVES)
        ]
        if not held:
            continue
        owned = owner_of(view.access, held[0].principal, view.day)
        lacking = [] if owned else ["an owner"]
        if any(e.until is None for e in held):
            lacking.append("an end")
        if lacking:
            accounts = {e.account.key for e in held}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"service {key} can administer or export in {one_of_each(accounts)} without "
                f"{' and '.join(lacking)}",
                way=held[0].way,
            )


_PART = "part the two: give one of them to somebody else, or choose a smaller role"

DUTIES: tuple[Rule, ...] = (
    *(
        Rule(
            id=pair.id,
            title=f"Nobody holds {pair.words}",
            why=pair.why,
            fix=_PART,
            severity=pair.externals or pair.employees or "advisory",
            find=partial(_find_pair, pair),
            on_resources=True,
            also="advisory"
            if (pair.employees, pair.externals) == ("advisory", "mandatory")
            else None,
        )
        for pair in PAIRS
    ),
    Rule(
        id="s3-users-and-merge",
        title="Nobody manages users by hand and merges the access document",
        why="can grant by hand and then make the document agree",
        fix="let somebody else merge, or take users:manage away",
        severity="advisory",
        find=_users_and_merge,
        parameters=Mergers,
    ),
    Rule(
        id="s11-competitors",
        title="Nobody works for two clients that are competitors",
        why="a wall between competitors is the point of an agency's groups",
        fix="end the access for one of them",
        severity="mandatory",
        find=_competitors,
    ),
    Rule(
        id="s12-export-proven",
        title="Personal data is taken out only with a managed log-in and a proven second factor",
        why="a leaked mailbox is a leaked customer base; unknown is no proof",
        fix="enforce single sign-on with a second factor and record it, or choose a role without "
        "export",
        severity="mandatory",
        find=_export_unproven,
    ),
    Rule(
        id="s13-external-bound",
        title="Everybody external has a vendor or partner, an owner inside and an end",
        why="nobody would notice that the access stayed",
        fix="put the person under a vendor with owner and end, or give the grant an end",
        severity="mandatory",
        find=_external_bound,
    ),
    Rule(
        id="s14-service-bound",
        title="Keys and services that administer or export have an owner and an end",
        why="they survive every offboarding",
        fix="name an owner and an end, and replace the key once a year",
        severity="mandatory",
        find=_service_bound,
    ),
)
"""The duties of the vocabulary as rules, S1 to S14."""
