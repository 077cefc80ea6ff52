"""A platform with people and a program that declares them, run in this process, in milliseconds.

The run is the engine's own; only the SDK, which would start with the program, is left out.
"""

import base64
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dill
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.dynamic import ResourceProvider as Base

from pulumi_martech.engine.embedded.deployment import Deployment
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.operations import Operation, Request
from pulumi_martech.engine.embedded.options import Options
from pulumi_martech.engine.embedded.project import Project
from pulumi_martech.engine.embedded.requests import Registration
from pulumi_martech.engine.embedded.settings import StackSettings
from pulumi_martech.engine.embedded.stacks import StackFolder
from pulumi_martech.engine.embedded.state import STACK_TYPE, ResourceState
from pulumi_martech.engine.embedded.stores import Store
from pulumi_martech.engine.embedded.turns import MonitorClosed
from tests.engine.disk import Killed

USER = "pulumi-python:dynamic/shop:User"
PROVIDER = "pulumi:providers:pulumi-python"


@dataclass
class World:
    """The platform: who is there, how often each was made, and asked for."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    dead: Callable[[], bool] = lambda: False

    def reset(self) -> None:
        """Begin with nobody."""
        self.people, self.made, self.asked, self.dead = {}, {}, [], lambda: False

    def call(self) -> None:
        """Take a call, unless the caller is gone."""
        if self.dead():
            raise Killed


WORLD = World()


class People(Base):
    """Makes people; one who is there already is taken over."""

    serialize_as_secret_always = False

    def configure(self, req: Any) -> None:
        pass

    def check(self, olds: Any, news: Any) -> CheckResult:
        return CheckResult(news, [])

    def diff(self, id_: str, olds: Any, news: Any) -> DiffResult:
        moved = ["login"] if olds["login"] != news["login"] else []
        first = bool(news.get("delete_first"))
        return DiffResult(changes=None, replaces=moved, delete_before_replace=first)

    def create(self, props: Any) -> CreateResult:
        WORLD.call()
        login = props["login"]
        WORLD.asked.append(login)
        if login not in WORLD.people:
            WORLD.made[login] = WORLD.made.get(login, 0) + 1
        WORLD.people[login] = dict(props)
        return CreateResult(f"id of {login}", {**props, "token": f"token of {login}"})

    def read(self, id_: str, props: Any) -> ReadResult:
        WORLD.call()
        found = WORLD.people.get(props["login"])
        return ReadResult(id_ if found else None, {**props, **(found or {})})

    def update(self, id_: str, olds: Any, news: Any) -> UpdateResult:
        WORLD.call()
        WORLD.people[news["login"]] = dict(news)
        return UpdateResult({**news, "token": olds["token"]})

    def delete(self, id_: str, props: Any) -> None:
        WORLD.call()
        WORLD.people.pop(props["login"], None)


BEFORE = {
    "ann": {"login": "ann", "role": "reader"},
    "bob": {"login": "bob", "role": "reader"},
    "cat": {"login": "cat", "role": "reader", "delete_first": True},
    "dan": {"login": "dan", "role": "reader"},
    "eve": {"login": "eve", "role": "reader"},
}
AFTER = {
    "fay": {"login": "fay", "role": "admin"},
    "ann": BEFORE["ann"],
    "bob": {"login": "bob", "role": "admin"},
    "cat": {"login": "cathy", "role": "reader", "delete_first": True},
    "dan": {"login": "daniel", "role": "reader"},
    "gus": {"login": "gus", "role": "admin"},
}


def provider_code() -> str:
    """Return the provider as the SDK writes it into the inputs of its resources."""
    return base64.b64encode(dill.dumps(People())).decode()


class Office(Operation):
    """An operation on people in place of a program that is run by the SDK."""

    people: dict[str, dict[str, Any]]
    threads = 1

    def _program(self, request: Any, config: Any) -> Any:
        if request.kind == "import":
            return super()._program(request, config)
        alone = request.kind in ("refresh", "destroy") and not request.options.refresh_program
        return None if alone else self._declare

    def _declare(self, run: Deployment) -> None:
        with suppress(MonitorClosed):  # a program hears that the run has ended, and ends, too
            self._declared(run)

    def _declared(self, run: Deployment) -> None:
        provider = provider_code()
        stack = self._one(run, STACK_TYPE, "shop-dev", {}, custom=False)
        account = self._one(run, PROVIDER, "acme", {}, parent=stack.urn)
        with ThreadPoolExecutor(self.threads) as pool:
            made = [
                pool.submit(
                    self._one,
                    run,
                    USER,
                    name,
                    {"__provider": provider, **person},
                    parent=stack.urn,
                    provider=f"{account.urn}::{account.id}",
                    additional_secret_outputs=["token"],
                )
                for name, person in self.people.items()
            ]
        for future in made:
            future.result()
        run.set_outputs(stack.urn, {"people": ", ".join(self.people)})
        run.signal()

    @staticmethod
    def _one(
        run: Deployment, kind: str, name: str, given: Any, custom: bool = True, **more: Any
    ) -> ResourceState:
        return run.register(Registration(kind, name, custom, dict(given), **more))


@dataclass
class Place:
    """A project with a stack in a store."""

    root: Path
    store: Store
    parallel = 4

    @property
    def stack(self) -> StackFolder:
        return StackFolder(
            Project(self.root, "shop", self.root, self.root, False), "dev", self.store
        )

    def run(
        self, people: dict[str, dict[str, Any]], kind: str = "up", threads: int = 1,
        by_program: bool = False, **more: Any,
    ) -> int:  # fmt: skip
        stack = self.stack
        office = Office(stack.project, stack, StackSettings(stack.project, "dev"))
        office.people, office.threads = people, threads
        options = Options(
            preview=kind == "preview",
            refresh=by_program,
            refresh_only=kind == "refresh",
            refresh_program=by_program,
            parallel=self.parallel,
        )
        try:
            return office.run(Request(kind, options, **more))
        except EngineError as error:
            return error.code

    def users(self) -> list[dict[str, Any]]:
        """Return the users that are in the state."""
        return [r for r in self.stack.read()["resources"] if r["type"] == USER]

    def logins(self) -> set[str]:
        """Return who is in the state."""
        return {user["inputs"]["login"] for user in self.users()}

    def pending(self) -> set[str]:
        """Return whose operations were interrupted."""
        operations = self.stack.read().get("pending_operations") or []
        users = [op["resource"] for op in operations if op["resource"]["type"] == USER]
        return {resource["inputs"]["login"] for resource in users}

    def forgets_nobody(self, what: str, strangers: Collection[str] = ()) -> None:
        """All who are on the platform are in the state, or pending."""
        forgotten = set(WORLD.people) - self.logins() - self.pending() - set(strangers)
        assert not forgotten, f"{what}: {forgotten} are there and in no state"

    def converges(self, what: str) -> None:
        """Nothing is lost, and another run makes everything as declared in `AFTER`."""
        self.forgets_nobody(what)
        known = (self.logins() - self.pending()) & wanted(AFTER)
        WORLD.asked.clear()
        self.stack.unlock()
        assert self.run(AFTER) == 0, what
        assert known.isdisjoint(WORLD.asked), f"{what}: what was made is asked for again"
        assert set(WORLD.people) == wanted(AFTER) == self.logins(), what
        assert max(WORLD.made.values()) == 1, f"{what}: made twice"
        assert self.run(AFTER, "refresh", clear_pending_creates=True) == 0
        assert self.run(AFTER, "preview", expect_no_changes=True) == 0, what
        assert "pending_operations" not in self.stack.read(), what


def wanted(people: dict[str, dict[str, Any]]) -> set[str]:
    """Return the logins that are declared."""
    return {person["login"] for person in people.values()}
