"""Whoever holds access: what kind of log-in, what second factor, and who answers for them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache

from pulumi_martech.model.access import Access
from pulumi_martech.model.identity import domain_of, parents
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.model.moment import over
from pulumi_martech.model.people import MfaFact, Principal, gone
from pulumi_martech.model.risk import Holder, Known

ATTESTED_DAYS = 180
"""Days for which it counts that somebody saw a second factor."""

_ANYBODYS = """
126.com 163.com aim.com aol.com arcor.de att.net bk.ru bol.com.br btinternet.com comcast.net
cox.net daum.net docomo.ne.jp duck.com email.com fastmail.com fastmail.fm free.fr freenet.de
gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net gmx.us googlemail.com hanmail.net hey.com
hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com
inbox.ru interia.pl laposte.net libero.it list.ru live.ca live.co.uk live.com live.de live.fr
live.nl mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com neuf.fr o2.pl onet.pl
orange.fr outlook.com outlook.de outlook.es outlook.fr outlook.it passport.com pm.me posteo.de
privaterelay.appleid.com proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com
rocketmail.com sbcglobal.net seznam.cz sfr.fr sina.com sky.com t-online.de terra.com.br tiscali.it
tuta.com tuta.io tutamail.com tutanota.com tutanota.de ukr.net uol.com.br verizon.net virgilio.it
virgin.net wanadoo.fr web.de wp.pl ya.ru yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com
yahoo.com.au yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru
ymail.com zoho.com
"""

PERSONAL_DOMAINS = frozenset(_ANYBODYS.split())
"""Mail domains that anybody can have an address at."""


@lru_cache(maxsize=4096)
def personal(domain: str) -> bool:
    """Tell whether anybody can have an address at a mail domain, or at the one it is a part of."""
    return any(part in PERSONAL_DOMAINS for part in parents(domain))


def login_of(principal: Principal, account: Account) -> str:
    """Return what somebody logs in to an account with, empty where nobody says."""
    return principal.login(account.key, account.platform)


def address_of(principal: Principal, account: Account) -> str:
    """Return the address behind a log-in: itself, where it is one, else the usual address."""
    login = login_of(principal, account)
    return login if "@" in login else principal.email


def addresses(principal: Principal, accounts: Sequence[Account]) -> Mapping[str, set[str]]:
    """Return the addresses by which somebody is in accounts, each with the keys of those.

    A reset link goes to the usual address also where the log-in is none, and to a log-in that is
    one also where the usual address is another.
    """
    found: dict[str, set[str]] = {}
    if principal.email:
        found[principal.email] = {account.key for account in accounts}
    if principal.logins:
        for account in accounts:
            login = login_of(principal, account)
            if "@" in login:
                found.setdefault(login, set()).add(account.key)
    return found


def is_service(principal: Principal, account: Account) -> bool:
    """Tell whether a log-in is a key's or a service's, whatever it is said to be."""
    return principal.kind == "service" or login_of(principal, account).startswith(KEY_LOGIN)


def passes_by_password(principal: Principal, account: Account) -> bool:
    """Tell whether there is a log-in that somebody could know the password of: not so of keys."""
    return not is_service(principal, account) or "@" in login_of(principal, account)


def company_of(principal: Principal) -> tuple[str, ...]:
    """Return the key of the vendor or partner organisation somebody is of; none for our own."""
    return tuple(filter(None, (principal.vendor, principal.partner)))


def left(access: Access, principal: Principal, day: date) -> bool:
    """Tell whether somebody is gone, by their own end or with their company's contract."""
    vendor = access.vendors.get(principal.vendor)
    return gone(principal, day) or (vendor is not None and over(vendor.until, day))


def answers(access: Access, key: str, day: date) -> bool:
    """Tell whether somebody can answer for things: one of our own people, and still there.

    Who is named and not declared is taken for one: resources name owners of vendors only.
    """
    who = access.principals.get(key)
    if who is None:
        return bool(key)
    return who.kind == "employee" and not who.external and not gone(who, day)


def owner_of(access: Access, principal: Principal, day: date) -> str:
    """Return who inside answers for somebody: their own owner, or that of their company."""
    company = access.vendors.get(principal.vendor) or access.partners.get(principal.partner)
    for owner in (principal.owner, company.owner if company is not None else ""):
        if answers(access, owner, day):
            return owner
    return ""


def holder_of(principal: Principal, address: str, bound: bool) -> Holder:
    """Return what kind of holder somebody is, as risk counts it.

    Args:
        principal: the holder.
        address: what they log in with, or the address behind it.
        bound: whether there are an owner and an end.
    """
    if principal.kind == "service":
        return "service" if bound else "service without owner"
    if principal.kind == "shared":
        return "shared login"
    if personal(domain_of(address)):
        return "personal mailbox"
    return "external" if principal.external else "employee"


def counts(fact: MfaFact, whose: str, day: date) -> bool:
    """Tell whether what is said of a second factor counts on a day.

    What somebody attests counts for half a year, and not of oneself.
    """
    if fact.known == "attested" and fact.by in ("", whose):
        return False
    old = fact.known == "attested" and day - fact.on > timedelta(days=ATTESTED_DAYS)
    return fact.on <= day and not old


def mfa_of(principal: Principal, account: Account, day: date) -> Known:
    """Return whether somebody needs a second factor in an account, as far as that is proven.

    What is known of the identity provider counts where people log in by it only; there a platform's
    own *no* says nothing. Elsewhere only what is said of this account counts. Of facts that differ
    the newest holds, of one day the worse.
    """
    if not principal.mfa and account.login.mfa is None:
        return "unknown"
    facts = [
        fact
        for fact in principal.mfa
        if fact.account in ("", account.key) and counts(fact, principal.key, day)
    ]
    if account.login.mfa is not None and counts(account.login.mfa, principal.key, day):
        facts.append(account.login.mfa.model_copy(update={"account": account.key}))
    by_provider = account.login.sso == "enforced"
    known = [fact for fact in facts if fact.state != "unknown" and _says(fact, by_provider)]
    if not known:
        return "unknown"
    return max(known, key=lambda fact: (fact.on, fact.state == "no")).state


def _says(fact: MfaFact, by_provider: bool) -> bool:
    """Tell whether a fact says something of a log-in, by the identity provider only or not."""
    if fact.known == "identity provider":
        return by_provider
    if by_provider:
        return fact.state == "yes" or (fact.known == "attested" and not fact.account)
    return bool(fact.account)
