"""SendGrid's rights as roles: scopes, the two pseudo-roles, and rights on subusers.

* ``mail.send`` is a scope on the account;
* ``admin`` and ``owner`` stand for ``is_admin`` and for the owner of the account, alone each;
* ``emea:mail.send`` is a scope on the subuser *emea*, ``emea:admin`` all of them, and
  ``emea:restricted`` access with nothing but what everybody with access to a subuser has.

Facts: fact sheet ``sendgrid.md``, and ``docs/platforms/sendgrid.md``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ADMIN = "admin"
OWNER = "owner"
RESTRICTED = "restricted"

KEY_ID = "key/"
"""What the native id of an API key begins with."""

HARMLESS = frozenset(
    {"2fa_exempt", "2fa_required", "sender_verification_exempt", "sender_verification_eligible"}
)
"""Scopes that SendGrid gives and takes by itself and that open nothing (sendgrid.md [CODE]).

They are left out in both directions: never sent, never shown. No other scope is.
"""

AFTER_ACCEPTANCE = frozenset({"user.profile.update", "user.password.update"})
"""Scopes that an invitation cannot carry and an accepted teammate can have (sendgrid.md [CODE])."""

BASELINE = frozenset(
    f"{scope}.read"
    for scope in (
        "mail_settings", "mail_settings.address_whitelist", "mail_settings.bcc",
        "mail_settings.bounce_purge", "mail_settings.footer", "mail_settings.forward_bounce",
        "mail_settings.forward_spam", "mail_settings.plain_content", "mail_settings.spam_check",
        "mail_settings.template", "partner_settings", "partner_settings.new_relic",
        "partner_settings.sendwithus", "tracking_settings", "tracking_settings.click",
        "tracking_settings.google_analytics", "tracking_settings.open",
        "tracking_settings.subscription", "stats", "stats.global", "categories.stats",
        "categories.stats.sums", "devices.stats", "clients.stats", "clients.phone.stats",
        "clients.tablet.stats", "clients.webmail.stats", "clients.desktop.stats", "geo.stats",
        "mailbox_providers.stats", "browsers.stats", "user.account", "user.credits", "user.email",
        "user.profile", "user.settings.enforced_tls", "user.timezone", "user.username",
    )
)  # fmt: skip
"""Scopes that come with access to any subuser: settings, sums and one's own profile.

