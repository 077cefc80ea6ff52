"""Folders, databases and object stores keep state alike; what they cannot is said."""

import errno
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from sqlalchemy import make_url

from pulumi_martech.engine import processes
from pulumi_martech.engine.embedded import objects
from pulumi_martech.engine.embedded.backends import backend
from pulumi_martech.engine.embedded.blobs import BlobBackend, BlobStore
from pulumi_martech.engine.embedded.database import Table
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.files import write_text
from pulumi_martech.engine.embedded.project import Project
from pulumi_martech.engine.embedded.stacks import StackFolder, empty_deployment
from pulumi_martech.engine.embedded.stores import Backend, FolderBackend, FolderStore
from tests.engine.blobs import Memory
from tests.engine.disk import Killed
from tests.engine.office import AFTER, BEFORE, WORLD, Place, wanted
from tests.engine.proxy import Proxy
from tests.passphrase import PASSPHRASE, SETTINGS
from tests.real import postgres
from tests.real.conftest import missing
from tests.real.keeper import Unavailable


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server on this machine, with a bucket `state`."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        aws(patch, address)
        boto3.client("s3").create_bucket(Bucket="state")
    yield address
    server.stop()


def aws(patch: pytest.MonkeyPatch, address: str) -> None:
    patch.setenv("AWS_ENDPOINT_URL", address)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database on this machine."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres.running())
        except Unavailable as reason:
            missing(reason)
        yield url


