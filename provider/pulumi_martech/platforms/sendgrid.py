"""Twilio SendGrid: teammates, their invitations, teammates of single sign-on, API keys.

An invitation has no username and cannot be edited; who accepts it gets a username and is another
object. A teammate of single sign-on is there at once. Rights are lists of scopes, replaced whole.
Facts: fact sheet ``sendgrid.md``, and ``docs/platforms/sendgrid.md``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import (
    Denied,
    InvalidDeclaration,
    Malformed,
    NotThere,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.identity import near
from pulumi_martech.model.leaving import Belonging
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import (
    INVITATION,
    KEY_LOGIN,
    Membership,
    NativeRole,
    Status,
    Wish,
    difference,
)
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.platforms import sendgrid_records as records
from pulumi_martech.platforms.base import Caller
from pulumi_martech.platforms.sendgrid_manifest import ITS_SUBUSERS, MANIFEST
from pulumi_martech.platforms.sendgrid_scopes import (
    ADMIN,
    AFTER_ACCEPTANCE,
    BASELINE,
    HARMLESS,
    KEY_ID,
    NOT_ON_SUBUSERS,
    OWNER,
    RESTRICTED,
    PermissionSet,
    parted,
    roles_of,
    sent_access,
    sent_scopes,
)
from pulumi_martech.platforms.sendgrid_user import User
from pulumi_martech.platforms.sendgrid_wire import (
    INVITE,
    TEAMMATE,
    Record,
    SendGrid,
    error,
    segment,
    strange,
    text_of,
)
from pulumi_martech.transport import ApiClient

__all__ = ["MANIFEST", "Connector", "PermissionSet", "User", "error"]

RIGHTS = (
    "teammates.create", "teammates.read", "teammates.update", "teammates.delete", "subusers.read",
    "api_keys.read",
)  # fmt: skip
SSO_RIGHTS = ("sso.teammates.create", "sso.teammates.update")
MOST_ROLES = 10_000
"""Rights on subusers are listed one by one up to this many, to find near matches of a typo."""


class Connector:
    """Translates to and from SendGrid.

    Args:
        config: the account; ``url`` is ``https://api.sendgrid.com``, or
            ``https://api.eu.sendgrid.com`` for the subusers of the EU region.
        client: its HTTP client.
    """

    manifest: ClassVar[Manifest] = MANIFEST

    def __init__(self, config: AccountConfig, client: ApiClient) -> None:
        self.client, self._config = client, config
        self._api = SendGrid(client, config.key)
        self._words = self._api.words
        self._subusers: dict[str, int] | None = None

    # -- looking

    def whoami(self) -> Caller:
        """Return the rights that the API key lacks: whose it is, SendGrid does not tell."""
        held = self._api.scopes(self._words("ask what the API key may do"))
        note = "SendGrid does not tell whose an API key is"
        if missing := [scope for scope in SSO_RIGHTS if scope not in held]:
            note += f"; teammates of single sign-on need {', '.join(missing)} too"
        return Caller(
            login=None, missing=tuple(right for right in RIGHTS if right not in held), note=note
        )

    def directory(self) -> Directory:
        """List teammates, invitations and API keys, and the scopes that can be given.

        Scopes of teammates and keys are shown one by one only, so that their roles are unknown
        here; administrators and the owner are told.
        """
        blind, unreadable = list(MANIFEST.blind_spots), []
        # Invitations first: who accepts meanwhile is then seen twice, not missed.
        invited = self._api.pending(self._words("list the pending invitations"))
        found: dict[str, Membership] = {}
        for record in self._api.teammates(self._words("list the teammates")):
            if records.readable(record):
                member = records.listed(record)
                found[member.login] = member
            else:
                unreadable.append("a teammate without a username or an e-mail address")
        for record in invited:
            invitation = records.invitation(record)
            if invitation is None:
                unreadable.append("an invitation without a token or an e-mail address")
            elif invitation.login in found:
                blind.append(
                    f"{invitation.login} has more than one entry: an invitation besides the "
                    "teammate or another invitation; one is shown"
                )
            else:
                found[invitation.login] = invitation
        try:
            keys = self._api.keys(self._words("list the API keys"))
        except Denied as denied:
            keys = []
            blind.append(f"API keys: {denied.said}")
        for record in keys:
            if text_of(record, "api_key_id"):
                key = records.key(record)
                found[key.login] = key
        try:
            self._subusers = self._api.subusers(self._words("list the subusers"))
        except Denied as denied:
            self._subusers = {}
            blind.append(f"access to subusers: {denied.said}")
        return Directory(
            account=self._config.key,
            memberships=tuple(found.values()),
            roles=self._roles(blind),
            blind_spots=tuple(blind),
            unreadable=tuple(unreadable),
        )

    def find(self, login: str) -> Membership | None:
        """Look a teammate, an invitation or a key up; there is no search, so all are listed."""
        wanted = MANIFEST.normal_login(login)
        tried = self._words(f"look up {login}")
        if wanted.startswith(KEY_LOGIN):
            for record in self._api.keys(tried):
                if records.key(record).login == wanted:
                    return self.fetch(KEY_ID + text_of(record, "api_key_id"), ())
            return None
        invited = self._invitations(wanted, tried)
        for record in self._api.teammates(tried):
            if records.readable(record) and records.listed(record).login == wanted:
                return self.fetch(text_of(record, "username"), ())
        return invited[0] if invited else None

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        """Read one teammate, invitation or key with all its roles."""
        tried = self._words(f"read {id_}")
        if id_.startswith(INVITATION):
            invited = map(records.invitation, self._api.pending(tried))
            return next((one for one in invited if one is not None and one.id == id_), None)
        if id_.startswith(KEY_ID):
            key = self._api.key(id_.removeprefix(KEY_ID), tried)
            if key is None:
                return None
            if not text_of(key, "api_key_id") or roles_of(key, ()) is None:
                raise Malformed(tried, "the key has no id or no scopes", "it was not taken over")
            return records.key(key)
        record = self._api.teammate(id_, tried)
        if record is None:
            return None
        member = records.listed(record) if records.readable(record) else None
        access = self._access(record, tried) if member and isinstance(member.roles, Unknown) else []
        held = roles_of(record, access)
        if member is None or held is None:
            words = "the teammate has no username, e-mail address or scopes"
            raise Malformed(tried, words, "it was not taken over")
        return member.model_copy(update={"roles": held})

    def belongings(self, leaving: Sequence[Membership]) -> dict[str, tuple[Belonging, ...]]:
        """Return the subusers that were made with each one's address: one listing for all."""
        tried = self._words("list the subusers")
        named: dict[str, list[str]] = {}
        why = ""
        try:
            for record in self._api.subuser_records(tried):
                address = text_of(record, "email").strip().lower()
                named.setdefault(address, []).append(text_of(record, "username"))
        except Denied as denied:
            if denied.status == 401:
                raise
            why = denied.said
        return {
            live.id: (
                Belonging(
                    what=ITS_SUBUSERS,
                    count=UNKNOWN if why else len(named.get(live.login, ())),
                    detail=why or ", ".join(sorted(named.get(live.login, ()))),
                ),
            )
            for live in leaving
        }

    # -- teammates

    def invite(self, wish: Wish) -> str:
        """Invite a teammate, or make one of single sign-on.

        Returns the invitation's id, or the username of a teammate who is there at once.
        """
        tried = self._words(f"invite {wish.login}")
        if wish.login.startswith(KEY_LOGIN):
            raise Unsupported(
                tried,
                "SendGrid shows a new key's secret once, and this tool never holds secrets",
                "nothing was made",
                "make the key in SendGrid and declare its id",
            )
        self._refuse_owner(wish.roles, tried)
        if wish.attributes.get("sso"):
            body = self._sso(wish, None, tried) | {"email": wish.login}
            reply = self.client.post("/v3/sso/teammates", tried=tried, json=body)
            made = reply.json()
            email = text_of(made, "email") if isinstance(made, Mapping) else ""
            if not email:
                raise reply.unusable("a teammate without an e-mail address")
            return text_of(made, "username") or email
        body = {
            "email": wish.login,
            "scopes": sent_scopes(wish.roles.keys() - AFTER_ACCEPTANCE),
            "is_admin": ADMIN in wish.roles,
        }
        reply = self.client.post("/v3/teammates", tried=tried, json=body)
        made = reply.json()
        token = text_of(made, "token") if isinstance(made, Mapping) else ""
        if not token:
            raise reply.unusable("an invitation without a token")
        return INVITATION + token

    def change(self, live: Membership, wish: Wish) -> None:
        """Replace the scopes of a teammate or a key; names only with single sign-on."""
        tried = self._words(f"change {wish.login}")
        if MANIFEST.normal_login(wish.login) != live.login:
            raise Unsupported(
                tried,
                f"SendGrid cannot change {live.login} into another address",
                "nothing was changed",
                "remove the teammate and invite the new address",
            )
        if live.status is Status.PENDING:
            raise Unsupported(
                tried,
                "a pending invitation cannot be edited",
                "nothing was changed",
                "wait for its acceptance, or say reinvite='REASON' to cancel it and send another",
            )
        changes = difference(live, wish)
        if not changes:
            return
        self._refuse_owner({*wish.roles, *(live.roles or ())}, tried)
        if live.id.startswith(KEY_ID):
            self._change_key(live, wish, tried)
            return
        names = [change.name for change in changes if not change.name.startswith("roles.")]
        if "sso" in names:
            raise Unsupported(
                tried,
                "SendGrid's API does not switch a teammate to single sign-on or back",
                "nothing was changed",
                "declare what is there, or remove the teammate and make it anew",
            )
        if live.attributes.get("sso"):
            self.client.patch(
                f"/v3/sso/teammates/{segment(live.login)}",
                tried=tried,
                json=self._sso(wish, live, tried),
                safe=True,
            )
            return
        if names or any(parted(role)[0] for role in wish.roles):
            raise Unsupported(
                tried,
                "SendGrid's API gives names and access to subusers to teammates of single sign-on "
                "only",
                "nothing was changed",
                "leave them out, or remove the teammate and make it anew with sso=True",
            )
        body = {"scopes": sent_scopes(wish.roles), "is_admin": ADMIN in wish.roles}
        path = f"/v3/teammates/{segment(live.id)}"
        self.client.patch(path, tried=tried, json=body, safe=True)

    def cancel(self, live: Membership) -> None:
        """Cancel every pending invitation of the address: two runs may have sent one each."""
        tried = self._words(f"cancel the invitation of {live.login}")
        for invitation in self._invitations(live.login, tried):
            token = invitation.id.removeprefix(INVITATION)
            self._delete(f"/v3/teammates/pending/{segment(token)}", INVITE, tried)

    def carries(self, live: Membership, wish: Wish) -> bool:
        """Tell whether an invitation has the declared scopes, but for those it cannot carry."""
        return live.roles == frozenset(wish.roles) - AFTER_ACCEPTANCE

    def resend(self, live: Membership) -> None:
        """Mail a pending invitation again, as it is; it then lasts another 7 days.

        Only on somebody's explicit word: each call sends a mail.
        """
        token = live.id.removeprefix(INVITATION)
        self.client.post(
            f"/v3/teammates/pending/{segment(token)}/resend",
            tried=self._words(f"send the invitation of {live.login} again"),
        )

    def remove(self, live: Membership, successor: str | None) -> None:
        """Remove a teammate, cancel an invitation, or revoke a key; nobody takes anything over."""
        tried = self._words(f"remove {live.login}")
        if live.status is Status.PENDING:
            self.cancel(live)
            return
        self._refuse_owner(live.roles or (), tried)
        if live.id.startswith(KEY_ID):
            id_ = live.id.removeprefix(KEY_ID)
            try:
                self.client.delete(f"/v3/api_keys/{segment(id_)}", tried=tried, safe=True)
            except NotThere:
                if self._api.key(id_, tried) is not None:
                    raise
            return
        self._delete(f"/v3/teammates/{segment(live.id)}", TEAMMATE, tried)
        self.cancel(live)  # whoever was also invited would come back by accepting

    # -- parts

    def _delete(self, path: str, field: str, tried: str) -> None:
        try:
            self.client.delete(path, tried=tried, safe=True)
        except NotThere as gone:
            if gone.code != field:
                raise strange(gone) from None

    def _change_key(self, live: Membership, wish: Wish, tried: str) -> None:
        id_ = live.id.removeprefix(KEY_ID)
        if not wish.roles:
            raise Unsupported(
                tried,
                "an API key has at least one scope",
                "nothing was changed",
                "revoke the key: on_destroy='remove'",
            )
        record = self._api.key(id_, tried) or {}
        body = {"name": text_of(record, "name") or id_, "scopes": sent_scopes(wish.roles)}
        self.client.put(f"/v3/api_keys/{segment(id_)}", tried=tried, json=body, safe=True)

    def _sso(self, wish: Wish, live: Membership | None, tried: str) -> dict[str, Any]:
        """Return names and rights as the endpoints of single sign-on take them.

        Exactly one kind of rights: all, scopes, or access to subusers.
        """
        known = {**(live.attributes if live else {}), **wish.attributes}
        body: dict[str, Any] = {name: known.get(name) for name in ("first_name", "last_name")}
        if not all(body.values()):
            words = "SendGrid wants both names of a teammate of single sign-on"
            todo = "declare `first_name` and `last_name`"
            raise InvalidDeclaration(tried, words, "nothing was sent", todo)
        roles = wish.roles.keys()
        if any(parted(role)[0] for role in roles):
            access = sent_access(roles, self._ids_of_subusers(roles, tried))
            rights = {"has_restricted_subuser_access": True, "subuser_access": access}
            return body | {"is_admin": False} | rights
        rights = {"is_admin": True} if ADMIN in roles else {"is_admin": False}
        if ADMIN not in roles:
            rights = rights | {"scopes": sent_scopes(roles)}
        return body | rights | {"has_restricted_subuser_access": False}

    def _ids_of_subusers(self, roles: Iterable[str], tried: str) -> dict[str, int]:
        wanted = {parted(role)[0] for role in roles}
        if self._subusers is None or not wanted <= self._subusers.keys():
            self._subusers = self._api.subusers(tried)
        missing = sorted(wanted - self._subusers.keys())
        if missing:
            hints = " ".join(near(name, self._subusers) for name in missing).strip()
            raise UnknownRole(
                tried,
                f"{self._config.key} has no subuser {', '.join(map(repr, missing))}",
                "nothing was written for this teammate",
                f"{hints} correct the name".strip(),
            )
        return self._subusers

    def _access(self, record: Record, tried: str) -> list[Record]:
        """Return entries for subusers; an account without subusers is not asked each time."""
        if self._subusers is None:
            try:
                self._subusers = self._api.subusers(tried)
            except Denied:
                self._subusers = {}
        if not self._subusers:
            return []
        return self._api.access(text_of(record, "username"), tried)

    def _invitations(self, login: str, tried: str) -> list[Membership]:
        invited = map(records.invitation, self._api.pending(tried))
        return [one for one in invited if one is not None and one.login == login]

    def _roles(self, blind: list[str]) -> tuple[NativeRole, ...] | Unknown:
        """Return what can be given: by scope, and by scope on each subuser."""
        try:
            scopes = self._api.scopes(self._words("list the scopes that can be given")) - HARMLESS
        except Denied as denied:
            blind.append(f"which scopes can be given: {denied.said}")
            return UNKNOWN
        there = [*sorted(scopes), ADMIN, OWNER]
        on_one = [ADMIN, RESTRICTED, *sorted(scopes - BASELINE - NOT_ON_SUBUSERS)]
        subusers = self._subusers or {}
        if len(subusers) * len(on_one) > MOST_ROLES:
            return UNKNOWN  # SendGrid itself refuses a scope, and `_ids_of_subusers` a subuser
        there += [f"{subuser}:{scope}" for subuser in subusers for scope in on_one]
        return tuple(NativeRole(id=role, name=role) for role in there)

    @staticmethod
    def _refuse_owner(roles: Iterable[str], tried: str) -> None:
        if OWNER in roles:
            raise Unsupported(
                tried,
                "SendGrid's API neither gives nor takes the ownership of an account",
                "nothing was changed",
                "change the owner in SendGrid with its support",
            )
