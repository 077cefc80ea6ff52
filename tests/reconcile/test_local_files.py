"""Disks that are full or read-only, locks that are held, and where the files lie."""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest

from pulumi_martech.project import project
from pulumi_martech.reconcile import lines
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.chain import entries, verify
from pulumi_martech.reconcile.home import NotWritable, account_file, home

# -- the folder


def test_home_is_beside_the_nearest_project_file(tmp_path, monkeypatch):
    monkeypatch.delenv("MARTECH_HOME", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    program = tmp_path / "stacks" / "deep"
    program.mkdir(parents=True)
    monkeypatch.chdir(program)
    assert home() == tmp_path / ".martech"
    assert (tmp_path / ".martech").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".martech/.gitignore").read_text() == "*\n"
    assert project(program) == tmp_path


def test_home_is_in_the_working_folder_without_a_project(tmp_path, monkeypatch):
    monkeypatch.delenv("MARTECH_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert home() == tmp_path / ".martech"


def test_a_relative_home_is_meant_from_the_project(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    (tmp_path / "stacks").mkdir()
    monkeypatch.chdir(tmp_path / "stacks")
    monkeypatch.setenv("MARTECH_HOME", "state/here")
    assert home() == tmp_path / "state/here"
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path / "elsewhere"))
    assert home() == tmp_path / "elsewhere"


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(NotWritable, match=r"Not a directory; nothing was sent .*MARTECH_HOME"):
        home(tmp_path)


@pytest.mark.parametrize("account", ["../x", "", "A", "a/b", "crm\n"])
def test_what_is_no_account_key_is_no_file_name(tmp_path, account):
    with pytest.raises(ValueError, match="account key"):
        account_file(tmp_path, "audit", account)


# -- disks

FULL = """
import resource, sys
from pathlib import Path
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.journal import Journal
home, sent = Path(sys.argv[1]), []
size = (home / "audit/crm.jsonl").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    with Audit(home, "crm").call("ben", "create user"):
        sent.append("ben")
except Exception as error:
    print(type(error).__name__, error)
print("sent", sent)
"""


def child(code: str, *args: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_full_disk_is_one_sentence_and_nothing_is_sent(tmp_path):
    audit = Audit(tmp_path, "crm")
    with audit.call("ana", "create user"):
        pass
    before = audit.path.read_bytes()
    out = child(FULL, tmp_path, 100)  # room for a part of the line only
    assert out.startswith("NotWritable write ")
    assert "nothing was sent to the platform; make room" in out and "sent []" in out
    assert audit.path.read_bytes() == before  # the part was taken back
    assert verify(audit.path).ok


def test_a_disk_full_before_the_result_leaves_the_intent_open_and_the_caller_its_result(tmp_path):
    audit = Audit(tmp_path, "crm")
    with audit.call("ana", "create user"):
        pass
    out = child(FULL, tmp_path, 500)  # room for the intent, not for the result
    assert "sent ['ben']" in out and "NotWritable" not in out
    verdict = verify(audit.path)
    assert verdict.ok and [e.person for e in verdict.open_intents] == ["ben"]


READ_ONLY = """
import os, sys
from pathlib import Path
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.journal import Journal
if os.geteuid() == 0:
    os.seteuid(65534)
home, sent = Path(sys.argv[1]), []
for do in (lambda: Audit(home, "crm").call("ana", "create user").__enter__(),
           lambda: Journal(home, "crm").begin("user", "ana", "ana")):
    try:
        do()
        sent.append("ana")
    except Exception as error:
        print(type(error).__name__, error)
print("sent", sent)
"""


def test_a_folder_without_the_right_to_write_is_one_sentence_and_nothing_is_sent():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        first, second, sent = child(READ_ONLY, folder).splitlines()
        folder.chmod(0o755)
    for sentence in (first, second):
        assert sentence.startswith("NotWritable write ")
        assert "Permission denied; nothing was sent to the platform; " in sentence
    assert sent == "sent []"


def test_a_lock_that_is_never_given_back_ends_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LOCK_SECONDS", 0.1)
    (tmp_path / "audit").mkdir()
    lock = os.open(tmp_path / "audit/crm.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with pytest.raises(NotWritable, match="another process has held its lock"):
            Audit(tmp_path, "crm").call("ana", "create user").__enter__()
    finally:
        os.close(lock)
    assert not list(entries(tmp_path / "audit/crm.jsonl"))


@pytest.mark.parametrize(
    ("content", "line", "torn"),
    [
        (b"", None, b""),
        (b"\n", b"", b""),
        (b"abc", None, b"abc"),
        (b"a\nb\n", b"b", b""),
        (b"a\nb\nc", b"b", b"c"),
        (b"x" * 70_000 + b"\n" + b"y" * 200_000 + b"\n", b"y" * 200_000, b""),
        (b"x\n" + b"y" * 65_535 + b"\n" + b"z", b"y" * 65_535, b"z"),
    ],
    ids=range(7),
)
def test_the_last_line_is_found_whatever_its_length(tmp_path, content, line, torn):
    path = tmp_path / "f.jsonl"
    path.write_bytes(content)
    with lines.writing(path) as file:
        assert lines.last(file) == (line, torn)


_HOLDS = """
import sys, time
from pathlib import Path
from pulumi_martech.reconcile import lines
with lines.alone(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_one_at_a_time_is_alone_also_after_a_kill(tmp_path):
    path = tmp_path / "journal" / "crm.one.lock"
    words = [sys.executable, "-c", _HOLDS, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"in\n"
        held = pytest.raises(NotWritable, match="another process has held its lock")
        with patch.object(lines, "ALONE_SECONDS", 0.05), held, lines.alone(path):
            pass
        other.kill()
    assert path.exists(), "it could not take it away any more"
    inside, most = 0, 0

    def enter(_):
        nonlocal inside, most
        with lines.alone(path):
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(40)))
    assert most == 1
    assert not path.exists()
    with pytest.raises(OSError, match="of the block"), lines.alone(path):
        raise OSError("of the block")