@pytest.fixture(params=["folder", "sqlite", "s3", "postgres"])
def project(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A project whose stacks are in each backend in turn."""
    if request.param == "s3":
        aws(monkeypatch, request.getfixturevalue("s3"))
    url = {
        "folder": lambda: "elsewhere",
        "sqlite": lambda: "sqlite:///state.db",
        "s3": lambda: f"s3://state/{tmp_path.name}",
        "postgres": lambda: request.getfixturevalue("database"),
    }[request.param]()
    monkeypatch.setenv("MARTECH_BACKEND_URL", url)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    WORLD.reset()
    return Project(tmp_path, f"shop-{request.param}", tmp_path, tmp_path, False)


def test_what_is_put_there_is_there(project: Project) -> None:
    where = backend(project)
    store, other = where.store("dev"), where.store("dev2")
    assert where.stacks() == [] and store.read("checkpoint.json") is None
    assert store.journals() == [] and "hush" not in where.url
    store.remove("checkpoint.json")
    for content in (b"first", b"", bytes(range(256)) * 9000):
        store.write("checkpoint.json", [content[:7], content[7:]])
        assert backend(project).store("dev").read("checkpoint.json") == content
    other.write("checkpoint.json", [b"other"])
    assert backend(project).stacks() == ["dev", "dev2"]

    tape = store.tape(b"one\n")
    tape.write(b"two\n")
    tape.settle()
    tape.write(b"three\n")
    tape.settle()
    tape.close()
    assert backend(project).store("dev").journals() == [b"one\ntwo\nthree\n"]
    assert other.journals() == []
    tape.remove()
    assert store.journals() == []
    again = store.tape(b"again\n")
    again.settle()
    again.close()
    assert store.journals() == [b"again\n"]
    store.fold([b"fol", b"ded"])
    assert store.journals() == [] and store.read("checkpoint.json") == b"folded"

    store.clear()
    assert backend(project).stacks() == ["dev2"] and other.read("checkpoint.json") == b"other"
    other.clear()


def test_a_backend_of_the_real_engine_is_told(project: Project) -> None:
    """Whoever points to one would make everything again in a stack of the same name."""
    where = backend(project)
    assert not where.is_pulumis
    if isinstance(where, FolderBackend):
        (where._folder.parent / ".pulumi").mkdir(parents=True)
    else:
        where._blobs.put(".pulumi/meta.yaml", b"version: 1\n")
    assert backend(project).is_pulumis and where.stacks() == []
    if not isinstance(where, FolderBackend):
        where._blobs.delete([".pulumi/meta.yaml"])


def test_of_many_who_ask_for_the_lock_one_gets_it(project: Project) -> None:
    backend(project).store("dev").write("checkpoint.json", [b"{}"])
    got: list[bytes] = []

    def ask(number: int) -> None:
        mine = b"lock %d" % number
        if backend(project).store("dev").create("lock.json", mine):
            got.append(mine)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    store = backend(project).store("dev")
    assert store.read("lock.json") == got[0]
    assert not store.create("lock.json", b"mine")
    store.remove("lock.json")
    assert store.create("lock.json", b"mine")
    store.clear()


def contend(url: str, root: Path, wins: Path) -> None:
    """Take the lock again and again; count while it is held."""
    os.environ["MARTECH_BACKEND_URL"] = url
    there = Project(root, "shop", root, root, False)
    stack = StackFolder(there, "dev")
    for _ in range(15):
        with suppress(EngineError), stack.locked("up"):
            number = int(wins.read_text())
            time.sleep(0.001)
            wins.write_text(str(number + 1))
            with wins.with_name("all").open("a") as file:
                file.write("won\n")
        time.sleep(random.random() / 500)


@pytest.mark.parametrize("url", ["state", "sqlite:///state.db"])
def test_of_many_processes_one_works_at_a_time(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARTECH_BACKEND_URL", url)
    monkeypatch.setattr(processes, "_DYING", 0.0)
    wins = tmp_path / "wins"
    wins.write_text("0")
    StackFolder(Project(tmp_path, "shop", tmp_path, tmp_path, False), "dev").make(
        empty_deployment()
    )
    forked = multiprocessing.get_context("fork")
    rivals = [forked.Process(target=contend, args=(url, tmp_path, wins)) for _ in range(4)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(60)
        assert rival.exitcode == 0
    won = wins.with_name("all").read_text().count("won")
    assert int(wins.read_text()) == won >= 15


def test_folders_behind_links_and_with_odd_names(tmp_path: Path) -> None:
    real = tmp_path / "réal fôlder"
    (real / "settings").mkdir(parents=True)
    root = tmp_path / "link to it"
    root.symlink_to(real, target_is_directory=True)
    settings = root / "Pulumi.dev.yaml"
    settings.symlink_to("settings/dev.yaml")
    place = Place(root, FolderStore(root / "stäte of\nall" / "dev"))
    place.stack.make(empty_deployment())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        write_text(settings, SETTINGS)
        WORLD.reset()
        assert place.run(BEFORE) == 0 and place.logins() == wanted(BEFORE)
    assert settings.is_symlink() and (real / "settings" / "dev.yaml").read_text() == SETTINGS
    assert sorted(p.name for p in (real / "stäte of\nall" / "dev").iterdir()) == [
        "checkpoint.json",
        "history.jsonl",
    ]


class Mortal:
    """A store, or its journal, of a process that ends with the calls to the platform."""

    def __init__(self, inner: Any):
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "side_by_side":
            return self._inner.side_by_side

        def call(*given: Any) -> Any:
            WORLD.call()
            answer = getattr(self._inner, name)(*given)
            return Mortal(answer) if name == "tape" else answer

        return call


def test_another_machine_goes_on_from_a_run_that_was_killed(project: Project) -> None:
    def machine() -> Place:
        return Place(project.root, backend(project).store("dev"))

    machine().stack.write(empty_deployment())
    assert machine().run(BEFORE) == 0
    assert machine().logins() == wanted(BEFORE)
    WORLD.dead = lambda: "cathy" in WORLD.people  # made, and killed before it could say so
    with pytest.raises(Killed):
        Place(project.root, Mortal(backend(project).store("dev"))).run(AFTER, threads=3)
    WORLD.dead = lambda: False
    assert ", up) " in machine().stack.holder(), "the lock of the killed run is there"
    assert "cathy" in machine().pending(), "what was under way is known"
    assert machine().run(AFTER) == 1, "the lock holds"
    machine().converges("killed")
    assert machine().run({}, "destroy") == 0 and not WORLD.people
    machine().stack.remove()
    assert backend(project).stacks() == []


def test_a_database_whose_connections_break_loses_nothing(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One that is dropped is made anew, in the middle of a transaction, too."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    there = make_url(database)
    proxy = Proxy(there.port or 0)
    url = there.set(port=proxy.port).render_as_string()
    WORLD.reset()

    def place() -> Place:
        return Place(tmp_path, BlobBackend(Table(url, tmp_path), "shop-cut").store("dev"))

    place().stack.make(empty_deployment())
    assert place().run(BEFORE) == 0
    people, blobs = dict(WORLD.people), Table(url, tmp_path)
    things = {key: blobs.get(key) or b"" for key in blobs.keys("shop-cut/")}
    proxy.pieces = 0
    assert place().run(AFTER) == 0
    for at in range(4, proxy.pieces - 4, proxy.pieces // 4):
        WORLD.people, WORLD.made = dict(people), dict.fromkeys(people, 1)
        for key, data in things.items():
            blobs.put(key, data)
        proxy.pieces, proxy.cut_at = 0, at
        assert place().run(AFTER) == 0, f"cut at {at}"
        assert proxy.pieces > at
        proxy.cut_at = 0
        place().converges(f"cut at {at}")
    blobs.delete(blobs.keys("shop-cut/"))
    proxy.close()
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place in memory, after a first run."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    WORLD.reset()
    place = Place(tmp_path, BlobStore(Memory(), "shop/dev/"))
    place.stack.write(empty_deployment())
    assert place.run(BEFORE) == 0
    return place


@pytest.mark.parametrize("trouble", ["kill", "kill after", "fail", "fail after"])
def test_a_run_whose_backend_goes_away_at_any_call_loses_nothing(
    memory: Place, trouble: str
) -> None:
    things, people = dict(memory.store._blobs.things), dict(WORLD.people)
    number, ended = 0, False
    while not ended:
        number += 1
        blobs = Memory()
        blobs.things = dict(things)
        WORLD.reset()
        WORLD.people = dict(people)
        WORLD.made = dict.fromkeys(people, 1)
        WORLD.dead = lambda blobs=blobs: blobs.dead
        place = Place(memory.root, BlobStore(blobs, "shop/dev/"))
        blobs.trouble = lambda now, at=number: trouble if now == at else ""
        with suppress(Killed):
            place.run(AFTER)
        ended = blobs.number < number
        blobs.trouble, blobs.dead = lambda now: "", False
        place.converges(f"{trouble} at {number}")
        assert sorted(blobs.things) == [
            f"shop/dev/{n}" for n in ("checkpoint.json", "history.jsonl")
        ]
    assert number > 12


def test_a_list_that_is_behind_hides_nothing_of_a_killed_run(memory: Place) -> None:
    blobs = memory.store._blobs
    WORLD.dead = lambda: "cathy" in WORLD.people
    with pytest.raises(Killed):
        memory.run(AFTER)
    WORLD.dead = lambda: False
    left = memory.store.journals()
    assert left and memory.pending()
    blobs.behind = 1
    assert memory.store.journals() == left, "a segment that is not listed yet is read all the same"
    memory.forgets_nobody("a list that is behind")
    blobs.behind = 0
    memory.converges("a list that is behind")


def test_nobody_breaks_a_lock_while_the_state_is_written(project: Project) -> None:
    """An old run must not write over the state of the next one, not even by a moment."""
    stack, other = (StackFolder(project, "dev") for _ in range(2))
    stack.make(empty_deployment())
    if project.name == "shop-s3":  # an object store lets nobody have anything to himself
        refuses_an_old_run(stack, other)
        return
    breaking = threading.Thread(target=other.unlock)
    genuine = stack.store.write

    def slow(name: str, parts: Iterable[bytes]) -> None:
        breaking.start()
        breaking.join(0.3)
        assert breaking.is_alive(), "it waits until the state is there"
        genuine(name, parts)

    with pytest.MonkeyPatch.context() as patch, stack.locked("up"):
        old = stack.begin()[1]
        old.close()
        patch.setattr(stack.store, "write", slow)
        stack.write({**empty_deployment(), "metadata": {"who": "first"}})
        breaking.join(10)
        assert not breaking.is_alive() and not other.lock
        patch.undo()
        with other.locked("up"):
            other.write({**empty_deployment(), "metadata": {"who": "second"}})
            _, journal = other.begin()
            journal.append({"op": 1, "kind": "begin"})
            journal.settle()
            with pytest.raises(EngineError, match="was broken while this run went on"):
                stack.write(empty_deployment())
            stack.forget(old)
            assert other.read()["metadata"] == {"who": "second"} and other.store.journals()
            journal.close()
    assert stack.store.read("lock.json") is None


def refuses_an_old_run(stack: StackFolder, other: StackFolder) -> None:
    """What it writes after it has looked at the lock comes too late."""
    genuine, late = stack.store.write, ExitStack()

    def slow(name: str, parts: Iterable[bytes]) -> None:
        if other.lock:
            other.unlock()
            late.enter_context(other.locked("up"))
            late.callback(other.begin()[1].close)
        genuine(name, parts)

    with stack.locked("up"), late:
        stack.begin()[1].close()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stack.store, "write", slow)
            with pytest.raises(EngineError, match="was broken while this run went on"):
                stack.write({**empty_deployment(), "metadata": {"who": "first"}})
        assert "metadata" not in other.read() and other.owned()
        other.write({**empty_deployment(), "metadata": {"who": "second"}})
        with pytest.raises(EngineError, match="was changed by somebody else since it was read"):
            stack.store.write("checkpoint.json", [b"first"])
        assert other.read()["metadata"] == {"who": "second"} and other.owned()


def test_a_server_that_knows_no_conditions_on_what_is_there_is_written_to_all_the_same(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws(monkeypatch, s3)
    there = objects.Objects("s3://state/simple")
    ask = there._files.call_s3

    def simple(what: str, **given: Any) -> Any:
        if "IfMatch" in given:
            raise OSError(errno.ENOSYS, "A header you provided implies functionality")
        return ask(what, **given)

    monkeypatch.setattr(there._files, "call_s3", simple)
    assert there.get("checkpoint.json") is None
    for content in (b"one", b"two"):
        there.put("checkpoint.json", content)
        assert there.get("checkpoint.json") == content
    there.delete(["checkpoint.json"])
    assert there.get("checkpoint.json") is None


def test_an_object_is_removed_that_was_looked_at_and_no_later_one(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws(monkeypatch, s3)
    there, other = (objects.Objects("s3://state/removed") for _ in range(2))
    there.put("lock.json", b"mine")
    assert there.get("lock.json") == b"mine"
    other.put("lock.json", b"theirs")
    with pytest.raises(EngineError, match=r"lock.json was changed .* not removed"):
        there.delete(["lock.json"])
    assert other.get("lock.json") == b"theirs"
    other.delete(["lock.json"])
    there.delete(["lock.json"])
    assert there.get("lock.json") is None


def test_a_server_that_would_let_two_runs_work_at_once_is_refused(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers take `If-None-Match` and do not hold to it."""
    aws(monkeypatch, s3)
    there = objects.Objects("s3://state/careless")
    ask = there._asked
    monkeypatch.setattr(there, "_asked", lambda what, given, _: ask(what, given, {}))
    with pytest.raises(EngineError, match="ignores `If-None-Match`"):
        there.add("lock.json", b"mine")
    assert there.get("lock.json") is None


def test_an_answer_that_breaks_off_is_said(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    aws(monkeypatch, s3)
    there = objects.Objects("s3://state/broken")

    async def broken(_key: str) -> None:
        raise ClientPayloadError("Response payload is not completed")

    monkeypatch.setattr(there, "_read", broken)
    with pytest.raises(EngineError, match="s3://state/broken cannot be read: Response payload"):
        there.get("checkpoint.json")


def test_tls_that_a_database_does_not_speak_is_said(database: str, tmp_path: Path) -> None:
    for mode in ("require", "verify-full"):
        with pytest.raises(EngineError, match=r"cannot be read: .*SSL"):
            Table(f"{database}?sslmode={mode}", tmp_path).get("x")
    assert Table(f"{database}?sslmode=disable", tmp_path).get("x") is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("gs://bucket", "begins with gs://, which is no backend of the embedded engine"),
        ("s3://", "begins with s3://"),
        ("https://app.pulumi.com", "use a stack on the real `pulumi`"),
        ("postgresql://me:hush@127.0.0.1:1/x", "postgresql://me:***@127.0.0.1:1/x cannot be read"),
        ("sqlite:///missing/folder/state.db", "unable to open database file"),
        ("s3://nowhere", "the state in s3://nowhere cannot be read"),
        ("s3://bucket?region=hush", "set AWS_REGION, AWS_ENDPOINT_URL and AWS_PROFILE"),
        ("postgresql://me@127.0.0.1:1/x?password=hush", "and the password in PGPASSWORD"),
        ("postgresql://me:hu@hush@127.0.0.1:1/x", "write one in a password as %40"),
        ("postgresql://me:hush@127.0.0.1:hush/x", "is no URL of a database: write postgresql://"),
        ("postgresql://127.0.0.1/hush", "names no user of the database"),
        ("POSTGRESQL://me:hush@127.0.0.1:1/x?sslmode=require", "cannot be read"),
    ],
)
def test_what_cannot_be_reached_is_said_in_a_sentence(
    url: str, said: str, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws(monkeypatch, s3)
    monkeypatch.setenv("MARTECH_BACKEND_URL", url)
    there = Project(tmp_path, "shop", tmp_path, tmp_path, False)

    def look() -> Backend:
        found = backend(there)
        found.store("dev").read("checkpoint.json")
        return found

    with pytest.raises(EngineError) as caught:
        look()
    assert said in str(caught.value)
    assert "hush" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "url", "said"),
    [
        ("s3fs", "s3://state", "pip install 'pulumi-martech[s3]'"),
        ("sqlalchemy", "sqlite:///x.db", "pip install 'pulumi-martech[postgres]'"),
        ("pg8000", "postgresql://me@127.0.0.1/x", "pip install 'pulumi-martech[postgres]'"),
    ],
)
def test_a_library_that_is_missing_is_named_with_what_brings_it(
    module: str, url: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    monkeypatch.setenv("MARTECH_BACKEND_URL", url)
    with pytest.raises(EngineError) as caught:
        backend(Project(tmp_path, "shop", tmp_path, tmp_path, False))
    assert said in str(caught.value)
