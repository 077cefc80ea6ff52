"""Whether logins, addresses and mail domains can be meant, and who they belong to."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_martech.document.problems import Finding, Way
from pulumi_martech.model.access import Access
from pulumi_martech.model.identity import (
    check_domain,
    check_email,
    check_login,
    domain_of,
    holder_of,
    look_alikes,
    normal_domain,
    parents,
)
from pulumi_martech.model.people import Principal

_PLAIN = re.compile(r"[a-z0-9_%+-]+(\.[a-z0-9_%+-]+)*@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
"""An address that is in order without a closer look; every other one gets one."""


def everyone(access: Access) -> Iterator[tuple[Way, Principal]]:
    """Yield everybody with the way to where they are written."""
    for key, person in access.people.items():
        yield ("people", key), person
    companies: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("vendors", access.vendors),
        ("partners", access.partners),
    )
    for section, listed in companies:
        for key, company in listed.items():
            for name, person in company.people.items():
                yield (section, key, "people", name), person


def identities(access: Access) -> Iterator[Finding]:
    """Yield what is wrong with addresses, logins and domains."""
    yield from _shared(access)
    domains: dict[str, Way] = {}
    for domain, way in _companies(access):
        domains.setdefault(domain, way)
    yield from _overlaps(access, domains)
    yield from _strangers(access)
    for way, person in everyone(access):
        email = person.email
        if email and not (_PLAIN.fullmatch(email) and len(email) <= 100):
            for problem in check_email(email):
                yield Finding((*way, "email"), problem)
        for index, alias in enumerate(person.aliases):
            if not (_PLAIN.fullmatch(alias) and len(alias) <= 100):
                for problem in check_email(alias) if "@" in alias else check_login(alias, "any"):
                    yield Finding((*way, "aliases", index), problem)
        domain = domain_of(email)
        if domain:
            domains.setdefault(domain, (*way, "email"))
    for first, *others in look_alikes(domains):
        for other in others:
            text = f"the mail domain {other} looks like {first}: correct it, or ask whose it is"
            yield Finding(domains[other], text)


def _shared(access: Access) -> Iterator[Finding]:
    """Find logins that two have: an address anywhere, any other in the same account or platform."""
    taken: dict[tuple[str, str], str] = {}
    for way, person in everyone(access):
        own: dict[tuple[str, str], Way] = {}
        if person.email:
            own["", person.email.casefold()] = (*way, "email")
        for at, login in person.logins.items():
            place = "" if "@" in login else at
            own.setdefault((place, login.casefold()), (*way, "logins", at))
        for index, alias in enumerate(person.aliases):
            own.setdefault(("", alias.casefold()), (*way, "aliases", index))
        for known, where in own.items():
            other = taken.setdefault(known, person.key)
            if other != person.key:
                at = f" on {known[0]}" if known[0] else ""
                text = (
                    f"{known[1]} is {other}'s login{at} and {person.key}'s: if several use it, "
                    "declare it once, with `kind: shared`"
                )
                yield Finding(where, text)


def _companies(access: Access) -> Iterator[tuple[str, Way]]:
    """Yield the mail domains that are declared, ours first."""
    for index, domain in enumerate(access.company.domains):
        yield normal_domain(domain), ("company", "domains", index)
    listed: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("vendors", access.vendors),
        ("partners", access.partners),
    )
    for section, companies in listed:
        for key, company in companies.items():
            for index, domain in enumerate(company.domains):
                yield normal_domain(domain), (section, key, "domains", index)


def _overlaps(access: Access, first: Mapping[str, Way]) -> Iterator[Finding]:
    """Find domains that cannot be, are ours, or belong to two."""
    ours = {normal_domain(domain) for domain in access.company.domains}
    below: dict[str, list[str]] = {}
    for own_one in sorted(ours):
        for above in parents(own_one):
            below.setdefault(above, []).append(own_one)
    for domain, way in _companies(access):
        for problem in check_domain(domain):
            yield Finding(way, problem)
        if way[0] == "company":
            continue
        own = next((o for o in (*parents(domain), *below.get(domain, ())) if o in ours), None)
        if own is not None:
            text = (
                f"{domain} is {'ours' if own == domain else f'part of ours, with {own}'}: "
                f"everybody there would be taken for {way[1]}'s"
            )
            yield Finding(way, text)
        elif first[domain][:2] != way[:2]:
            yield Finding(way, f"{domain} is {first[domain][1]}'s already")


def _strangers(access: Access) -> Iterator[Finding]:
    """Find people of vendors and partners that are listed among our own."""
    owners: dict[str, tuple[str, str]] = {}
    for section, companies in (("vendors", access.vendors), ("partners", access.partners)):
        for company in companies.values():
            for domain in company.domains:
                owners.setdefault(normal_domain(domain), (section, company.key))
    for domain in access.company.domains:
        owners.pop(normal_domain(domain), None)
    if not owners:
        return
    for key, person in access.people.items():
        domain = domain_of(person.email)
        if not domain or person.vendor or person.partner:
            continue
        owner = holder_of(domain, owners)
        if owner is not None:
            section, company_key = owner
            text = f"{domain} is {company_key}'s: list {key} under {section}, {company_key}, people"
            yield Finding(("people", key, "email"), text)
