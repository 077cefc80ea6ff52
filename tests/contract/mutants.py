"""Bugs that somebody might write, seeded one at a time: the contract must notice each.

    python -m tests.contract.mutants [MUTANT ...]

prints which case kills which bug on which platform.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import Denied, Malformed, MartechError, Refused
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import INVITATION, Change, Membership, Status, Wish
from pulumi_martech.model.values import Unknown
from pulumi_martech.operations.import_items import Items
from pulumi_martech.platforms import hubspot_wire, scim, sendgrid, sendgrid_wire, wordpress
from pulumi_martech.platforms import scim_wire as scim_wire_module
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import ending, listing, readback, shape, users
from pulumi_martech.reconcile.journal import Journal
from pulumi_martech.reconcile.session import Session
from pulumi_martech.sandbox import Sandbox
from pulumi_martech.transport import ApiClient, Redactor, client, paging
from tests.contract.cases import CASES
from tests.contract.worlds import TABLE

Patch = pytest.MonkeyPatch
Seed = Callable[[Patch, str], None]
"""Puts the bug in, for a platform."""

EVERYWHERE = tuple(TABLE)


@dataclass(frozen=True)
class Mutant:
    """A bug, where it means anything, and the cases that are likely to notice it."""

    seed: Seed
    platforms: tuple[str, ...]
    cases: tuple[str, ...]


MUTANTS: dict[str, Mutant] = {}


def mutant(*cases: str, on: tuple[str, ...] = EVERYWHERE) -> Callable[[Seed], Seed]:
    """Put a bug into the list."""
    assert all(name in CASES for name in cases)

    def noted(seed: Seed) -> Seed:
        MUTANTS[seed.__name__] = Mutant(seed, on, cases)
        return seed

    return noted


def _wrap(patch: Patch, owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a function by ``around(genuine, *arguments)``."""
    genuine = getattr(owner, name)
    patch.setattr(owner, name, lambda *given, **named: around(genuine, *given, **named))


def _connector(platform: str) -> Any:
    return PLATFORMS[platform].connector


# -- listings


PAGING = {
    "hubspot": (hubspot_wire, "cursor_pages"),
    "scim": (scim_wire_module, "start_index_pages"),
    "sendgrid": (sendgrid_wire, "offset_pages"),
    "wordpress": (wordpress, "number_pages"),
}


