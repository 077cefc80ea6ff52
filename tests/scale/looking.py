"""What a look at the lock before each call costs: ``bench.py looking``.

An `up` updates people of a provider that takes 50 ms for each, 16 at once, on each backend; with
the look and without it, in turns.
"""

import io
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # for what `tests.engine` imports

import boto3
from moto.server import ThreadedMotoServer

from pulumi_martech.engine.embedded.blobs import BlobBackend
from pulumi_martech.engine.embedded.database import Table
from pulumi_martech.engine.embedded.journal import Journal
from pulumi_martech.engine.embedded.objects import Objects
from pulumi_martech.engine.embedded.stacks import empty_deployment
from pulumi_martech.engine.embedded.stores import FolderStore, Store
from tests.engine.office import WORLD, Place
from tests.passphrase import PASSPHRASE, SETTINGS
from tests.real import postgres

PEOPLE, EACH, AT_ONCE, ROUNDS = 300, 0.05, 16, 5
FAR = 0.02
"""Seconds that a request to a bucket takes."""


class Far(Objects):
    """A bucket that is not on this machine."""

    def _get(self, key: str) -> Any:
        time.sleep(FAR)
        return super()._get(key)

    def _asked(self, what: str, given: Any, condition: Any) -> Any:
        time.sleep(FAR)
        return super()._asked(what, given, condition)


@contextmanager
def bucket() -> Iterator[str]:
    """Yield the URL of a bucket on this machine."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    boto3.client("s3").create_bucket(Bucket="state")
    try:
        yield "s3://state"
    finally:
        server.stop()


def updating(root: Path, store: Store) -> tuple[float, float]:
    """Return the seconds of an `up` with the look at the lock and without: medians."""
    root.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    place = Place(root, store)
    place.parallel = AT_ONCE
    place.stack.make(empty_deployment())

    def run(number: int) -> float:
        people = {f"u{n}": {"login": f"u{n}", "role": f"r{number}"} for n in range(PEOPLE)}
        began = time.monotonic()
        with redirect_stdout(io.StringIO()):
            if place.run(people, threads=64):
                raise SystemExit("the run failed")
        return time.monotonic() - began

    run(0)
    WORLD.dead = lambda: bool(time.sleep(EACH))
    looking, blind = [], []
    begin = Journal.__init__
    for number in range(ROUNDS):
        looking.append(run(2 * number + 1))
        Journal.__init__ = lambda self, tape, owned: begin(self, tape)
        blind.append(run(2 * number + 2))
        Journal.__init__ = begin
    WORLD.reset()
    return statistics.median(looking), statistics.median(blind)


def figures() -> Iterator[str]:
    """Yield a line for each backend."""
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    with bucket() as there, postgres.running() as database:
        stores: dict[str, Callable[[Path], Store]] = {
            "folder": lambda root: FolderStore(root / "state"),
            "SQLite": lambda root: BlobBackend(Table("sqlite:///s.db", root), "x").store("dev"),
            "PostgreSQL": lambda root: BlobBackend(Table(database, root), "x").store("dev"),
            f"bucket {1000 * FAR:.0f} ms away": lambda _: BlobBackend(Far(there), "x").store("dev"),
        }
        for name, make in stores.items():
            with tempfile.TemporaryDirectory() as folder:
                looking, blind = updating(Path(folder), make(Path(folder)))
            yield f"{name}: {looking:.2f} s, {blind:.2f} s without, {looking / blind:.2f} times"
