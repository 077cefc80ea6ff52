"""Whatever goes wrong and whatever people do by hand: the account becomes what is declared."""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pulumi_martech.model.errors import MartechError
from pulumi_martech.reconcile import ending, users
from pulumi_martech.reconcile.session import Session
from pulumi_martech.sandbox import Sandbox
from tests.reconcile.world import open_world

OURS = ("ana", "ben", "cleo", "dora")
STRAYS = ("stray-1", "stray-2")
FAULTS = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "cut", "when": "before"},
    {"kind": "cut", "when": "after"},
    {"kind": "dropped", "method": "POST|PUT|PATCH|DELETE"},
)
people = st.dictionaries(
    st.sampled_from(OURS),
    st.tuples(st.frozensets(st.sampled_from(["editor", "admin"])), st.sampled_from("XYZ")),
)


class Account(RuleBasedStateMachine):
    """An engine in miniature: a state, a refresh, and creates, updates and deletes."""

    sandbox: Sandbox

    @initialize(platform=st.sampled_from(["scim", "wordpress"]), soft=st.booleans())
    def open(self, platform: str, soft: bool) -> None:
        self.undo = contextlib.ExitStack()
        folder = self.undo.enter_context(tempfile.TemporaryDirectory())
        self.world = open_world(self.sandbox, platform, Path(folder))
        self.undo.enter_context(patch.dict("os.environ", self.world.tenant.environment()))
        self.verb = "deactivate" if soft and platform == "scim" else "remove"
        self.declared: dict[str, tuple[list[str], str]] = {}
        self.state: dict[str, str] = {}
        self.removed_by_hand = 0
        self.strays: dict[str, set[str]] = {}

    def roles(self, names: frozenset[str]) -> list[str]:
        return sorted({"editor": self.world.editor, "admin": self.world.admin}[n] for n in names)

    # -- what people do

    @rule(declared=people)
    def declare(self, declared: dict[str, tuple[frozenset[str], str]]) -> None:
        self.declared = {name: (self.roles(r), shown) for name, (r, shown) in declared.items()}

    @rule(
        name=st.sampled_from(OURS + STRAYS),
        roles=st.frozensets(st.sampled_from(["editor", "admin"])),
        what=st.sampled_from(["add", "roles", "name", "remove", "switch off"]),
    )
    def by_hand(self, name: str, roles: frozenset[str], what: str) -> None:
        world, wanted = self.world, self.roles(roles)
        if world.login(name) not in world.there():
            world.add(name, wanted)
        elif what == "name":
            world.by_hand(name, **({"displayName": "Q"} if world.scim else {"name": "Q"}))
        elif what == "switch off" and world.scim:
            world.by_hand(name, active=False)
        elif what == "remove" and self.removed_by_hand < 3:
            world.tenant.remove_user(world.login(name))
            self.removed_by_hand += 1
        else:
            world.by_hand(name, roles=wanted)
        if name in STRAYS:
            self.strays = {
                stray: world.roles(stray) for stray in STRAYS if world.login(stray) in world.there()
            }

    # -- what the engine does

    @rule(seed=st.integers(0, 2**16))
    def apply_with_faults(self, seed: int) -> None:
        for number, fault in enumerate(FAULTS):
            self.world.tenant.fault(
                **fault, probability=0.2 / len(FAULTS), seed=seed + number, times=None
            )
        self.apply()
        self.world.tenant.clear_faults()

    @rule(
        late=st.none()
        | st.tuples(
            st.sampled_from(OURS + STRAYS),
            st.frozensets(st.sampled_from(["editor", "admin"])),
            st.sampled_from(["add", "roles", "remove"]),
        )
    )
    def apply_while_somebody_works_by_hand(
        self, late: tuple[str, frozenset[str], str] | None
    ) -> None:
        self.apply(lambda: late and self.by_hand(*late))

    def apply(self, meanwhile: Callable[[], object] = lambda: None) -> list[MartechError]:
        world = self.world
        session, failures = world.session(breaker=999), []

        def attempt(action: Callable[[], None]) -> None:
            try:
                action()
            except MartechError as error:
                self.explained(error)
                failures.append(error)

        for name in list(self.state):
            attempt(lambda name=name: self.refresh(session, name))
        attempt(lambda: self.list(session))
        going = {self.state[name] for name in self.state.keys() - self.declared.keys()}
        meanwhile()
        before = self.ids()
        for name in self.declared:
            attempt(lambda name=name: self.write(session, name))
        for name in list(self.state.keys() - self.declared.keys()):
            attempt(lambda name=name: self.end(session, name))
        assert before - self.ids() <= going, "somebody was removed who was not reviewed"
        return failures

    def ids(self) -> set[str]:
        return {str(user["id"]) for user in self.world.tenant.users().values()}

    def list(self, session: Session) -> None:
        session.listing()
        self.removed_by_hand = 0

    def refresh(self, session: Session, name: str) -> None:
        member = users.read(session, self.state[name], self.world.login(name))
        if member is None:
            del self.state[name]
        else:
            self.state[name] = member.id

    def write(self, session: Session, name: str) -> None:
        roles, shown = self.declared[name]
        wish = self.world.wish(session, name, roles, **self.world.named(shown))
        if name in self.state:
            login = self.world.login(name)
            users.update(session, name, self.state[name], login, wish)
        else:
            self.state[name] = users.create(session, name, wish, adopt=True).member.id

    def end(self, session: Session, name: str) -> None:
        id_, login = self.state[name], self.world.login(name)
        ending.end(session, name, id_, login, self.verb, self.world.keeper)
        del self.state[name]

    # -- what must hold

    def explained(self, error: MartechError) -> None:
        sentence = str(error)
        credentials = self.world.tenant.credentials
        for secret in (credentials.token, credentials.password):
            assert not secret or secret not in sentence
        assert "\n" not in sentence and "Traceback" not in sentence
        assert error.tried and error.said and len(sentence) < 1000

    @invariant()
    def strays_are_left_alone(self) -> None:
        if hasattr(self, "strays"):
            for name, roles in self.strays.items():
                assert self.world.roles(name) == roles

    @invariant()
    def nobody_is_there_twice(self) -> None:
        if hasattr(self, "world"):
            logins = [member.lower() for member in self.world.there()]
            assert len(logins) == len(set(logins)) == len(self.ids())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        for _ in range(3):
            failures = self.apply()
        assert failures == []
        for name, (roles, shown) in self.declared.items():
            assert world.roles(name) == set(roles) and world.shown(name) == shown
            assert world.active(name)
        assert self.state == {name: world.id(name) for name in self.declared}
        mark = world.tenant.mark()
        assert self.apply() == [] and world.writes(mark) == []
        declared = {world.login(name) for name in self.declared}
        assert not declared & {note.key for note in world.session().journal.open()}
        self.undo.close()


def test_the_account_becomes_what_is_declared(sandbox: Sandbox) -> None:
    Account.sandbox = sandbox
    run_state_machine_as_test(
        Account,
        settings=settings(
            max_examples=15,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
