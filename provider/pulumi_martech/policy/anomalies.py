"""What is unusual about a change of the document: a domain that nobody had, many grants at once.

A document alone tells neither: a declared vendor's first grant looks like its hundredth, and few
grants say when they begin. So it is compared with the one before the change, and an anomaly is
told with that change and never again.
"""

from collections.abc import Iterator

from pydantic import ValidationError

from pulumi_martech.model.access import Access
from pulumi_martech.model.identity import domain_of, within
from pulumi_martech.policy.holders import address_of
from pulumi_martech.policy.partner_rules import BURST, Burst
from pulumi_martech.policy.rule import Finding, one_of_each
from pulumi_martech.policy.view import Entitlement, View

NEW_DOMAINS = "new-domains"


def anomalies(before: View, after: View) -> Iterator[Finding]:
    """Yield first grants to a mail domain, and bursts of grants to one company; advisory.

    Args:
        before: what everybody could do before the change, as of the same day.
        after: what everybody can do with it.
    """
    if not _off(before.access, NEW_DOMAINS):
        yield from _first_of_a_domain(before, after)
    if not _off(before.access, BURST):
        yield from _bursts(before, after)


def _off(access: Access, policy: str) -> bool:
    setting = access.policies.get(policy)
    return setting is not None and setting.severity == "off"


def _first_of_a_domain(before: View, after: View) -> Iterator[Finding]:
    had = {_domain(held) for held in before.entitlements}
    ours = before.access.company.domains
    found: dict[str, dict[str, Entitlement]] = {}
    for held in after.entitlements:
        domain = _domain(held)
        if domain and domain not in had and not any(within(domain, own) for own in ours):
            found.setdefault(domain, {}).setdefault(held.principal.key, held)
    for domain, people in sorted(found.items()):
        yield Finding(
            about=(*sorted(people), domain),
            text=f"nobody at {domain} had access before this change, and now {one_of_each(people)} "
            "has: first grant to a new domain",
            way=next(iter(people.values())).way,
            severity="advisory",
            rule=NEW_DOMAINS,
        )


def _domain(held: Entitlement) -> str:
    return domain_of(address_of(held.principal, held.account))


def _bursts(before: View, after: View) -> Iterator[Finding]:
    had = {_grant(held) for held in before.entitlements}
    most = _parameters(before.access).grants
    found: dict[str, list[Entitlement]] = {}
    for held in after.entitlements:
        company = held.principal.company
        if company and _grant(held) not in had:
            found.setdefault(company, []).append(held)
    for company, grants in found.items():
        if len(grants) >= most:
            people = {held.principal.key for held in grants}
            yield Finding(
                about=(company, *sorted(people)),
                text=f"{len(grants)} grants to {company} come with this change "
                f"({one_of_each(people)})",
                way=grants[0].way,
                severity="advisory",
                rule=BURST,
            )


def _grant(held: Entitlement) -> tuple[str, str, str, tuple[str, ...]]:
    grant = held.grant
    return held.principal.key, grant.account, grant.role, tuple(sorted(grant.assets))


def _parameters(access: Access) -> Burst:
    setting = access.policies.get(BURST)
    try:
        return Burst.model_validate(setting.parameters if setting else {})
    except ValidationError:
        return Burst()  # what is wrong with them is a finding of its own
