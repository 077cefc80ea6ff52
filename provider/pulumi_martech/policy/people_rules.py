"""Policies about who may hold access: administrators, externals among them, mailboxes, domains."""

from collections.abc import Iterator

from pydantic import Field

from pulumi_martech.model.identity import domain_of, within
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import PERSONAL_DOMAINS, View, administers, company_of, mfa_of

# -- administrators


class AdministratorCount(Parameters):
    """How many administrators an account should have."""

    least: int = Field(default=2, ge=0, description="Fewest administrators of an account.")
    most: int = Field(default=4, ge=1, description="Most administrators of an account.")


def _administrator_count(view: View, parameters: AdministratorCount) -> Iterator[Finding]:
    for account, held in view.by_account.items():
        who = {e.principal.key for e in held if administers(e)}
        if parameters.least <= len(who) <= parameters.most:
            continue
        bound = (
            f"fewer than {parameters.least}"
            if len(who) < parameters.least
            else f"more than {parameters.most}"
        )
        named = f" ({one_of_each(who)})" if who else ""
        yield Finding(
            about=(account,),
            text=f"{account} has {len(who)} administrators{named}, {bound}",
            way=("accounts", account),
        )


def _external_administrators(view: View, _: Nothing) -> Iterator[Finding]:
    for key, held in view.by_principal.items():
        if not held[0].principal.external:
            continue
        found = [e for e in held if administers(e)]
        if found:
            yield Finding(
                about=(
                    key,
                    *sorted({e.account.key for e in found}),
                    *company_of(found[0].principal),
                ),
                text=f"{key} is external and administers "
                f"{one_of_each(e.account.key for e in found)}",
                way=found[0].way,
            )


def _administrator_mfa(view: View, _: Nothing) -> Iterator[Finding]:
    for key, held in view.by_principal.items():
        found: dict[str, set[str]] = {}
        ways = []
        for e in held:
            if e.principal.kind != "service" and administers(e):
                known = mfa_of(e.principal, e.account)
                if known != "yes":
                    found.setdefault(known, set()).add(e.account.key)
                    ways.append(e.way)
        words = {"no": "has no second factor in", "unknown": "is not known to have one in"}
        if found:
            said = "; ".join(f"{words[k]} {one_of_each(v)}" for k, v in sorted(found.items()))
            yield Finding(
                about=(key, *sorted(set().union(*found.values()))),
                text=f"administrator {key} {said}",
                way=ways[0],
            )


class Dormancy(Parameters):
    """After how many days without a log-in an administrator is asked about."""

    days: int = Field(default=90, ge=1, description="Days since the last log-in that is known.")


def _dormant_administrators(view: View, parameters: Dormancy) -> Iterator[Finding]:
    for held in view.entitlements:
        last = view.last_use.get((held.account.key, held.principal.key))
        if last is None or held.principal.status == "leave" or not administers(held):
            continue
        days = (view.day - last).days
        if days > parameters.days:
            yield Finding(
                about=(held.principal.key, held.account.key),
                text=f"{held.principal.key} administers {held.account.key} and last logged in on "
                f"{last}, {days} days ago",
                way=held.way,
            )


# -- mailboxes and domains


class SharedNames(Parameters):
    """What a mailbox is called that several people read."""

    names: tuple[str, ...] = Field(
        default=(
            "admin", "contact", "hello", "hi", "info", "mail", "marketing", "newsletter",
            "office", "sales", "social", "support", "team", "webmaster",
        ),
        description="Names before the @ that several people read.",
    )  # fmt: skip


def _shared_mailboxes(view: View, parameters: SharedNames) -> Iterator[Finding]:
    names = set(parameters.names)
    for key, held in view.by_principal.items():
        principal = held[0].principal
        if principal.kind == "service":
            continue
        name = principal.email.partition("@")[0].lower()
        if principal.kind == "shared" or name in names:
            accounts = {e.account.key for e in held}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} is a log-in that several people use ({principal.email or 'shared'}) "
                f"and has access to {one_of_each(accounts)}",
                way=view.way_to(key) or held[0].way,
            )


class MailDomains(Parameters):
    """Mail domains at which anybody can have an address."""

    domains: tuple[str, ...] = Field(
        default=tuple(sorted(PERSONAL_DOMAINS)),
        description="Mail domains at which anybody can have an address.",
    )


def _personal_mail(view: View, parameters: MailDomains) -> Iterator[Finding]:
    domains = {domain.lower() for domain in parameters.domains}
    for key, held in view.by_principal.items():
        domain = domain_of(held[0].principal.email)
        if domain in domains:
            accounts = {e.account.key for e in held}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} has access to {one_of_each(accounts)} with a personal mailbox at "
                f"{domain}",
                way=view.way_to(key) or held[0].way,
            )


def _new_domains(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    known = set(access.company.domains)
    if not known:
        return
    for vendor in access.vendors.values():
        known.update(vendor.domains)
    for partner in access.partners.values():
        known.update(partner.domains)
    found: dict[str, set[str]] = {}
    for key, held in view.by_principal.items():
        domain = domain_of(held[0].principal.email)
        ours = any(within(domain, other) for other in known)
        if domain and not ours and domain not in PERSONAL_DOMAINS:
            found.setdefault(domain, set()).add(key)
    for domain, people in sorted(found.items()):
        yield Finding(
            about=(*sorted(people), domain),
            text=f"{domain} is the domain of {one_of_each(people)} and of no company that is "
            "declared: it comes in for the first time",
            way=view.way_to(min(people)),
        )


PEOPLE_RULES: tuple[Rule, ...] = (
    Rule(
        "administrators",
        "An account has enough administrators, and not too many",
        "one who is ill locks everybody out; many make a leak likely",
        "make somebody an administrator, or give a smaller role",
        "advisory",
        _administrator_count,
        AdministratorCount,
        on_resources=True,
    ),
    Rule(
        "external-administrators",
        "Nobody external administers an account",
        "who administers can let anybody in, also after the contract",
        "give a role without users and settings; do those changes yourselves",
        "mandatory",
        _external_administrators,
        on_resources=True,
    ),
    Rule(
        "administrator-mfa",
        "Administrators have a second factor, and that is proven",
        "an administrator's stolen password opens everything; unknown is no proof",
        "enforce it at the identity provider with single sign-on only, and record that under `mfa`",
        "mandatory",
        _administrator_mfa,
    ),
    Rule(
        "dormant-administrators",
        "Administrators use what they have",
        "rights that nobody uses are only a risk",
        "ask, then give a smaller role; leave of absence pauses this",
        "advisory",
        _dormant_administrators,
        Dormancy,
    ),
    Rule(
        "shared-mailboxes",
        "No log-in is a mailbox that several people read",
        "nobody can say who did it, and a reset link reaches all of them",
        "give each person a log-in",
        "mandatory",
        _shared_mailboxes,
        SharedNames,
        on_resources=True,
    ),
    Rule(
        "personal-mail",
        "Nobody logs in with a personal mailbox",
        "it does not end with the job or the contract",
        "use the address at the company",
        "mandatory",
        _personal_mail,
        MailDomains,
        on_resources=True,
    ),
    Rule(
        "new-domains",
        "Every mail domain belongs to a company that is declared",
        "the first address of a domain is how strangers come in",
        "declare whose it is, under company, vendors or partners",
        "advisory",
        _new_domains,
    ),
)
"""Policies about who may hold access."""