@mutant("people_who_come_while_pages_are_read_hide_nobody")
def drops_the_last_page(patch: Patch, platform: str) -> None:
    size = PLATFORMS[platform].manifest.limits.page_size

    def short(genuine: Any, *given: Any, **named: Any) -> Iterator[Any]:
        records = list(genuine(*given, **named))
        yield from records[: max(size, (len(records) - 1) // size * size)]

    _wrap(patch, *PAGING[platform], short)


@mutant("people_who_go_while_pages_are_read_hide_nobody", on=("scim", "sendgrid", "wordpress"))
def believes_a_listing_that_shifted(patch: Patch, platform: str) -> None:
    def once(reading: Any, tried: str, identity: Any, most: int) -> Iterator[Any]:
        yield from {identity(one): one for page in reading() for one in page.records}.values()

    patch.setattr(paging, "_whole", once)


@mutant("people_who_come_while_pages_are_read_hide_nobody", on=("hubspot",))
def forgets_the_cursor(patch: Patch, platform: str) -> None:
    _wrap(
        patch,
        hubspot_wire.Wire,
        "_list",
        lambda genuine, self, generation, after, *rest: genuine(self, generation, None, *rest),
    )


def _empty_on(patch: Patch, platform: str, forgiven: Callable[[MartechError], bool]) -> None:
    def listed(genuine: Any, self: Any) -> Directory:
        try:
            return genuine(self)
        except MartechError as error:
            if not forgiven(error):
                raise
            return Directory(account="", memberships=(), roles=())

    _wrap(patch, _connector(platform), "directory", listed)


@mutant("an_account_that_fails_is_never_empty")
def swallows_a_403(patch: Patch, platform: str) -> None:
    _empty_on(patch, platform, lambda error: isinstance(error, Denied))


@mutant("an_account_that_fails_is_never_empty")
def treats_a_404_of_the_listing_as_empty(patch: Patch, platform: str) -> None:
    _empty_on(patch, platform, lambda error: getattr(error, "status", 0) == 404)


@mutant("an_account_that_fails_is_never_empty")
def treats_nonsense_as_empty(patch: Patch, platform: str) -> None:
    _empty_on(patch, platform, lambda error: isinstance(error, Malformed))


@mutant("a_listing_that_came_back_short_takes_nobody_away")
def believes_every_listing(patch: Patch, platform: str) -> None:
    patch.setattr(listing.Known, "believe", lambda *given: None)


@mutant("a_listing_that_came_back_short_takes_nobody_away")
def takes_who_is_not_listed_for_gone(patch: Patch, platform: str) -> None:
    patch.setattr(users, "read", lambda session, id_, login: session.listing().by_login(login))


def _gone_on(patch: Patch, platform: str, forgiven: Callable[[MartechError], bool]) -> None:
    def looked(genuine: Any, *given: Any) -> Any:
        try:
            return genuine(*given)
        except MartechError as error:
            if not forgiven(error):
                raise
            return None

    for name in ("fetch", "find"):
        _wrap(patch, _connector(platform), name, looked)


@mutant("a_look_that_fails_is_no_proof_that_somebody_is_gone")
def treats_a_5xx_as_gone(patch: Patch, platform: str) -> None:
    _gone_on(patch, platform, lambda error: isinstance(error, Refused) and error.status >= 500)


@mutant("a_look_that_fails_is_no_proof_that_somebody_is_gone")
def treats_a_403_as_gone(patch: Patch, platform: str) -> None:
    _gone_on(patch, platform, lambda error: isinstance(error, Denied))


@mutant("a_look_that_fails_is_no_proof_that_somebody_is_gone")
def treats_somebody_elses_404_as_gone(patch: Patch, platform: str) -> None:
    _gone_on(patch, platform, lambda error: "404" in str(error) or error.__class__ is Malformed)


# -- reading back


def _as_wished(live: Membership, wish: Wish) -> Membership:
    told = {"roles": frozenset(wish.roles), "attributes": {**live.attributes, **wish.attributes}}
    return live.model_copy(update=told)


@mutant("a_yes_that_did_nothing_is_an_error")
def believes_that_a_change_was_made(patch: Patch, platform: str) -> None:
    def believing(session: Any, person: str, live: Membership, wish: Wish, tried: str) -> Any:
        session.connector.change(live, wish)
        return _as_wished(live, wish)

    patch.setattr(users, "converge", believing)


@mutant("a_yes_that_did_nothing_is_an_error")
def believes_that_a_user_was_made(patch: Patch, platform: str) -> None:
    def believing(session: Any, id_: str, wish: Wish, tried: str) -> Membership:
        return _as_wished(Membership(id=id_, login=wish.login), wish)

    patch.setattr(users, "_just_made", believing)


@mutant("a_yes_that_did_nothing_is_an_error")
def believes_that_access_was_ended(patch: Patch, platform: str) -> None:
    patch.setattr(ending, "read_back", lambda *given: None)


@mutant("a_create_whose_answer_is_lost_makes_one_user")
def never_looks_what_became_of_a_write(patch: Patch, platform: str) -> None:
    for owner in (users, ending, readback):
        patch.setattr(owner, "unclear", lambda error: False)


@mutant("a_create_whose_answer_is_lost_makes_one_user")
def sends_a_post_again_blindly(patch: Patch, platform: str) -> None:
    _wrap(
        patch,
        ApiClient,
        "post",
        lambda genuine, self, path, **named: genuine(self, path, **{"safe": True} | named),
    )


# -- who is there already


@mutant("who_is_there_and_equal_is_taken_as_is")
def makes_without_a_look(patch: Patch, platform: str) -> None:
    def blind(session: Any, person: str, wish: Wish, adopt: bool) -> Any:
        return users._make(session, person, wish, adopt, "create")

    patch.setattr(users, "create", blind)


@mutant("a_duplicate_in_the_dialect_of_the_platform_is_no_success")
def takes_a_duplicate_for_its_own(patch: Patch, platform: str) -> None:
    def own(genuine: Any, session: Any, *given: Any) -> Any:
        found, how = genuine(session, *given)
        return found, "ours" if how == "another's" else how

    _wrap(patch, users, "_invite", own)


@mutant("a_duplicate_in_the_dialect_of_the_platform_is_no_success", on=("hubspot", "scim"))
def takes_every_yes_to_a_create_for_its_own(patch: Patch, platform: str) -> None:
    module = {"hubspot": "hubspot", "scim": "scim"}[platform]
    patch.setattr(f"pulumi_martech.platforms.{module}._otherwise", lambda *given: False)


@mutant("who_is_there_and_differs_is_left_alone_without_the_word")
def adopts_without_the_word(patch: Patch, platform: str) -> None:
    def adopting(
        genuine: Any, session: Any, person: str, live: Any, wish: Any, *rest: Any, **named: Any
    ) -> Any:
        return genuine(session, person, live, wish, True, *rest[1:], **named)

    _wrap(patch, users, "_take_over", adopting)


@mutant("who_is_there_and_differs_is_adopted_on_the_word")
def adopts_in_name_only(patch: Patch, platform: str) -> None:
    patch.setattr(users, "converge", lambda session, person, live, wish, tried: live)


@mutant("who_is_there_under_another_case_is_nobody_else")
def takes_another_case_for_somebody_else(patch: Patch, platform: str) -> None:
    patch.setattr(Manifest, "normal_login", lambda self, login: login.strip())


@mutant("an_id_that_is_somebody_elses_by_now_is_refused")
def trusts_an_id_whoever_has_it(patch: Patch, platform: str) -> None:
    def trusting(genuine: Any, session: Any, id_: str, login: str, verb: Any) -> Any:
        found = genuine(session, id_, login, verb)
        return found and found.model_copy(update={"login": login})

    _wrap(patch, ending, "_afresh", trusting)


@mutant("who_accepts_is_found_under_the_new_id", on=("sendgrid",))
def lower_cases_an_id(patch: Patch, platform: str) -> None:
    def lowered(genuine: Any, *given: Any) -> Any:
        found = genuine(*given)
        return found and found.model_copy(update={"id": found.id.lower()})

    for name in ("fetch", "find"):
        _wrap(patch, _connector(platform), name, lowered)


@mutant("who_is_gone_is_proven_gone_and_not_made_by_a_change")
def makes_anew_who_vanished(patch: Patch, platform: str) -> None:
    def making(
        genuine: Any, session: Any, person: str, id_: str, login: str, wish: Wish, *rest: Any
    ) -> Any:
        with suppress(Refused):
            return genuine(session, person, id_, login, wish, *rest)
        return users.create(session, person, wish, False)

    _wrap(patch, users, "update", making)


# -- differences


@mutant("what_was_given_by_hand_shows_and_is_taken_back")
def hides_roles_that_are_not_declared(patch: Patch, platform: str) -> None:
    def hiding(genuine: Any, member: Membership, declared: Any, once: Any = ()) -> Any:
        found = genuine(member, declared, once)
        kept = {role: True for role in found["roles"] if role in declared["roles"]}
        return found | {"roles": kept}

    _wrap(patch, shape, "live_entry", hiding)


@mutant(
    "what_was_made_is_what_is_read_and_there_is_nothing_to_do",
    on=("scim", "sendgrid", "wordpress"),
)
def compares_roles_as_a_list(patch: Patch, platform: str) -> None:
    def ordered(genuine: Any, live: Membership, wish: Wish) -> list[Change]:
        changes = genuine(live, wish)
        if not isinstance(live.roles, Unknown) and sorted(live.roles) != list(wish.roles):
            changes = [*changes, Change(name="roles", live=None, wanted=None)]
        return changes

    for owner in (users, readback):
        _wrap(patch, owner, "to_do", ordered)


@mutant("roles_are_changed_into_those_that_are_declared", on=("scim", "sendgrid", "wordpress"))
def adds_roles_and_takes_none(patch: Patch, platform: str) -> None:
    def adding(genuine: Any, self: Any, live: Membership, wish: Wish) -> None:
        kept = {} if isinstance(live.roles, Unknown) else {role: role for role in live.roles}
        genuine(self, live, wish.model_copy(update={"roles": {**kept, **wish.roles}}))

    _wrap(patch, _connector(platform), "change", adding)


@mutant("what_is_not_declared_is_left_alone", on=("scim", "wordpress"))
def clears_what_is_not_declared(patch: Patch, platform: str) -> None:
    field = str(TABLE[platform].attribute)

    def clearing(genuine: Any, self: Any, live: Membership, wish: Wish) -> None:
        said = {field: "nobody", **wish.attributes}
        genuine(self, live, wish.model_copy(update={"attributes": said}))

    _wrap(patch, _connector(platform), "change", clearing)


@mutant("who_was_switched_off_by_hand_shows", on=("hubspot", "scim"))
def does_not_see_who_is_switched_off(patch: Patch, platform: str) -> None:
    patch.setattr(hubspot_wire.Wire, "deactivated", lambda *given: frozenset())
    patch.setattr(scim, "truth_of", lambda value: True)


@mutant(
    "a_role_that_is_not_there_is_refused_before_anybody_is_made", on=("hubspot", "scim", "sendgrid")
)
def leaves_out_roles_that_are_not_there(patch: Patch, platform: str) -> None:
    def lenient(session: Any, names: Any, tried: str) -> dict[str, str]:
        return {role.name: role.id for role in session.listing().roles() if role.name in names}

    patch.setattr(users, "resolve_roles", lenient)


@mutant("a_role_that_goes_while_it_is_in_use_leaves_nobody_half_made", on=("scim",))
def leaves_what_it_began(patch: Patch, platform: str) -> None:
    patch.setattr(users, "take_back", lambda *given: True)


@mutant(
    "an_account_in_use_is_imported_and_there_is_nothing_to_do", on=("scim", "sendgrid", "wordpress")
)
def imports_one_role_of_several(patch: Patch, platform: str) -> None:
    def one(genuine: Any, self: Any, key: str, member: Membership) -> Any:
        first = frozenset(sorted(member.roles or ())[:1])
        return genuine(self, key, member.model_copy(update={"roles": first}))

    _wrap(patch, Items, "person", one)


@mutant("an_account_in_use_is_imported_and_there_is_nothing_to_do", on=("sendgrid",))
def imports_a_listing_without_roles(patch: Patch, platform: str) -> None:
    def unlooked(session: Any, member: Membership) -> Membership:
        held = frozenset() if isinstance(member.roles, Unknown) else member.roles
        return member.model_copy(update={"roles": held})

    patch.setattr(users, "in_detail", unlooked)


# -- the end


@mutant("who_is_retained_keeps_everything")
def removes_who_is_to_be_retained(patch: Patch, platform: str) -> None:
    _wrap(
        patch,
        ending,
        "end",
        lambda genuine, *given, **named: genuine(*given[:4], "remove", *given[5:], **named),
    )


@mutant("every_way_to_go_is_gone_and_can_be_gone_again", on=("scim", "sendgrid", "wordpress"))
def removes_who_is_to_be_downgraded(patch: Patch, platform: str) -> None:
    removes_who_is_to_be_retained(patch, platform)


@mutant("every_way_to_go_is_gone_and_can_be_gone_again")
def complains_of_who_is_gone_already(patch: Patch, platform: str) -> None:
    def complaining(genuine: Any, session: Any, *given: Any, **named: Any) -> None:
        if session.connector.find(given[2]) is None:
            raise MartechError("remove", "there is nobody")
        genuine(session, *given, **named)

    _wrap(patch, ending, "end", complaining)


@mutant("the_last_administrator_stays")
def lets_the_last_administrator_go(patch: Patch, platform: str) -> None:
    patch.setattr(Session, "_refuse_demotion", lambda *given: None)


# -- limits


@mutant("too_many_calls_for_now_are_waited_for")
def gives_up_at_the_first_429(patch: Patch, platform: str) -> None:
    _wrap(
        patch,
        ApiClient,
        "__init__",
        lambda genuine, *given, **named: genuine(*given, **named, attempts=1),
    )


@mutant("too_many_calls_for_now_are_waited_for")
def does_not_wait_as_long_as_it_is_told(patch: Patch, platform: str) -> None:
    patch.setattr(client, "retry_after", lambda headers, now: 0.001)
    patch.setattr(client, "spent", lambda headers, now: 0.0)


@mutant(
    "too_many_calls_for_long_are_told_and_nothing_is_done", on=("scim", "sendgrid", "wordpress")
)
def waits_for_an_hour(patch: Patch, platform: str) -> None:
    patch.setattr(ApiClient, "_left", lambda self, call: 1e9)


@mutant("too_many_calls_for_long_are_told_and_nothing_is_done", on=("hubspot",))
def tries_again_when_the_day_is_used_up(patch: Patch, platform: str) -> None:
    patch.setattr(hubspot_wire, "_daily", lambda reply, tried: None)


# -- records and secrets


@mutant("a_create_that_nobody_can_look_at_is_taken_over_by_the_next_run")
def notes_nothing_before_a_create(patch: Patch, platform: str) -> None:
    patch.setattr(Journal, "begin", lambda *given, **named: "none")


@mutant("a_create_that_nobody_can_look_at_is_taken_over_by_the_next_run")
def never_settles_a_note(patch: Patch, platform: str) -> None:
    patch.setattr(Journal, "recorded_all", lambda *given, **named: None)


@mutant("two_runs_at_once_make_one_user")
def does_not_wait_for_another_run(patch: Patch, platform: str) -> None:
    patch.setattr(Journal, "alone", lambda *given: nullcontext())


@mutant("a_secret_is_nowhere_to_be_seen")
def redacts_nothing(patch: Patch, platform: str) -> None:
    patch.setattr(Redactor, "redact", lambda self, text: text)


@mutant("a_secret_is_nowhere_to_be_seen", on=("hubspot", "sendgrid"))  # words of their own
def lets_errors_out_as_they_are(patch: Patch, platform: str) -> None:
    patch.setattr(ApiClient, "_clean", lambda self, error: error)


# -- invitations

_INVITING = ("sendgrid",)


@mutant("an_invitation_is_sent_once", on=_INVITING)
def invites_again_who_is_invited(patch: Patch, platform: str) -> None:
    def again(genuine: Any, session: Any, person: str, wish: Wish, adopt: bool) -> Any:
        live = session.listing().by_login(wish.login)
        if live is not None and live.status is Status.PENDING:
            return users._make(session, person, wish, adopt, "create")
        return genuine(session, person, wish, adopt)

    _wrap(patch, users, "create", again)


@mutant("an_invitation_is_sent_once", on=_INVITING)
def edits_a_pending_invitation(patch: Patch, platform: str) -> None:
    def regardless(genuine: Any, live: Membership, wish: Wish) -> Any:
        return genuine(live.model_copy(update={"status": Status.ACTIVE}), wish)

    for owner in (users, readback):
        _wrap(patch, owner, "to_do", regardless)


@mutant("an_invitation_is_sent_once", on=_INVITING)
def shows_what_a_pending_invitation_carries_as_drift(patch: Patch, platform: str) -> None:
    def live(genuine: Any, member: Membership, declared: Any, once: Any = ()) -> Any:
        return genuine(member.model_copy(update={"status": Status.ACTIVE}), declared, once)

    _wrap(patch, shape, "live_entry", live)


@mutant("who_accepts_is_found_under_the_new_id", on=_INVITING)
def loses_who_has_accepted(patch: Patch, platform: str) -> None:
    def by_id(session: Any, id_: str, login: str) -> Any:
        return session.connector.fetch(id_, ())

    patch.setattr(users, "read", by_id)


@mutant("removing_a_pending_one_cancels_the_invitation", on=_INVITING)
def cancels_nothing(patch: Patch, platform: str) -> None:
    patch.setattr(sendgrid.Connector, "cancel", lambda self, live: None)


@mutant("removing_a_pending_one_cancels_the_invitation", on=_INVITING)
def cancels_one_of_two_invitations(patch: Patch, platform: str) -> None:
    def one(self: Any, live: Membership) -> None:
        token = live.id.removeprefix(INVITATION)
        self._delete(f"/v3/teammates/pending/{token}", "pending_key", "cancel")

    patch.setattr(sendgrid.Connector, "cancel", one)


@mutant("what_an_invitation_cannot_carry_is_given_after_acceptance", on=_INVITING)
def invites_with_what_an_invitation_cannot_carry(patch: Patch, platform: str) -> None:
    patch.setattr(sendgrid, "AFTER_ACCEPTANCE", frozenset())


# -- running them


def killer(name: str, platform: str, sandbox: Sandbox, folder: Path) -> str:
    """Return the case that notices a bug, or an empty string.

    A bug that crashes is none: only what a case says of it, or an error for a person, counts.
    """
    seeded = MUTANTS[name]
    for number, noticing in enumerate(seeded.cases):
        with pytest.MonkeyPatch.context() as patch:
            world = TABLE[platform](sandbox, folder / str(number), patch)
            world.folder.mkdir()
            seeded.seed(patch, platform)
            try:
                CASES[noticing].run(world)
            except (AssertionError, MartechError, pytest.fail.Exception):
                return noticing
    return ""


def table(names: list[str], sandbox: Sandbox) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each bug with what notices it, by platform; *-* where it means nothing."""
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            found = {}
            for platform in EVERYWHERE:
                found[platform] = "-"
                if platform in MUTANTS[name].platforms:
                    place = Path(folder) / platform
                    place.mkdir()
                    found[platform] = killer(name, platform, sandbox, place) or "SURVIVED"
        yield name, MappingProxyType(found)


def main(names: list[str]) -> None:
    """Print the table."""
    killed = survived = 0
    print(f"| bug | {' | '.join(EVERYWHERE)} | noticed by |")
    print(f"|---|{'---|' * len(EVERYWHERE)}---|")
    with Sandbox() as sandbox:
        for name, found in table(names or list(MUTANTS), sandbox):
            marks = [word if word in ("-", "SURVIVED") else "killed" for word in found.values()]
            killed, survived = killed + marks.count("killed"), survived + marks.count("SURVIVED")
            by = sorted(set(found.values()) - {"-", "SURVIVED"})
            print(f"| {name} | {' | '.join(marks)} | {', '.join(by)} |", flush=True)
    print(f"\n{len(names or MUTANTS)} bugs: killed {killed} times, survived {survived} times")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
