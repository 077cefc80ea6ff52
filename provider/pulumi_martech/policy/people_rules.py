"""Policies about who may hold access: administrators, externals among them, mailboxes, domains."""

import re
from collections.abc import Iterator

from pydantic import Field

from pulumi_martech.model.identity import domain_of, holder_of, normal_domain, parents, plain
from pulumi_martech.policy.holders import (
    PERSONAL_DOMAINS,
    addresses,
    company_of,
    mfa_of,
    passes_by_password,
    personal,
)
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import View, administers

# -- administrators


class AdministratorCount(Parameters):
    """How many administrators an account should have."""

    least: int = Field(default=2, ge=0, description="Fewest administrators of an account.")
    most: int = Field(default=4, ge=1, description="Most administrators of an account.")


def _administrator_count(view: View, parameters: AdministratorCount) -> Iterator[Finding]:
    access = view.access
    managed = view.by_account.keys() | {grant.account for grant in access.grants}
    for key, account in access.accounts.items():
        if key not in managed and account.roster is None:
            continue  # nothing is said of who is in it
        found = {
            e.principal.key: e.principal for e in view.by_account.get(key, ()) if administers(e)
        }
        able = {
            name
            for name, each in found.items()
            if each.kind == "employee" and not each.external and each.status == "active"
        }
        if parameters.least <= len(able) and len(found) <= parameters.most:
            continue
        others = found.keys() - able
        names = [one_of_each(able)] if able else []
        names += [f"besides {one_of_each(others)}"] if others else []
        who = f" ({', '.join(names)})" if names else ""
        if len(found) > parameters.most:
            text = f"{key} has {len(found)} administrators{who}, more than {parameters.most}"
        else:
            whose = " of our own at work" if others else ""
            few = f"fewer than {parameters.least}"
            text = f"{key} has {len(able)} administrators{whose}{who}, {few}"
        yield Finding(about=(key,), text=text, way=("accounts", key))


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
            if administers(e) and passes_by_password(e.principal, e.account):
                known = mfa_of(e.principal, e.account, view.day)
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
            "abuse", "accounting", "accounts", "admin", "administrator", "ads", "billing",
            "bonjour", "communications", "contact", "contacto", "contatto", "crm",
            "customerservice", "digital", "enquiries", "equipe", "events", "finance", "hallo",
            "hello", "help", "helpdesk", "hi", "info", "inquiries", "invoices", "it", "jobs",
            "kontakt", "mail", "marketing", "media", "newsletter", "noreply", "office",
            "postmaster", "press", "presse", "redaktion", "root", "sales", "seo", "service",
            "shop", "social", "support", "team", "tech", "ventas", "ventes", "vertrieb", "web",
            "webmaster",
        ),
        description="Names before the @ that several people read, and parts of such names.",
    )  # fmt: skip


def _shared_mailboxes(view: View, parameters: SharedNames) -> Iterator[Finding]:
    names = {plain(name) for name in parameters.names}
    for key, held in view.by_principal.items():
        principal = held[0].principal
        found: dict[str, set[str]] = {}
        for address, accounts in addresses(principal, [e.account for e in held]).items():
            # A service is told about by mail; who can pass by it is who reads its log-in's mail.
            if principal.kind == "service" and address not in principal.logins.values():
                continue
            if _several_read(address, names):
                found[address] = accounts
        if principal.kind == "shared":
            found = {principal.email or "shared": {e.account.key for e in held}}
        for address, accounts in found.items():
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} is a log-in that several people use ({address}) and has access to "
                f"{one_of_each(accounts)}",
                way=view.way_to(key) or held[0].way,
            )


def _several_read(address: str, names: set[str]) -> bool:
    """Tell whether a mailbox is called like one of several: ``Marketing.Team+crm@`` is."""
    local = address.rpartition("@")[0].partition("+")[0]
    return all(plain(word) in names for word in re.split(r"[._-]+", local) if word) or (
        plain(local) in names
    )


class MailDomains(Parameters):
    """Mail domains at which anybody can have an address."""

    domains: tuple[str, ...] = Field(
        default=tuple(sorted(PERSONAL_DOMAINS)),
        description="Mail domains at which anybody can have an address.",
    )


def _personal_mail(view: View, parameters: MailDomains) -> Iterator[Finding]:
    domains = {normal_domain(domain) for domain in parameters.domains}
    ours = {normal_domain(domain) for domain in view.access.company.domains}
    for key, held in view.by_principal.items():
        found: dict[str, set[str]] = {}
        for address, accounts in addresses(held[0].principal, [e.account for e in held]).items():
            domain = domain_of(address)
            parts = set(parents(domain))
            if parts & domains and not parts & ours:
                found.setdefault(domain, set()).update(accounts)
        for domain, accounts in found.items():
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} has access to {one_of_each(accounts)} with a personal mailbox at "
                f"{domain}",
                way=view.way_to(key) or held[0].way,
            )


def _new_domains(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    whose: dict[str, str] = {}
    for listed in (access.vendors, access.partners):
        for company in listed.values():
            whose.update({normal_domain(domain): company.key for domain in company.domains})
    ours = {normal_domain(domain): "" for domain in access.company.domains}
    if not ours:
        return
    whose.update(ours)
    strange: dict[str, set[str]] = {}
    for key, held in view.by_principal.items():
        principal = held[0].principal
        for address in addresses(principal, [e.account for e in held]):
            domain = domain_of(address)
            owner = holder_of(domain, whose)
            if owner is None and not personal(domain):
                strange.setdefault(domain, set()).add(key)
            elif owner and owner not in company_of(principal):
                declared = one_of_each(company_of(principal))
                yield Finding(
                    about=(key, owner),
                    text=f"{key} has an address at {domain}, which is {owner}'s, and is declared "
                    + (f"under {declared}" if declared else "as one of our own"),
                    way=view.way_to(key) or held[0].way,
                    severity=None if principal.external else "mandatory",
                )
    for domain, people in sorted(strange.items()):
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
        "give a role that does not manage users; do that yourselves",
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
        "Every mail domain belongs to a company that is declared, and its people are under that",
        "the first address of a domain is how strangers come in",
        "declare whose it is, under company, vendors or partners, and its people there",
        "advisory",
        _new_domains,
        also="mandatory",
    ),
)
"""Policies about who may hold access."""
