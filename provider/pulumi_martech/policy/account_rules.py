"""Policies about accounts and assets: owners, data, log-in, personal fields, what is not proven."""

from collections.abc import Iterator

from pydantic import Field

from pulumi_martech.model.identity import domain_of, holder_of, normal_domain, plain
from pulumi_martech.policy.holders import counts, left, personal
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import View

_STATED = {
    "owner": "who answers for it (`owner`)",
    "owner_of_record": "who owns it in the platform's books (`owner_of_record`)",
    "payer": "who pays (`payer`)",
    "recovery": "the address that takes it back (`recovery`)",
}


def _account_facts(view: View, _: Nothing) -> Iterator[Finding]:
    for key, account in view.access.accounts.items():
        lacking = [words for name, words in _STATED.items() if not getattr(account, name)]
        owner = view.access.principals.get(account.owner)
        if owner is not None and (owner.external or owner.kind != "employee"):
            lacking.append(f"who of our own people answers for it, as {account.owner} is none")
        if account.data is None:
            lacking.append("what data it holds (`data`)")
        else:
            for held in account.data:
                if held.data in ("personal", "sensitive"):
                    if not held.source:
                        lacking.append(f"where its {held.data} data comes from")
                    if held.retention_days is None:
                        lacking.append(f"how long it keeps {held.data} data")
        if lacking:
            yield Finding(
                about=(key,),
                text=f"{key} does not say {', '.join(dict.fromkeys(lacking))}",
                way=("accounts", key),
            )


