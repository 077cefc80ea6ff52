"""Which assets people of partner organisations may use: one function, and what it rests on.

Anything that a rule does not allow is not allowed. *Evaluated* is no protection: such a rule is
compared with what is granted, and nothing stops who has other access. Only what a platform
*enforces*, and what somebody *attested* not long ago, counts as protected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pulumi_martech.model.access import Access
from pulumi_martech.model.inventory import Asset
from pulumi_martech.model.moment import over
from pulumi_martech.model.parties import PartnerOrganisation
from pulumi_martech.model.people import Principal, gone
from pulumi_martech.model.rules import AssetRule, Conditions

ATTESTED_DAYS = 180
"""Days after which an attestation of a rule counts as none (90 where personal data is at stake)."""

ATTESTED_DAYS_PERSONAL = 90

Protection = Literal["enforced", "attested", "evaluated"]


@dataclass(frozen=True)
class Ruling:
    """Whether somebody of a partner may use an asset, by which rule, and what is lacking.

    ``lacking`` says, where it is not allowed, what the rule that comes closest asks for and does
    not find. ``protection`` is that of the rule that allows it, as far as it holds on the day.
    """

    person: str
    organisation: str
    asset: str
    role: str
    allowed: bool
    rule: str = ""
    purpose: str = ""
    protection: Protection = "evaluated"
    lacking: tuple[str, ...] = ()


def chain_of(access: Access, organisation: PartnerOrganisation) -> tuple[PartnerOrganisation, ...]:
    """Return an organisation and those above it, nearest first: reseller, distributor."""
    found: list[PartnerOrganisation] = []
    at: PartnerOrganisation | None = organisation
    while at is not None and at not in found:
        found.append(at)
        at = access.partners.get(at.parent)
    return tuple(found)


def may_use(
    access: Access,
    principal: Principal,
    role: str,
    asset: Asset,
    day: date,
    purpose: str = "",
) -> Ruling:
    """Tell whether somebody of a partner organisation may use an asset on a day.

    A rule allows it if it names the asset and the role, has begun and not ended, is for the
    purpose that is asked for (where one is), and all its conditions hold:

    * kind, tier, courses: of the person's own organisation;
    * region and product line: one that the organisation and everyone above it name: a reseller
      reaches no further than its distributor;
    * agreement: signed and in force, of the organisation and of everyone above it.

    What is not said allows nothing: whoever names no region is in none, and below a distributor
    that is not declared no condition on regions, product lines or the agreement holds. Courses
    count until they have to be done again. Whoever has not begun, or has left, may use nothing.

    Args:
        access: the document's values.
        principal: whoever asks; somebody without a partner organisation may use nothing by this.
        role: the partner role that is held.
        asset: what is to be used.
        day: the day.
        purpose: what for; empty: it is not said, and only rules without a purpose allow it.
    """
    organisation = access.partners.get(principal.partner)

    def refused(*lacking: str) -> Ruling:
        whose = organisation.key if organisation else ""
        return Ruling(principal.key, whose, asset.key, role, False, lacking=lacking)

    if organisation is None:
        return refused("a partner organisation")
    if gone(principal, day):
        return refused("to be there: has left")
    if principal.starts is not None and principal.starts > day:
        return refused(f"to be there: begins on {principal.starts}")
    closest: tuple[str, ...] | None = None
    best: Ruling | None = None
    for rule in access.rules_of(asset.key):
        if role not in rule.roles:
            continue
        missing = tuple(_missing(access, organisation, rule, day, purpose))
        if not missing:
            ruling = Ruling(
                principal.key,
                organisation.key,
                asset.key,
                role,
                True,
                rule.key,
                rule.purpose,
                protection_of(rule, access, day),
            )
            if best is None or _strength(ruling) > _strength(best):
                best = ruling
        elif closest is None or len(missing) < len(closest):
            closest = missing
    if best is not None:
        return best
    return refused(*(closest or (f"a rule that gives {role} this asset",)))


def _strength(ruling: Ruling) -> int:
    return ("evaluated", "attested", "enforced").index(ruling.protection)


def protection_of(rule: AssetRule, access: Access, day: date) -> Protection:
    """Return what protects by a rule on a day.

    An account enforces what lies in it and nothing else, and an old attestation protects nothing
    any more.
    """
    if rule.protection == "enforced":
        places = {access.assets[key].account for key in rule.assets if key in access.assets}
        return "enforced" if places == {rule.enforced_by} else "evaluated"
    if rule.protection != "attested" or rule.attested_on is None or not rule.attested_by:
        return "evaluated"
    personal = any(
        access.assets[key].data in ("personal", "sensitive")
        or any(
            access.accounts[access.assets[key].account].holds(data)
            for data in ("personal", "sensitive")
            if access.assets[key].account in access.accounts
        )
        for key in rule.assets
        if key in access.assets
    )
    days = ATTESTED_DAYS_PERSONAL if personal else ATTESTED_DAYS
    fresh = rule.attested_on <= day <= rule.attested_on + timedelta(days=days)
    return "attested" if fresh else "evaluated"


def _missing(
    access: Access, organisation: PartnerOrganisation, rule: AssetRule, day: date, purpose: str
) -> Iterator[str]:
    """Yield what a rule asks for and does not find, as nouns."""
    when: Conditions = rule.when
    above = chain_of(access, organisation)
    unknown = above[-1].parent if above[-1].parent not in access.partners else ""
    if rule.starts is not None and rule.starts > day:
        yield f"the day it begins ({rule.starts})"
    if over(rule.until, day):
        yield "a rule that has not ended"
    if rule.purpose and rule.purpose != purpose:
        yield f"the purpose {rule.purpose!r}"
    if when.kinds and organisation.kind not in when.kinds:
        yield f"to be {' or '.join(when.kinds)} (it is {organisation.kind})"
    if when.tiers and organisation.tier not in when.tiers:
        yield f"tier {' or '.join(when.tiers)} (it has {organisation.tier or 'none'})"
    for name, wanted in (("regions", when.regions), ("product_lines", when.product_lines)):
        if wanted:
            reach = set() if unknown else _reach(above, name)
            if not reach.intersection(wanted):
                words = name.replace("_", " ").removesuffix("s")
                yield f"{words} {' or '.join(wanted)} (it has {', '.join(sorted(reach)) or 'none'})"
    if when.agreement:
        if unknown:
            yield f"an agreement with {unknown}"
        for each in above:
            if each.agreement is None or each.agreement.signed > day:
                yield f"an agreement with {each.key}"
            elif over(each.agreement.until, day):
                yield f"an agreement with {each.key} that is in force"
    done = {each.course for each in organisation.training if _counts(each.done, each.until, day)}
    for course in when.training:
        if course not in done:
            yield f"the course {course}"


def _counts(done: date, until: object, day: date) -> bool:
    return done <= day and not over(until, day)  # type: ignore[arg-type]


def _reach(above: tuple[PartnerOrganisation, ...], name: str) -> set[str]:
    """Return the regions or product lines that an organisation and all above it name."""
    own, *others = (set(getattr(each, name)) for each in above)
    return own.intersection(*others)


def rulings(access: Access, day: date, purpose: str = "") -> Iterator[Ruling]:
    """Yield, for every grant of a partner role, what may be used and what may not.

    Assets are those that the grant is limited to, else all assets of its account.
    """
    for held in access.held(day):
        if not held.principal.partner:
            continue
        for asset in access.assets.values():
            if asset.account != held.grant.account:
                continue
            if held.grant.assets and asset.key not in held.grant.assets:
                continue
            yield may_use(access, held.principal, held.grant.role, asset, day, purpose)
