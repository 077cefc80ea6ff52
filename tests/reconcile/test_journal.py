"""The journal: what an interrupted run made is found, whoever looks."""

import subprocess
import sys

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pulumi_martech.reconcile import journal as module
from pulumi_martech.reconcile.journal import Journal


def test_what_was_begun_is_ours_until_a_state_holds_it(tmp_path):
    journal = Journal(tmp_path, "crm", run="r1")
    entry = journal.begin("user", "ana@example.com", "ana")
    begun = journal.made_by_us("user", "ana@example.com")
    assert begun and begun.native_id is None and begun.person == "ana" and begun.run == "r1"
    journal.made(entry, "42")
    (left,) = Journal(tmp_path, "crm").open()
    assert (left.kind, left.key, left.native_id) == ("user", "ana@example.com", "42")
    journal.recorded("user", native_id="42")
    assert journal.open() == [] and journal.made_by_us("user", "ana@example.com") is None


def test_what_was_taken_back_is_not_ours(tmp_path):
    journal = Journal(tmp_path, "crm")
    journal.undone(journal.begin("role", "Editors"))
    assert journal.open() == []


def test_kinds_are_told_apart_and_the_newest_note_counts(tmp_path):
    journal = Journal(tmp_path, "crm")
    journal.begin("user", "ana", "old")
    journal.begin("role", "ana")
    newest = journal.begin("user", "ana", "new")
    found = journal.made_by_us("user", "ana")
    assert found and found.id == newest
    journal.recorded("user", "ana")
    assert [left.kind for left in journal.open()] == ["role"]


def test_a_process_sees_what_another_wrote_meanwhile(tmp_path):
    ours, theirs = Journal(tmp_path, "crm"), Journal(tmp_path, "crm")
    entry = theirs.begin("user", "ana")
    assert ours.made_by_us("user", "ana")
    theirs.made(entry, "1")
    (left,) = ours.open()
    assert left.native_id == "1"
    theirs.undone(entry)
    theirs.fold()
    theirs.begin("user", "ben")
    assert [left.key for left in ours.open()] == ["ben"]


def test_recording_what_is_not_in_the_journal_writes_nothing(tmp_path):
    journal = Journal(tmp_path, "crm")
    journal.recorded("user", "ana", "42")
    assert not journal.path.exists()
    journal.begin("user", "ben")
    size = journal.path.stat().st_size
    journal.recorded_all("user", native_ids=[str(i) for i in range(1000)], keys=["ana"])
    assert journal.path.stat().st_size == size


def test_folding_keeps_what_is_open_and_drops_the_logins_of_the_rest(tmp_path):
    journal = Journal(tmp_path, "crm")
    for i in range(20):
        entry = journal.begin("user", f"login{i}", f"p{i}")
        journal.made(entry, str(i))
        if i != 7:
            journal.recorded("user", native_id=str(i))
    before = journal.open()
    journal.fold()
    assert journal.open() == before == Journal(tmp_path, "crm").open()
    assert "login7" in journal.path.read_text() and "login8" not in journal.path.read_text()
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_large_journal_folds_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLD_AT", 4096)
    journal = Journal(tmp_path, "crm")
    for i in range(100):
        journal.undone(journal.begin("user", f"login{i}"))
    assert journal.path.stat().st_size < 4096 and journal.open() == []


def test_a_line_cut_short_by_a_crash_costs_only_itself(tmp_path):
    journal = Journal(tmp_path, "crm")
    journal.begin("user", "ana")
    with journal.path.open("ab") as file:
        file.write(b'{"event":"begin","id":"x","ki')
    assert [left.key for left in journal.open()] == ["ana"]
    journal.begin("user", "ben")
    assert [left.key for left in journal.open()] == ["ana", "ben"]
    assert [left.key for left in Journal(tmp_path, "crm").open()] == ["ana", "ben"]


KILLED = """
import os, signal, sys
from pathlib import Path
from pulumi_martech.reconcile.journal import Journal
journal = Journal(Path(sys.argv[1]), "crm")
journal.made(journal.begin("user", "ana", "ana"), "42")
journal.begin("user", "ben", "ben")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_leaves_what_was_made_and_what_may_have_been(tmp_path):
    child = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert child.returncode == -9
    left = Journal(tmp_path, "crm").open()
    assert [(entry.key, entry.native_id) for entry in left] == [("ana", "42"), ("ben", None)]


class Model(RuleBasedStateMachine):
    """Two processes' views of one file against a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.views = [Journal(Path(self.folder.name), "crm") for _ in range(2)]
        self.open: dict[str, tuple[str, str | None]] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    view = st.integers(0, 1)

    @rule(view=view, key=st.sampled_from("abc"))
    def begin(self, view, key):
        self.open[self.views[view].begin("user", key)] = (key, None)

    @rule(view=view, which=st.integers(0, 5), native=st.sampled_from("123"))
    def made(self, view, which, native):
        if self.open:
            entry = list(self.open)[which % len(self.open)]
            self.views[view].made(entry, native)
            self.open[entry] = (self.open[entry][0], native)

    @rule(view=view, which=st.integers(0, 5))
    def undone(self, view, which):
        if self.open:
            entry = list(self.open)[which % len(self.open)]
            self.views[view].undone(entry)
            del self.open[entry]

    @rule(view=view, native=st.sampled_from("123"), key=st.sampled_from(["", "a", "b"]))
    def recorded(self, view, native, key):
        self.views[view].recorded("user", key, native)
        self.open = {e: (k, n) for e, (k, n) in self.open.items() if n != native and k != key}

    @rule(view=view)
    def fold(self, view):
        self.views[view].fold()

    @invariant()
    def all_see_the_same(self):
        for view in self.views:
            assert {left.id: (left.key, left.native_id) for left in view.open()} == self.open


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
