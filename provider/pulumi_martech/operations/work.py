"""What every verb begins with: the project, the stack, its engine, and the day it is judged by."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi_martech.engine import reviewed
from pulumi_martech.engine.driver import Driver, Progress
from pulumi_martech.engine.stacks import Stacks
from pulumi_martech.model import expiry
from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.plan import STACK_TYPE, Plan
from pulumi_martech.operations.targets import urns
from pulumi_martech.project import project
from pulumi_martech.reconcile.home import home


class NoProject(MartechError):
    """There is no Pulumi project here."""


@dataclass(frozen=True)
class Wanted:
    """What the command line says about where and how to work.

    ``folder`` is anywhere in the project; ``stack`` and ``as_of`` are empty where not said;
    ``targets`` are URNs or logical names; ``override`` is the reason to go over a guard's limit;
    ``ignore_ends`` leaves out what the calendar does; ``policy_packs`` are folders of policy packs.
    """

    folder: Path
    stack: str = ""
    targets: tuple[str, ...] = ()
    override: str = ""
    as_of: str = ""
    offline: bool = False
    ignore_ends: bool = False
    policy_packs: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Work:
    """One stack, ready to be worked on.

    ``targets`` are URNs, ``recorded`` those of them that the state holds; ``override`` is the
    reason to go over a guard's limit; ``report`` is the folder that providers write their reports
    to; ``settings`` is what Pulumi.yaml says.
    """

    root: Path
    stack: str
    as_of: str
    driver: Driver
    report: Path
    targets: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    offline: bool = False
    override: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def read(self, message: str = "") -> Plan:
        """Read the platforms into the state; of targets, those that the state holds.

        ``message`` goes into the history of the stack.
        """
        if self.targets and not self.recorded:
            return Plan()
        return self.driver.refresh(targets=self.recorded, message=message)

    def reviewable(self, plan: Plan) -> reviewed.ReviewedPlan:
        """Reduce a plan of this stack to what is reviewed."""
        return reviewed.reduced(plan, self.stack, self.as_of, self.program(), self.targets)

    def urn(self, token: str, name: str) -> str:
        """Return the URN of a resource of this type that lies under the stack itself."""
        return f"urn:pulumi:{self.stack}::{self.settings['name']}::{token}::{name}"

    @property
    def stack_urn(self) -> str:
        """The URN of the stack."""
        return self.urn(STACK_TYPE, f"{self.settings['name']}-{self.stack}")

    def program(self) -> dict[str, str]:
        """Return the hashes of the files of the program."""
        main = self.root / str(self.settings.get("main") or ".")
        folder = self.settings.get("stackConfigDir") or self.settings.get("config")
        configs = self.root / (folder if isinstance(folder, str) else ".")
        return reviewed.program_files(
            self.root,
            main if main.is_dir() else main.parent,
            configs / f"Pulumi.{self.stack}.yaml",
        )

    @property
    def whole(self) -> bool:
        """Whether every end until today is carried out: no targets, no day before today."""
        return not self.targets and self.as_of >= expiry.today().isoformat()

    def on(self, as_of: str, targets: tuple[str, ...]) -> "Work":
        """Return the same work as of another day and limited to these targets."""
        environment = {**self.driver.environment, "MARTECH_AS_OF": as_of}
        driver = replace(self.driver, environment=environment)
        recorded = urns(driver, targets)[1] if targets else ()
        return replace(self, as_of=as_of, targets=targets, recorded=recorded, driver=driver)


def find_project(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder of the project that ``folder`` lies in, and what Pulumi.yaml says.

    Raises:
        NoProject: there is none, or its file is not readable.
    """
    root = project(folder)
    file = root / "Pulumi.yaml"
    tried, left = f"find the project of {folder.absolute()}", "nothing was done"
    if not file.is_file():
        todo = "go to a folder with a Pulumi.yaml, or name it with -C FOLDER"
        raise NoProject(tried, "there is no Pulumi.yaml here or above", left, todo)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        said = YAML(typ="safe").load(file)
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise NoProject(tried, f"{where} cannot be read as YAML", left, "repair it") from None
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        todo = "write a line like `name: our-company` in it"
        raise NoProject(tried, f"{file} does not say the name of the project", left, todo)
    return root, said


def known_stacks(folder: Path) -> tuple[Path, Stacks]:
    """Return the project's folder and the record of its stacks."""
    root, _ = find_project(folder)
    return root, Stacks.load(home(root))


def day(said: str) -> str:
    """Return the UTC day to judge grants by: as said, MARTECH_AS_OF, or today.

    Raises:
        InvalidDeclaration: it is neither an ISO day nor an ISO instant.
    """
    return expiry.chosen(said).isoformat()


@contextlib.contextmanager
def open_work(wanted: Wanted, progress: Progress) -> Iterator[Work]:
    """Open the wanted stack; what the providers report lies in a folder until the end.

    Raises:
        NoProject, NoStack: nothing to work on.
    """
    root, settings = find_project(wanted.folder)
    local = home(root)
    stacks = Stacks.load(local)
    stack = stacks.choose(wanted.stack or os.environ.get("MARTECH_STACK", "").strip())
    as_of = day(wanted.as_of)
    started = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    with tempfile.TemporaryDirectory(prefix=f"martech-{started}-") as folder:
        environment = {
            "MARTECH_HOME": str(local),
            "MARTECH_RUN": folder,
            "MARTECH_AS_OF": as_of,
            **({"MARTECH_OVERRIDE": wanted.override} if wanted.override else {}),
            **({"MARTECH_OFFLINE": "1"} if wanted.offline else {}),
            **({"MARTECH_IGNORE_ENDS": "1"} if wanted.ignore_ends else {}),
        }
        packs = tuple(pack.absolute() for pack in wanted.policy_packs)
        driver = Driver(stacks.engines[stack], root, stack, environment, progress, packs)
        override = wanted.override or os.environ.get("MARTECH_OVERRIDE", "").strip()
        targets, recorded = urns(driver, wanted.targets) if wanted.targets else ((), ())
        report = Path(folder)
        yield Work(
            root,
            stack,
            as_of,
            driver,
            report,
            targets,
            recorded,
            wanted.offline,
            override,
            settings,
        )