Nobody says which they are, and they seem to depend on the account (sendgrid.md [CODE]). So only
those that show no third person's data are left out; what else comes shows as a difference.
"""

NOT_ON_SUBUSERS = frozenset({"sender_verification_legacy"})
"""With such a scope in it SendGrid drops all access to subusers, and says yes (docs [CODE])."""


@dataclass(frozen=True)
class PermissionSet:
    """Scopes under a name, in the program: SendGrid stores no roles.

    Its members are spread into ``roles``::

        MARKETER = PermissionSet("marketer", ("marketing.read", "stats.read", "templates.read"))
        sendgrid.MartechUser("ana", account=mail, login="ana@example.com",
                             roles=[*MARKETER, "mail.send"])
        sendgrid.MartechUser("ben", account=mail, login="ben@example.com", sso=True,
                             first_name="Ben", last_name="Berg", roles=MARKETER.on("emea"))

    Attributes:
        name: what it is called in the program; SendGrid never sees it.
        scopes: scopes, as ``GET /v3/scopes`` lists them.
    """

    name: str
    scopes: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.scopes, str):
            raise TypeError(f"the scopes of {self.name} are a tuple of names, not one text")

    def __iter__(self) -> Iterator[str]:
        return iter(self.scopes)

    def __len__(self) -> int:
        return len(self.scopes)

    def on(self, subuser: str) -> tuple[str, ...]:
        """Return the same scopes as rights on a subuser, for a teammate with ``sso=True``."""
        return tuple(f"{subuser}:{scope}" for scope in self.scopes)


def parted(role: str) -> tuple[str, str]:
    """Return the subuser (empty: the account itself) and the scope that a role stands for."""
    subuser, _, scope = role.rpartition(":")
    return subuser, scope


def normal_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Return roles as a reading will show them, sorted.

    Raises `ValueError` with the reason for what cannot be: administrators and owners have nothing
    besides, and rights on the account and on subusers exclude each other.
    """
    wanted = {role.strip() for role in roles} - HARMLESS
    for alone in (ADMIN, OWNER):
        if alone in wanted and len(wanted) > 1:
            others = ", ".join(sorted(wanted - {alone}))
            raise ValueError(f"{alone!r} has all scopes and stands alone: leave out {others}")
    on_account = {role for role in wanted if not parted(role)[0]}
    if RESTRICTED in on_account:
        raise ValueError(f"say on which subuser: 'NAME:{RESTRICTED}'")
    if on_account and on_account != wanted:
        raise ValueError(
            "SendGrid gives a teammate scopes on the account or access to subusers, never both: "
            f"leave out {', '.join(sorted(on_account))}, or the rights on subusers"
        )
    by_subuser: dict[str, set[str]] = {}
    for role in wanted - on_account:
        subuser, scope = parted(role)
        if scope in NOT_ON_SUBUSERS:
            raise ValueError(
                f"{role!r}: SendGrid drops all access to subusers, without a word, if this scope "
                "is in it: leave it out"
            )
        by_subuser.setdefault(subuser, set()).add(scope)
    for subuser, scopes in by_subuser.items():
        if ADMIN in scopes and len(scopes) > 1:
            raise ValueError(f"'{subuser}:{ADMIN}' has all scopes there: leave out the others")
        on_account |= _on_subuser(subuser, scopes)
    return tuple(sorted(on_account))


def _on_subuser(subuser: str, scopes: Collection[str]) -> set[str]:
    kept = set(scopes) - HARMLESS - BASELINE - {RESTRICTED}
    return {f"{subuser}:{scope}" for scope in kept or {RESTRICTED}}


def roles_of(
    record: Mapping[str, Any], access: Sequence[Mapping[str, Any]]
) -> frozenset[str] | None:
    """Return the roles that a teammate's, an invitation's or a key's record shows.

    ``access`` are its entries for subusers: whoever has some can do nothing on the account itself,
    although SendGrid lists scopes there too. ``None`` where the record has no list of scopes.
    """
    if record.get("user_type") == OWNER:
        return frozenset({OWNER})
    if record.get("is_admin") is True:
        return frozenset({ADMIN})
    if access:
        found: set[str] = set()
        for entry in access:
            subuser = str(entry.get("username") or entry.get("id"))
            if entry.get("permission_type") == ADMIN:
                found.add(f"{subuser}:{ADMIN}")
            else:
                found |= _on_subuser(subuser, [str(scope) for scope in entry.get("scopes") or ()])
        return frozenset(found)
    scopes = record.get("scopes")
    if not isinstance(scopes, list):
        return None
    return frozenset(str(scope) for scope in scopes) - HARMLESS


def sent_scopes(roles: Iterable[str]) -> list[str]:
    """Return the scopes on the account that roles stand for, as they are sent."""
    return sorted(set(roles) - HARMLESS - {ADMIN, OWNER})


def sent_access(roles: Iterable[str], ids: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the access to subusers that roles stand for, as it is sent; ``ids`` by subuser."""
    by_subuser: dict[str, list[str]] = {}
    for role in sorted(roles):
        subuser, scope = parted(role)
        by_subuser.setdefault(subuser, []).append(scope)
    return [
        {"id": ids[subuser], "permission_type": ADMIN}
        if ADMIN in scopes
        else {
            "id": ids[subuser],
            "permission_type": RESTRICTED,
            "scopes": [scope for scope in scopes if scope != RESTRICTED],
        }
        for subuser, scopes in by_subuser.items()
    ]
