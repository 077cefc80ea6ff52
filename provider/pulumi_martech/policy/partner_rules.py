"""Policies about partners: access that no rule explains, outside its conditions, or in bursts."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import Field

from pulumi_martech.model.inventory import Asset
from pulumi_martech.model.people import Principal
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.policy.partners import Ruling, may_use, protection_of
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import Entitlement, View


def _unexplained(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    by_account: dict[str, list[Asset]] = {}
    for asset in access.assets.values():
        by_account.setdefault(asset.account, []).append(asset)
    rulings: dict[tuple[str, str, str], Ruling] = {}
    for held in view.entitlements:
        principal, grant = held.principal, held.grant
        if not principal.partner:
            continue
        there = by_account.get(held.account.key, [])
        reached = [asset for asset in there if not grant.assets or asset.key in grant.assets]
        for asset in reached:
            key = (principal.partner, grant.role, asset.key)
            if key not in rulings:
                rulings[key] = _closest(view, principal, grant.role, asset)
            if not rulings[key].allowed:
                yield Finding(
                    about=(principal.key, principal.partner, asset.key),
                    text=f"{principal.key} of {principal.partner} reaches {asset.key} as "
                    f"{grant.role}, which no rule allows: it lacks "
                    f"{'; '.join(rulings[key].lacking)}",
                    way=held.way,
                )
        if not reached:
            yield Finding(
                about=(principal.key, principal.partner, held.account.key),
                text=f"{principal.key} of {principal.partner} has {grant.role} in "
                f"{held.account.key}, of which no asset is declared: no rule can explain that",
                way=held.way,
                severity="advisory",
            )


def _closest(view: View, principal: Principal, role: str, asset: Asset) -> Ruling:
    """Return the ruling that allows an asset for some purpose, or else lacks least."""
    access = view.access
    purposes = {"", *(rule.purpose for rule in access.rules_of(asset.key))}
    found = [may_use(access, principal, role, asset, view.day, each) for each in sorted(purposes)]
    return min(found, key=lambda ruling: (not ruling.allowed, len(ruling.lacking)))


def _misplaced(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    for held in view.entitlements:
        role, principal = held.grant.role, held.principal
        own, partner = access.roles.get(role), access.partners.get(principal.partner)
        portable = PORTABLE_ROLES.get(role)
        meant = own.partner if own else portable is not None and portable.partner
        crm = sorted(name for name in held.can if name.startswith("crm:"))
        if meant and partner is None:
            text = f"{principal.key} has {role} in {held.account.key} and is of no partner"
        elif partner is None:
            continue
        elif partner.kind == "affiliate" and crm:
            text = (
                f"{principal.key} of affiliate {partner.key} has {role} in {held.account.key}, "
                f"which gives {', '.join(crm)}"
            )
        elif role == "distributor" and partner.kind != "distributor":
            text = f"{principal.key} has {role}, and {partner.key} is {_A[partner.kind]}"
        else:
            continue
        yield Finding(
            about=(principal.key, held.account.key, *filter(None, [principal.partner])),
            text=text,
            way=held.way,
        )


_A = {"reseller": "a reseller", "affiliate": "an affiliate"}


def _unprotected(view: View, _: Nothing) -> Iterator[Finding]:
    for key, rule in view.access.rules.items():
        holds = protection_of(rule, view.access, view.day)
        if holds != "evaluated":
            continue
        if rule.protection == "attested":
            text = (
                f"rule {key} was attested by {rule.attested_by or 'nobody'} on "
                f"{rule.attested_on or 'no day'}, which does not count any more"
            )
        elif rule.protection == "enforced":
            text = (
                f"rule {key} says it is enforced by {rule.enforced_by or 'nothing'}, and "
                f"{one_of_each(rule.assets)} lie elsewhere"
            )
        else:
            text = f"rule {key} is only evaluated: nothing protects {one_of_each(rule.assets)}"
        yield Finding(about=(key, *rule.assets), text=text, way=("rules", key))


BURST = "grant-burst"


class Burst(Parameters):
    """How many grants to one company at once are unusual."""

    grants: int = Field(default=5, ge=2, description="Grants that begin within the days.")
    days: int = Field(default=7, ge=1, description="Days that they begin within.")


def _burst(view: View, parameters: Burst) -> Iterator[Finding]:
    begun: dict[str, list[Entitlement]] = {}
    for held in view.entitlements:
        company = held.principal.company
        starts = held.grant.starts or held.principal.starts
        recent = starts is not None and view.day - starts < timedelta(days=parameters.days)
        if company and recent:
            begun.setdefault(company, []).append(held)
    for company, grants in begun.items():
        if len(grants) >= parameters.grants:
            people = {held.principal.key for held in grants}
            yield Finding(
                about=(company, *sorted(people)),
                text=f"{len(grants)} grants to {company} begin within {parameters.days} days "
                f"({one_of_each(people)})",
                way=min(grants, key=lambda held: held.index).way,
            )


PARTNER_RULES: tuple[Rule, ...] = (
    Rule(
        "partner-access",
        "People of partners reach the assets that a rule gives them, under its conditions",
        "access that no rule explains was given by hand, or outlived its reason",
        "end the grant, limit it to assets, or write the rule that allows it",
        "mandatory",
        _unexplained,
        also="advisory",
    ),
    Rule(
        "partner-roles",
        "Roles for partners are held by their people only, and affiliates see no records",
        "the role's limits are those of an organisation, and whoever has none has no limits",
        "give a role of ours, or list the person under the partner it belongs to",
        "mandatory",
        _misplaced,
    ),
    Rule(
        "asset-protection",
        "Rules for partner assets are enforced by a platform, or attested",
        "what is only evaluated is compared and protects nothing",
        "say which account enforces it, or have somebody look and attest it",
        "advisory",
        _unprotected,
    ),
    Rule(
        BURST,
        "Grants to one company do not come in bursts",
        "many at once is how a mistake or a takeover looks",
        "make sure that it was meant, and waive it for a few days",
        "advisory",
        _burst,
        Burst,
    ),
)
"""Policies about partners and their assets."""
