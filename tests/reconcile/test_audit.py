"""The audit: what it says, what it never says, and what verify finds."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulumi_martech.model.errors import (
    AlreadyExists,
    Malformed,
    NotApplied,
    Refused,
    Uncertain,
    Unreachable,
)
from pulumi_martech.model.membership import Change
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.chain import entries, files, heads, open_intents, verify


def write(home: Path, calls: int = 3, account: str = "crm") -> Path:
    audit = Audit(home, account, actor="ops", run="r1")
    for i in range(calls):
        with audit.call(f"p{i}", "create user", "", ["+ role Editors"]) as call:
            call.target = str(100 + i)
    return audit.path


def test_a_call_leaves_its_intent_before_and_its_result_after(tmp_path):
    audit = Audit(tmp_path, "crm", actor="ops", run="r1")
    with audit.call("ana", "create user", "", ["+ role Editors"], reason="approved") as call:
        (intent,) = entries(audit.path)
        assert (intent.phase, intent.person, intent.verb) == ("intent", "ana", "create user")
        assert intent.reason == "approved" and intent.changes == ("+ role Editors",)
        call.target = "42"
    _, result = entries(audit.path)
    assert (result.phase, result.of, result.target) == ("done", 1, "42")
    assert (result.actor, result.run, result.account) == ("ops", "r1", "crm")
    assert result.prev == intent.hash
    verdict = verify(audit.path)
    assert verdict.ok and verdict.entries == 2 and verdict.head == result.hash
    assert not verdict.open_intents
    assert audit.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (Refused("create ana", "seat limit", status=422), "failed"),
        (AlreadyExists("create ana", "existing_user_login", status=500), "failed"),
        (Unreachable("create ana", "connection refused"), "failed"),
        (Refused("create ana", "internal error", status=500), "unknown"),
        (Uncertain("create ana", "cut"), "unknown"),
        (Malformed("create ana", "an HTML page"), "unknown"),
        (NotApplied("create ana", "nothing changed"), "unknown"),
        (KeyboardInterrupt(), "unknown"),
        (ZeroDivisionError("x"), "unknown"),
    ],
)
def test_a_failure_is_recorded_as_what_it_says_about_the_platform(tmp_path, error, phase):
    audit = Audit(tmp_path, "crm")
    with pytest.raises(type(error)), audit.call("ana", "create user"):
        raise error
    *_, result = entries(audit.path)
    assert result.phase == phase
    assert verify(audit.path).ok
    assert bool(verify(audit.path).open_intents) == (phase == "unknown")


def test_an_unknown_result_stays_open_until_it_is_settled_by_reading(tmp_path):
    audit = Audit(tmp_path, "crm")
    with pytest.raises(Uncertain), audit.call("ana", "create user") as call:
        raise Uncertain("create user ana", "the connection was cut")
    assert [e.n for e in verify(audit.path).open_intents] == [call.n]
    audit.settle(call.n, "done", "found by reading")
    verdict = verify(audit.path)
    assert verdict.ok and not verdict.open_intents
    with pytest.raises(ValueError, match="no open intent"):
        audit.settle(call.n, "done", "again")


def test_no_login_address_value_or_secret_stands_in_the_file(tmp_path):
    audit = Audit(tmp_path, "crm", actor="ops", redact=lambda text: text.replace("hunter2", "***"))
    changes = [
        Change(name="email", live="old@example.com", wanted="ana.lopez@example.com"),
        Change(name="active", live=True, wanted=False),
        Change(name="roles.Editors", live=None, wanted=True),
        "role for boss@example.com",
    ]
    with (
        pytest.raises(Refused),
        audit.call(
            "ana",
            "change user",
            "ana.lopez@example.com",
            changes,
            reason="asked by ceo@example.com",
            hide=["alopez", "Ana López"],
        ),
    ):
        raise Refused(
            "change user ana",
            "Ana LÓPEZ <ana.lopez@example.com> (ALOPEZ) exists, token hunter2",
            status=409,
        )
    text = audit.path.read_text()
    for word in ("@", "lopez", "hunter2", "L\\u00d3PEZ", "old"):
        assert word not in text.lower() if word.islower() else word not in text
    intent, result = entries(audit.path)
    assert intent.changes[:3] == ("email", "active: True -> False", "+ role Editors")
    assert "<ana>" in result.said and "***" in result.said


def test_a_long_answer_is_shortened(tmp_path):
    audit = Audit(tmp_path, "crm")
    with pytest.raises(Refused), audit.call("ana", "create user"):
        raise Refused("create user ana", "x" * 1_000_000, status=400)
    assert audit.path.stat().st_size < 2_000


# -- the chain

LINES = 8


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> tuple[Path, list[bytes]]:
    path = write(tmp_path_factory.mktemp("audit"), LINES // 2)
    return path, path.read_bytes().splitlines(keepends=True)


def found(folder: Path, original: Path, rows: list[bytes]) -> bool:
    path = folder / "crm.jsonl"
    path.write_bytes(b"".join(rows))
    path.with_suffix(".head").write_bytes(original.with_suffix(".head").read_bytes())
    verdict = verify(path)
    return not verdict.ok or bool(verdict.open_intents)


fresh = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_the_untouched_file_is_fine(tmp_path, original):
    path, rows = original
    assert not found(tmp_path, path, rows)


@fresh
@given(data=st.data())
def test_any_edit_is_found(tmp_path, original, data):
    path, rows = original
    text = b"".join(rows)
    at = data.draw(st.integers(0, len(text) - 1))
    old = text[at : at + 1]
    new = data.draw(st.binary(max_size=3).filter(lambda b: b != old))
    changed = text[:at] + new + text[at + 1 :]
    if changed.rstrip(b"\n") == text.rstrip(b"\n") and not new:
        return  # a lost last line end is what a crash leaves, and reported as such (see below)
    assert changed == text or found(tmp_path, path, [changed])


@fresh
@given(gone=st.sets(st.integers(0, LINES - 1), min_size=1))
def test_any_deletion_is_found_at_the_end_too(tmp_path, original, gone):
    path, rows = original
    assert found(tmp_path, path, [row for i, row in enumerate(rows) if i not in gone])


@fresh
@given(order=st.permutations(range(LINES)).filter(lambda p: list(p) != list(range(LINES))))
def test_any_reordering_is_found(tmp_path, original, order):
    path, rows = original
    assert found(tmp_path, path, [rows[i] for i in order])


@fresh
@given(keep=st.integers(0, 10_000))
def test_any_truncation_is_found(tmp_path, original, keep):
    path, rows = original
    text = b"".join(rows)
    kept = text[: keep % (len(text) - 1)]
    assert found(tmp_path, path, [kept])


@fresh
@given(at=st.integers(0, LINES), what=st.sampled_from([b"\n", b"{}\n", b"null\n"]) | st.just(None))
def test_any_added_line_is_found(tmp_path, original, at, what):
    path, rows = original
    extra = rows[0] if what is None else what
    assert found(tmp_path, path, [*rows[:at], extra, *rows[at:]])


def test_a_field_changed_with_its_own_hash_made_anew_is_found(tmp_path):
    path = write(tmp_path)
    rows = path.read_text().splitlines()
    changed = next(entries(path)).model_copy(update={"person": "eve"}).sealed()
    path.write_bytes(b"\n".join([changed.line(), *(r.encode() for r in rows[1:]), b""]))
    verdict = verify(path)
    assert not verdict.ok and verdict.first_bad == 2


def test_a_line_with_the_number_of_another_is_found(tmp_path):
    path = write(tmp_path)
    *rest, last = entries(path)
    moved = last.model_copy(update={"n": 99}).sealed()
    path.write_bytes(b"".join(entry.line() + b"\n" for entry in [*rest, moved]))
    assert "is entry 99" in verify(path).problems[0]


def test_the_file_of_another_account_is_found(tmp_path):
    write(tmp_path, account="shop")
    for suffix in (".jsonl", ".head"):
        (tmp_path / f"audit/shop{suffix}").rename(tmp_path / f"audit/crm{suffix}")
    verdict = verify(tmp_path / "audit/crm.jsonl")
    assert not verdict.ok and "belongs to account shop" in verdict.problems[0]


def test_a_chain_made_anew_is_found_by_a_head_kept_elsewhere(tmp_path, monkeypatch):
    path = write(tmp_path)
    kept = tmp_path / "artefact.json"
    kept.write_text(json.dumps(heads(tmp_path)))
    assert "not anchored elsewhere" in " ".join(verify(path).remarks)

    monkeypatch.setenv("MARTECH_AUDIT_ANCHOR", str(kept))
    write(tmp_path, 1)  # the chain goes on
    verdict = verify(path)
    assert verdict.ok and verdict.anchored and not verdict.remarks

    path.unlink()
    path.with_suffix(".head").unlink()
    assert not verify(path).ok  # thrown away
    write(tmp_path, 5)
    verdict = verify(path)
    assert not verdict.ok and not verdict.anchored and "made anew" in verdict.problems[0]
    assert verify(path, anchor=tmp_path / "missing.json").problems


def test_a_file_without_its_head_says_what_is_not_seen(tmp_path):
    path = write(tmp_path)
    path.with_suffix(".head").unlink()
    verdict = verify(path)
    assert verdict.ok and "not seen" in verdict.remarks[0]


# -- crashes


def test_a_line_cut_short_by_a_crash_is_noted_and_the_chain_goes_on(tmp_path):
    path = write(tmp_path, 2)
    with path.open("ab") as file:
        file.write(b'{"n":5,"at":"2026-')
    verdict = verify(path)
    assert verdict.ok and "line 5 was cut short" in verdict.remarks[0]

    write(tmp_path, 1)
    verdict = verify(path)
    assert verdict.ok and verdict.entries == 8 and "line 5 was cut short" in verdict.remarks[0]
    assert b'{"n":5,"at":"2026-\n' in path.read_bytes()  # nothing lost

    path.write_bytes(path.read_bytes().replace(b'"2026-\n', b'"2027-\n'))
    assert verify(path).first_bad == 5  # and held by the note


def test_lines_lost_before_the_next_write_stay_reported(tmp_path):
    path = write(tmp_path, 3)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    write(tmp_path, 2)
    verdict = verify(path)
    assert not verdict.ok and verdict.first_bad == 3 and "3 to 5" in verdict.problems[0]


def test_a_file_that_was_damaged_is_written_on_and_stays_reported(tmp_path):
    path = write(tmp_path, 2)
    with path.open("ab") as file:
        file.write(b"not an entry\n\n")
    write(tmp_path, 1)
    verdict = verify(path)
    assert not verdict.ok and verdict.first_bad == 5 and verdict.entries == 8
    assert [e.n for e in entries(path)] == [1, 2, 3, 4, 7, 8]


KILLED = """
import os, signal, sys
from pathlib import Path
from pulumi_martech.reconcile.audit import Audit
with Audit(Path(sys.argv[1]), "crm").call("ana", "create user"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_between_intent_and_result_leaves_an_open_intent(tmp_path):
    path = write(tmp_path, 1)
    child = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert child.returncode == -9
    write(tmp_path, 1)
    verdict = verify(path)
    assert verdict.ok
    (left,) = verdict.open_intents
    assert (left.n, left.person, left.verb) == (3, "ana", "create user")


WRITER = """
import sys, threading
from pathlib import Path
from pulumi_martech.reconcile.audit import Audit
home, name = Path(sys.argv[1]), sys.argv[2]
def work(thread):
    audit = Audit(home, "crm")
    for i in range(10):
        with audit.call(f"{name}-{thread}-{i}", "create user"):
            pass
threads = [threading.Thread(target=work, args=(t,)) for t in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
"""


def test_processes_and_threads_at_once_give_one_unbroken_chain(tmp_path):
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"w{i}"]) for i in range(4)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    path = tmp_path / "audit/crm.jsonl"
    verdict = verify(path)
    assert verdict.ok and verdict.entries == 4 * 2 * 10 * 2 and not verdict.open_intents
    done = {e.person for e in entries(path) if e.phase == "done"}
    assert done == {f"w{w}-{t}-{i}" for w in range(4) for t in range(2) for i in range(10)}


def test_reading_while_others_write_never_shows_half_a_line(tmp_path):
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            write(tmp_path, 1)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(100):
            verdict = verify(tmp_path / "audit/crm.jsonl")
            assert verdict.ok and not any("cut short" in remark for remark in verdict.remarks)
    finally:
        stop.set()
        thread.join()


def test_files_lists_one_an_account_and_open_intents_reads_any_of_them(tmp_path):
    write(tmp_path, account="shop")
    write(tmp_path, account="crm")
    assert [path.stem for path in files(tmp_path)] == ["crm", "shop"]
    assert all(not open_intents(entries(path)) for path in files(tmp_path))
