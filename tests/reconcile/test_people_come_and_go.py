"""Whatever people, administrators and runs do, in whatever order: nobody is invited twice."""

import contextlib
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pulumi_martech.model.errors import MartechError
from pulumi_martech.reconcile import users
from pulumi_martech.reconcile.session import Session
from pulumi_martech.resources.users import _outputs
from pulumi_martech.sandbox import Sandbox
from tests.contract.worlds import HubSpot, SendGrid, World
from tests.platforms import hubspot_spec
from tests.sandbox import sendgrid_spec

PEOPLE = ("ana", "ben", "cleo")
people = st.sampled_from(PEOPLE)
which = st.integers(0, len(PEOPLE) - 1)
FAULTS = (
    {"kind": "cut", "when": "after", "method": "POST|DELETE"},
    {"kind": "cut", "when": "before", "method": "POST|DELETE"},
    {"kind": "status", "status": 500, "method": "POST|DELETE", "when": "after"},
    {"kind": "status", "status": 429, "retry_after": 1},
)


class People(RuleBasedStateMachine):
    """Declarations, a state, runs on one machine, and what happens at the platform meanwhile."""

    sandbox: Sandbox
    kind: type[World]

    @initialize(
        second=st.booleans(),
        hidden=st.booleans(),
        declared=st.dictionaries(people, st.booleans(), min_size=1),
    )
    def open(self, second: bool, hidden: bool, declared: dict[str, bool]) -> None:
        self.undo = contextlib.ExitStack()
        folder = Path(self.undo.enter_context(tempfile.TemporaryDirectory()))
        self.patch = self.undo.enter_context(pytest.MonkeyPatch.context())
        # Who comes and goes by hand here is more than a listing may lose.
        self.patch.setenv("MARTECH_OVERRIDE", "people come and go")
        switches = {"duplicate": "second" if second else "refused"}
        switches["expired"] = "hidden" if hidden else "listed"
        self.inviting = self.kind is SendGrid
        self.hidden = hidden and self.inviting
        self.world: Any = self.kind(
            self.sandbox, folder, self.patch, **(switches if self.inviting else {})
        )
        self.declared = {name: self.role(other) for name, other in declared.items()}
        self.state: dict[str, str] = {}

    def role(self, other: bool) -> str:
        return str(self.world.other if other else self.world.editor)

    # -- what is declared

    @rule(name=people, other=st.booleans(), no_more=st.booleans())
    def declare(self, name: str, other: bool, no_more: bool) -> None:
        if no_more:
            self.declared.pop(name, None)
        else:
            self.declared[name] = self.role(other)

    # -- what happens at the platform

    def invited(self, name: str) -> bool:
        return self.inviting and self.world.login(name) in self.world.tenant.pending()

    def expired(self, name: str) -> bool:
        tenant = self.world.tenant
        invitation = tenant.pending().get(self.world.login(name)) if self.inviting else None
        return invitation is not None and invitation["expiration_date"] <= tenant.now()

    def open_invitations(self) -> list[str]:
        return [name for name in PEOPLE if self.invited(name) and not self.expired(name)]

    @precondition(lambda self: self.open_invitations())
    @rule(index=which, elsewhere=st.sampled_from([False, False, True]))
    def the_person_accepts(self, index: int, elsewhere: bool) -> None:
        invited = self.open_invitations()
        name = invited[index % len(invited)]
        if elsewhere:
            address = f"{name}{len(self.world.there())}@home.example"
            self.world.tenant.accept(self.world.login(name), address=address)
        else:
            self.world.settle(name)

    @precondition(lambda self: any(map(self.world.has, PEOPLE)))
    @rule(index=which)
    def the_person_declines_or_somebody_cancels_or_removes(self, index: int) -> None:
        there = [name for name in PEOPLE if self.world.has(name)]
        name = there[index % len(there)]
        if self.invited(name):
            self.world.tenant.decline(self.world.login(name))
        else:
            self.world.lose(name)

    @rule(name=people, other=st.booleans(), invite=st.booleans())
    def somebody_adds_invites_or_changes_by_hand(
        self, name: str, other: bool, invite: bool
    ) -> None:
        if self.world.has(name):
            if not self.invited(name):
                self.world.give(name, self.role(other))
        elif invite and self.inviting:
            self.world.invite_by_hand(name)
        else:
            self.world.add(name, self.role(other))

    @precondition(lambda self: self.open_invitations())
    @rule(days=st.sampled_from([1, 8]))
    def time_passes(self, days: int) -> None:
        now = self.world.tenant.advance(days=days)
        self.patch.setenv("MARTECH_AS_OF", datetime.fromtimestamp(now, UTC).date().isoformat())

    # -- what runs do

    @rule()
    def run(self) -> None:
        self.once()
        mark = self.world.tenant.mark()
        self.once()
        assert self.world.asked(mark) == [], "a second run has nothing to do"
        self.as_declared()

    @rule(seed=st.integers(0, 2**16))
    def run_on_a_bad_line(self, seed: int) -> None:
        for number, fault in enumerate(FAULTS):
            self.world.tenant.fault(
                **fault, path=self.world.api, probability=0.1, seed=seed + number, times=None
            )
        with contextlib.suppress(MartechError):
            self.once()
        self.world.tenant.clear_faults()
        # What is left open is settled by the next run.
        self.once()

    @rule()
    def two_runs_at_once(self) -> None:
        before = dict(self.state)
        barrier = threading.Barrier(2)
        absent = {name for name in self.declared if not self.visible(name)}
        mark = self.world.tenant.mark()
        self.world.tenant.fault(
            "latency", method="POST", path=self.world.users_path, seconds=0.02, times=None
        )

        def one() -> dict[str, str]:
            state, session = dict(before), self.world.session()
            session.listing()
            barrier.wait()
            self.apply(state, session)
            return state

        with ThreadPoolExecutor(2) as pool:
            first, second = [run.result() for run in [pool.submit(one), pool.submit(one)]]
        self.world.tenant.clear_faults()
        assert first == second
        self.state = first
        assert len(self.world.creates(mark)) <= len(absent), "each is made by one of them"
        self.as_declared()

    @precondition(lambda self: self.words())
    @rule(index=which)
    def the_word_is_given(self, index: int) -> None:
        name = self.words()[index % len(self.words())]
        mark = self.world.tenant.mark()
        outcome = self.world.change(name, self.declared[name], id_=self.state[name], reinvite=True)
        self.state[name] = outcome.member.id
        posts = [one for one in self.world.asked(mark) if one.method == "POST"]
        assert len(posts) == 1, "one mail for one word"
        assert not self.expired(name)

    def words(self) -> list[str]:
        """Return who is invited, as a state knows."""
        known = self.state.keys() & self.declared.keys()
        return [name for name in sorted(known) if self.invited(name) and self.visible(name)]

    def visible(self, name: str) -> bool:
        return bool(self.world.has(name) and not (self.hidden and self.expired(name)))

    def once(self) -> None:
        """Run, and hold it to one creation for each who is absent."""
        absent = {name for name in self.declared if not self.visible(name)}
        mark = self.world.tenant.mark()
        try:
            self.apply(self.state, self.world.session())
        finally:
            committed = [one for one in self.world.creates(mark) if one.committed]
            assert len(committed) <= len(absent)

    def apply(self, state: dict[str, str], session: Session) -> None:
        """Do what an engine does: refresh, make and change, remove."""
        for name, id_ in list(state.items()):
            member = self.world.read(name, id_, session)
            if member is None:
                del state[name]
            else:
                state[name] = member.id
        for name, role in self.declared.items():
            if name in state:
                outcome = self.world.change(name, role, id_=state[name], session=session)
            else:
                wish = self.world.wish(session, name, role)
                outcome = users.create(session, name, wish, adopt=True)
            state[name] = outcome.member.id
        for name in list(state.keys() - self.declared.keys()):
            self.world.end(name, session=session, id_=state[name])
            assert not self.world.has(name), "a pending one is cancelled, a member removed"
            del state[name]

    # -- what must hold

    def as_declared(self) -> None:
        session = self.world.session()
        for name, role in self.declared.items():
            member = self.world.read(name, self.state[name], session)
            assert member is not None
            assert member.id == self.state[name] == self.world.id(name)
            status = _outputs({}, member)["status"]
            if self.expired(name):
                assert status == "expired"
            elif self.invited(name):
                assert status == "pending"
            else:
                assert status == "active"
                assert self.world.roles(name) == {role}

    @invariant()
    def nobody_is_there_twice(self) -> None:
        if not hasattr(self, "world") or not self.inviting:
            return
        rows = [
            str(doc["email"]).lower()
            for kind in ("teammate", "invitation")
            for doc in self.world.tenant.stored[kind].page().values()
            if not (self.hidden and doc.get("expiration_date", 10**12) <= self.world.tenant.now())
        ]
        assert len(rows) == len(set(rows))

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            self.undo.close()


@pytest.mark.parametrize("kind", [HubSpot, SendGrid])
def test_people_come_and_go(kind: type[World], sandbox: Sandbox) -> None:
    People.sandbox, People.kind = sandbox, kind
    with hubspot_spec.exchanges_checked(), sendgrid_spec.exchanges_checked():
        run_state_machine_as_test(
            People,
            settings=settings(
                max_examples=12,
                stateful_step_count=12,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
