"""Whether a document agrees with itself: names that name something, circles, ends, logins.

Pure functions over `Access`. Each yields findings by the way to the value; nobody is asked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from pulumi_martech.document.identities import everyone, identities
from pulumi_martech.document.problems import Finding, Way, quoted
from pulumi_martech.model.access import Access
from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.identity import LONGEST, check_name, near
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.platforms.registry import PLATFORMS

KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ACCOUNT_KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")
_FORMULA = re.compile(r"\s*(=|[+@-].*[(|!])")

HINTS = 50
"""Near matches that are looked for: among thousands of names each costs time."""

FEW = 15
"""Names that are told one by one where none of them is near."""

OURSELVES = "us"
"""What stands for the company where an owner of record or a payer is named."""


def check(access: Access, faulty: Mapping[str, Set[str]], broken: bool) -> list[Finding]:
    """Return everything in which a document does not agree with itself.

    Args:
        access: what could be read; a grant that could not is ``None``.
        faulty: section to keys that are there and could not be read.
        broken: whether a part could not be read at all, so that names may be missing.
    """
    found = list(_keys(access))
    found += _own_roles(access)
    found += _circles(access)
    found += _ranks(access)
    found += _ends(access)
    found += _texts(access)
    found += _grants(access)
    found += _accounts(access)
    found += identities(access)
    if not broken:
        found += References(access, faulty).all()
    return found


class References:
    """Names that must name something in the document, in the vocabulary, or on a platform."""

    def __init__(self, access: Access, faulty: Mapping[str, Set[str]]) -> None:
        self._access = access

        def known(section: str) -> Set[str]:
            entries: Mapping[str, Any] = getattr(access, section)
            return entries.keys() | faulty.get(section, set())

        self._people = access.principals.keys() | faulty.get("people", set())
        self._whole = not {"vendors", "partners"} & faulty.keys()  # their people may be named
        self._teams, self._accounts = known("teams"), known("accounts")
        self._assets = known("assets")
        self._vendors, self._partners = known("vendors"), known("partners")
        self._clients = known("clients")
        self._roles = known("roles") | PORTABLE_ROLES.keys()
        self._found: list[Finding] = []
        self._hints = HINTS

    def all(self) -> list[Finding]:
        """Return every name that names nothing."""
        self._of_people()
        self._of_accounts()
        self._of_companies()
        self._of_rules()
        self._of_grants()
        return self._found

    def _name(self, way: Way, name: str, known: Set[str], what: str, key: bool = False) -> None:
        """Note a name that is none of those known; no name at all is none."""
        if not name or name in known:
            return
        if what == "person" and not self._whole:
            return
        hint = ""
        if self._hints and len(name) <= LONGEST:
            self._hints -= 1
            hint = near(name, _similar(name, known))
        text = f"there is no {what} {quoted(name)}"
        if not hint and what != "person" and 0 < len(known) <= FEW:
            hint = f"there {'is' if len(known) == 1 else 'are'} {', '.join(sorted(known))}"
        words = f"{text}; {hint or 'add it, or take the name away'}"
        self._found.append(Finding(way, words, key))

    def _names(self, way: Way, names: Iterable[str], known: Set[str], what: str) -> None:
        for at, name in enumerate(names):
            self._name((*way, at), name, known, what)

    def _of_people(self) -> None:
        places: Set[str] = self._accounts | PLATFORMS.keys()
        places |= {account.platform for account in self._access.accounts.values()}
        for way, person in everyone(self._access):
            self._name((*way, "team"), person.team, self._teams, "team")
            self._name((*way, "manager"), person.manager, self._people, "person")
            self._name((*way, "owner"), person.owner, self._people, "person")
            if way[0] == "people":
                self._name((*way, "vendor"), person.vendor, self._vendors, "vendor")
                self._name((*way, "partner"), person.partner, self._partners, "partner")
            for name in ("logins", "attributes"):
                for at in getattr(person, name):
                    self._name((*way, name, at), at, places, "account or platform", key=True)
            for at, fact in enumerate(person.mfa):
                self._name((*way, "mfa", at, "account"), fact.account, self._accounts, "account")
                self._name((*way, "mfa", at, "by"), fact.by, self._people, "person")
        for key, team in self._access.teams.items():
            self._name(("teams", key, "lead"), team.lead, self._people, "person")
            self._name(("teams", key, "parent"), team.parent, self._teams, "team")
            for at, wanted in enumerate(team.should_have or ()):
                way = ("teams", key, "should_have", at)
                self._role_of(way, wanted.role, wanted.account, wanted.assets)

    def _role_of(self, way: Way, role: str, account: str, assets: Sequence[str]) -> None:
        self._name((*way, "role"), role, self._roles, "role")
        self._name((*way, "account"), account, self._accounts, "account")
        if not assets:
            return
        self._names((*way, "assets"), assets, self._assets, "asset")
        for at, name in enumerate(assets):
            asset = self._access.assets.get(name)
            if asset is not None and asset.account != account:
                text = f"asset {name!r} is in {asset.account}, not in {account}"
                self._found.append(Finding((*way, "assets", at), text))

    def _of_accounts(self) -> None:
        owners = {OURSELVES} | self._vendors | self._partners | self._clients | self._people
        for key, account in self._access.accounts.items():
            way = ("accounts", key)
            if account.credentials is not None:
                self._name((*way, "platform"), account.platform, PLATFORMS.keys(), "platform")
            self._name((*way, "owner"), account.owner, self._people, "person")
            self._name((*way, "team"), account.team, self._teams, "team")
            self._name((*way, "client"), account.client, self._clients, "client")
            what = f"company or person (ours is {OURSELVES!r})"
            self._name((*way, "owner_of_record"), account.owner_of_record, owners, what)
            self._name((*way, "payer"), account.payer, owners, what)
            for name in ("roles", "groups"):
                for role in getattr(account, name):
                    self._name((*way, name, role), role, self._roles, "role", key=True)
            for native, said in account.role_content.items():
                self._name((*way, "role_content", native, "by"), said.by, self._people, "person")
        for key, asset in self._access.assets.items():
            self._name(("assets", key, "account"), asset.account, self._accounts, "account")
            self._name(("assets", key, "owner"), asset.owner, self._people, "person")
            self._name(("assets", key, "team"), asset.team, self._teams, "team")

    def _of_companies(self) -> None:
        for key, vendor in self._access.vendors.items():
            self._name(("vendors", key, "owner"), vendor.owner, self._people, "person")
        rivals = self._partners | self._clients
        for key, partner in self._access.partners.items():
            self._name(("partners", key, "parent"), partner.parent, self._partners, "partner")
            self._name(("partners", key, "owner"), partner.owner, self._people, "person")
            way = ("partners", key, "competitors")
            self._names(way, partner.competitors, rivals, "partner or client")
        for key, client in self._access.clients.items():
            way = ("clients", key, "competitors")
            self._names(way, client.competitors, rivals, "partner or client")

    def _of_rules(self) -> None:
        for key, role in self._access.roles.items():
            self._names(("roles", key, "inherits"), role.inherits, self._roles, "role")
            for name in ("add", "remove"):
                names = getattr(role, name)
                self._names(("roles", key, name), names, CAPABILITIES.keys(), "capability")
        for key, rule in self._access.rules.items():
            way = ("rules", key)
            self._names((*way, "roles"), rule.roles, self._roles, "role")
            self._names((*way, "assets"), rule.assets, self._assets, "asset")
            self._name((*way, "enforced_by"), rule.enforced_by, self._accounts, "account")
            self._name((*way, "attested_by"), rule.attested_by, self._people, "person")
        things = (
            self._people | self._accounts | self._vendors | self._partners
            | self._assets | self._teams | self._clients
        )  # fmt: skip
        for key, waiver in self._access.waivers.items():
            self._name(("waivers", key, "owner"), waiver.owner, self._people, "person")
            what = "person, account, company, asset or team"
            self._names(("waivers", key, "about"), waiver.about, things, what)

    def _of_grants(self) -> None:
        people, accounts, roles, teams = self._people, self._accounts, self._roles, self._teams
        for at, grant in enumerate(self._access.grants):
            if grant is None:
                continue
            if grant.who and grant.who not in people:
                self._name(("grants", at, "who"), grant.who, people, "person")
            if grant.team and grant.team not in teams:
                self._name(("grants", at, "team"), grant.team, teams, "team")
            if grant.assets or grant.role not in roles or grant.account not in accounts:
                self._role_of(("grants", at), grant.role, grant.account, grant.assets)
            for name, said in (("asked_by", grant.asked_by), ("approved_by", grant.approved_by)):
                if said and said not in people:
                    self._name(("grants", at, name), said, people, "person")


def _similar(name: str, known: Set[str]) -> Iterable[str]:
    """Return what is worth comparing: of very many names those that begin or end alike."""
    if len(known) <= 500:
        return known
    begin, end = name[:2].casefold(), name[-3:].casefold()
    alike = [n for n in known if n.casefold().startswith(begin) or n.casefold().endswith(end)]
    return sorted(alike, key=lambda other: abs(len(other) - len(name)))[:500]


def _keys(access: Access) -> Iterator[Finding]:
    help_ = "lower-case letters, digits, '.', '_' and '-', at most 64, a letter or digit first"
    for section in ("people", "teams", "assets", "roles", "vendors", "partners", "clients", "rules",
                    "policies", "waivers"):  # fmt: skip
        for key in getattr(access, section):
            if not KEY.fullmatch(key):
                yield Finding((section, key), f"{quoted(key)} is no key: use {help_}", key=True)
    for key in access.accounts:
        if not ACCOUNT_KEY.fullmatch(key):
            text = "use lower-case letters, digits and '-', at most 40, a letter first"
            yield Finding(("accounts", key), f"{quoted(key)} is no key: {text}", key=True)
    seen: dict[str, Way] = {}
    for way, person in everyone(access):
        if way[0] != "people" and not KEY.fullmatch(person.key):
            yield Finding(way, f"{quoted(person.key)} is no key: use {help_}", key=True)
        if (first := seen.setdefault(person.key, way)) != way:
            where = f"in {first[0]}" + (f" under {first[1]}" if len(first) > 2 else "")
            yield Finding(way, f"{person.key} is declared twice, {where} and here", key=True)


def _own_roles(access: Access) -> Iterator[Finding]:
    """Find roles of our own under the name of a portable one: it would mean two things."""
    for key in access.roles:
        if key in PORTABLE_ROLES:
            text = f"{key} is a portable role already and means the same everywhere: rename yours"
            yield Finding(("roles", key), text, key=True)


def _circles(access: Access) -> Iterator[Finding]:
    """Find circles: each is told once, with the whole way round."""
    custom = access.roles
    lines: Sequence[tuple[str, str, Callable[[Any], Sequence[str]], Mapping[str, Any]]] = (
        ("people", "manager", lambda person: [person.manager], access.people),
        ("teams", "parent", lambda team: [team.parent], access.teams),
        ("partners", "parent", lambda partner: [partner.parent], access.partners),
        ("roles", "inherits", lambda role: role.inherits, custom),
    )
    for section, field, above, entries in lines:
        done: set[str] = set()
        for start in entries:
            yield from _circle(section, field, above, entries, start, done)


def _circle(
    section: str,
    field: str,
    above: Callable[[Any], Sequence[str]],
    entries: Mapping[str, Any],
    start: str,
    done: set[str],
) -> Iterator[Finding]:
    """Go up from one entry, depth first and without recursion: chains may be long."""
    if start in done:
        return
    way, ups = [start], [iter(above(entries[start]))]
    on_way = {start}
    while way:
        up = next(ups[-1], None)
        if up is None:
            on_way.discard(way[-1])
            done.add(way.pop())
            ups.pop()
        elif up in on_way:
            ring = way[way.index(up) :]
            least = ring.index(min(ring))
            shown = " -> ".join([*ring[least:], *ring[:least], ring[least]])
            yield Finding((section, ring[-1], field), f"goes round in a circle: {shown}")
        elif up in entries and up not in done:
            way.append(up)
            on_way.add(up)
            ups.append(iter(above(entries[up])))


_RANKS = {"affiliate": 0, "reseller": 1, "distributor": 2}


def _ranks(access: Access) -> Iterator[Finding]:
    """Find partners below one that is no more than they are; distributors may be below another."""
    for key, partner in access.partners.items():
        above = access.partners.get(partner.parent)
        if above is None or above.kind == "distributor":
            continue
        if _RANKS[above.kind] <= _RANKS[partner.kind]:
            text = f"{above.kind} {above.key} cannot be above {partner.kind} {key}"
            yield Finding(("partners", key, "parent"), text)


def _ends(access: Access) -> Iterator[Finding]:
    def both(way: Way, starts: Any, until: Any, begin: str) -> Iterator[Finding]:
        if starts and until and last_day(until) < starts:
            text = f"ends on {last_day(until)}, before it {begin} on {starts}"
            yield Finding((*way, "until"), text)

    for way, person in everyone(access):
        if person.until:
            yield from both(way, person.starts, person.until, "starts")
    for at, grant in enumerate(access.grants):
        if grant is not None and grant.starts and grant.until:
            yield from both(("grants", at), grant.starts, grant.until, "starts")
    for key, rule in access.rules.items():
        yield from both(("rules", key), rule.starts, rule.until, "starts")
    for key, partner in access.partners.items():
        if partner.agreement:
            signed, until = partner.agreement.signed, partner.agreement.until
            yield from both(("partners", key, "agreement"), signed, until, "was signed")
        for at, course in enumerate(partner.training):
            yield from both(
                ("partners", key, "training", at), course.done, course.until, "was done"
            )


def _texts(access: Access) -> Iterator[Finding]:
    """Find names that cannot be, and texts that a spreadsheet would take for a formula."""
    for way, person in everyone(access):
        name = person.name
        plain = name.isascii() and name.isprintable() and name == name.strip()
        if name and not (plain and len(name) <= LONGEST):
            for problem in check_name(name):
                yield Finding((*way, "name"), problem)
        yield from _formula((*way, "name"), name)
        yield from _formula((*way, "job"), person.job)
    for at, grant in enumerate(access.grants):
        if grant is not None:
            if grant.why[:1] in _SIGNS:
                yield from _formula(("grants", at, "why"), grant.why)
            if grant.ticket[:1] in _SIGNS:
                yield from _formula(("grants", at, "ticket"), grant.ticket)
    for section in ("teams", "vendors", "partners", "clients"):
        for key, entry in getattr(access, section).items():
            yield from _formula((section, key, "name"), entry.name)
            yield from _formula((section, key, "why"), getattr(entry, "why", ""))


_SIGNS = frozenset("=+-@ \t")


def _formula(way: Way, text: str) -> Iterator[Finding]:
    if text and text[0] in _SIGNS and _FORMULA.match(text):
        said = "begins like a formula, which a spreadsheet would run: begin with a letter"
        yield Finding(way, said)


def _grants(access: Access) -> Iterator[Finding]:
    seen: dict[tuple[Any, ...], int] = {}
    leavers = {key for key, person in access.principals.items() if person.status == "leaver"}
    for at, grant in enumerate(access.grants):
        if grant is None:
            continue
        if bool(grant.who) == bool(grant.team):
            text = "names neither `who` nor `team`" if not grant.who else "names `who` and `team`"
            yield Finding(("grants", at), f"{text}: say one of them", key=True)
        same = (grant.who, grant.team, grant.role, grant.account, grant.assets)
        if seen.setdefault(same, at) != at:
            text = f"{grant.key[:200]} is granted twice: take one away, or change its assets"
            yield Finding(("grants", at), text, key=True)
        if grant.who in leavers:
            text = f"{grant.who} is a leaver, so this gives nothing: take it away"
            yield Finding(("grants", at, "who"), text, severity="warning")


def _accounts(access: Access) -> Iterator[Finding]:
    for key, account in access.accounts.items():
        way = ("accounts", key)
        if bool(account.url) != (account.credentials is not None):
            has, lacks = ("url", "credentials") if account.url else ("credentials", "url")
            text = f"has a `{has}` and no `{lacks}`: say both, or neither if nothing is carried out"
            yield Finding(way, text, key=True)
        role_map = PLATFORMS[account.platform].role_map if account.platform in PLATFORMS else None
        for native, said in account.role_content.items() if role_map else ():
            for problem in role_map.problems(native, said) if role_map else ():
                where = (*way, "role_content", native)
                yield Finding(where, f"the content of role {native!r} {problem}", key=True)
        for pattern, why in account.roster.ignore.items() if account.roster else ():
            if not why.strip():
                text = f"ignoring {pattern!r} needs a reason"
                yield Finding((*way, "roster", "ignore", pattern), text)