def _vendor_owned(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    whose = {
        normal_domain(domain): key
        for key, each in access.vendors.items()
        for domain in each.domains
    }
    addresses = {
        address.strip().lower(): person.vendor
        for person in access.principals.values()
        if person.vendor
        for address in (person.email, *person.logins.values(), *person.aliases)
        if "@" in address
    }
    for key, account in access.accounts.items():
        for name, words in (("owner_of_record", "owns"), ("payer", "pays for")):
            named = getattr(account, name)
            person = access.principals.get(named)
            vendor = named if named in access.vendors else person.vendor if person else ""
            if vendor:
                of = f"{named} of vendor {vendor}" if person else f"vendor {vendor}"
                yield Finding(
                    about=(key, vendor),
                    text=f"{of} {words} {key} in the platform's books",
                    way=("accounts", key, name),
                )
        domain = domain_of(account.recovery)
        vendor = addresses.get(account.recovery.strip().lower()) or holder_of(domain, whose)
        if vendor or personal(domain):
            at = f"vendor {vendor}" if vendor else f"a personal mailbox ({domain})"
            yield Finding(
                about=(key, *filter(None, [vendor])),
                text=f"{key} can be taken back from {at} only: that is its recovery address",
                way=("accounts", key, "recovery"),
            )


def _log_in(view: View, _: Nothing) -> Iterator[Finding]:
    beyond = {a.account for a in view.access.assets.values() if a.data in ("personal", "sensitive")}
    for key, account in view.access.accounts.items():
        if not (account.holds("personal") or account.holds("sensitive") or key in beyond):
            continue
        sso = account.login.sso
        if sso == "enforced":
            continue
        words = {
            "optional": "people can pass by single sign-on",
            "none": "it has no single sign-on",
            "unknown": "it is not known how people log in",
        }[sso]
        demanded = account.login.mfa
        if demanded is not None and not counts(demanded, "", view.day):
            demanded = None
        if demanded is not None and demanded.state == "yes":
            continue
        second = (
            "demands no second factor"
            if demanded is not None and demanded.state == "no"
            else "is not known to demand a second factor"
        )
        yield Finding(
            about=(key,),
            text=f"{key} holds personal data, {words}, and it {second}",
            way=("accounts", key),
        )


class PersonalFields(Parameters):
    """Fields that no message may hold, in any account."""

    never: tuple[str, ...] = Field(
        default=(), description="Personal fields that no message of any account may hold."
    )


def _never_fields(view: View, parameters: PersonalFields) -> Iterator[Finding]:
    for key, account in view.access.accounts.items():
        never = {plain(name) for name in (*parameters.never, *account.never_fields)}
        found = [name for name in account.personal_fields or () if plain(name) in never]
        if found:
            yield Finding(
                about=(key,),
                text=f"{key} allows in messages what must never be in one: {one_of_each(found)}",
                way=("accounts", key, "personal_fields"),
                severity="mandatory",
            )
        if account.personal_fields is not None:
            continue
        who = {
            e.principal.key for e in view.by_account.get(key, ()) if "contacts:personalise" in e.can
        }
        if who:
            yield Finding(
                about=(key,),
                text=f"{one_of_each(who)} can put personal data into messages of {key}, and it "
                "does not say which fields are allowed (`personal_fields`)",
                way=("accounts", key),
                severity="advisory",
            )


def _orphan_assets(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    for key, asset in access.assets.items():
        owner = access.principals.get(asset.owner)
        if not asset.owner and not asset.team:
            text = f"asset {key} has neither an owner nor a team"
        elif owner is not None and left(access, owner, view.day):
            text = f"asset {key} belongs to {asset.owner}, who has left"
        elif not asset.owner or not asset.team:
            text = f"asset {key} has no {'owner' if not asset.owner else 'team'}"
        else:
            continue
        yield Finding(about=(key, asset.account), text=text, way=("assets", key))


def _content_unproven(view: View, _: Nothing) -> Iterator[Finding]:
    roles: dict[tuple[str, str], set[str]] = {}
    rights: dict[tuple[str, str], set[str]] = {}
    for held in view.entitlements:
        account, who = held.account.key, held.principal.key
        for native in held.role.unproven:
            roles.setdefault((account, native), set()).add(who)
        for right in held.role.unmapped:
            rights.setdefault((account, right), set()).add(who)
    for listed, words, counted in (
        (roles, "what {} allows in {}", "up to severe"),
        (rights, "what the right {} is for in {}", "administering"),
    ):
        for (account, name), holders in sorted(listed.items()):
            yield Finding(
                about=(account, *sorted(holders)) if len(holders) <= 8 else (account,),
                text=f"content unproven: nobody can say {words.format(name, account)}; the "
                f"{len(holders)} who hold it count as {counted}",
                way=("accounts", account),
            )


def _role_gains(view: View, _: Nothing) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for held in view.entitlements:
        key = (held.account.key, held.grant.role)
        if not held.role.extra or key in told:
            continue
        told.add(key)
        yield Finding(
            about=key,
            text=f"{held.grant.role} in {held.account.key} ({one_of_each(held.role.natives)}) also "
            f"gives {one_of_each(held.role.extra)}",
            way=("accounts", held.account.key),
        )


ACCOUNT_RULES: tuple[Rule, ...] = (
    Rule(
        "account-facts",
        "An account says who owns and pays for it, how it is taken back, and what data it holds",
        "on the day of a dispute or a leak nobody has time to find out",
        "write it under the account; `data: []` says that there is none",
        "advisory",
        _account_facts,
    ),
    Rule(
        "vendor-owned",
        "No vendor owns, pays for or can take back an account of ours",
        "when the contract ends the account, its data and its history go with the vendor",
        "have it transferred, and put a mailbox of the company as recovery address",
        "mandatory",
        _vendor_owned,
    ),
    Rule(
        "log-in",
        "Accounts with personal data are reached by single sign-on or with a second factor",
        "a password alone is guessed, shared and leaked",
        "enforce single sign-on, or demand a second factor, and record it under `login`",
        "advisory",
        _log_in,
    ),
    Rule(
        "never-fields",
        "Messages hold only the personal fields that are allowed",
        "what is in a message has left our hands",
        "take the field out of `personal_fields`, or say which ones are allowed",
        "mandatory",
        _never_fields,
        PersonalFields,
        also="advisory",
    ),
    Rule(
        "orphan-assets",
        "Every asset has an owner and a team",
        "what nobody owns nobody reviews",
        "name an owner and a team",
        "advisory",
        _orphan_assets,
    ),
    Rule(
        "content-unproven",
        "What native roles allow is read or declared",
        "unknown is not good: it counts as the worst",
        "look at the role on its screen and write it under `role_content`, with name and day",
        "advisory",
        _content_unproven,
        on_resources=True,
    ),
    Rule(
        "role-gains",
        "A role allows on each platform what it says, and no more",
        "platforms bundle: a role that sends often sees all contacts too",
        "choose a smaller native role, or accept it knowingly with a waiver",
        "advisory",
        _role_gains,
    ),
)
"""Policies about accounts and assets."""
