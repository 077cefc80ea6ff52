"""`martech demo`: the main job from end to end, in five acts, against a sandbox of its own.

Every command it shows is run as a person would type it, in a copy of the project.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pulumi_martech.model.errors import MartechError
from pulumi_martech.reconcile.home import home
from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.scim import ScimTenant
from pulumi_martech.sandbox.tenant import Tenant
from pulumi_martech.sandbox.wordpress import WordPressTenant

AFTER_THE_END = "2027-04-01"
"""A day after the agency's contract in the example has ended."""

WORKING_DAY = "2026-11-23"

WIDTH = 92

PEOPLE_OF_A_BAD_MERGE = ("tom", "yuki", "lena", "omar")


class StoryBroke(MartechError):
    """A command of the demo did not end as the story says."""


class Story:
    """The stage: a copy of the project, the two platforms, and a terminal."""

    def __init__(self, root: Path, platforms: Sequence[Tenant], console: Console) -> None:
        self.root = root
        self.platforms = platforms
        self.console = console
        backend = root / ".martech" / "pulumi"
        backend.mkdir()
        self.environment = {
            # nothing of the story may reach a backend or a stack of the person who watches it
            **{
                key: value
                for key, value in os.environ.items()
                if not key.startswith("MARTECH_") and key != "PULUMI_STACK"
            },
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", "demo"),
            "MARTECH_HOME": str(root / ".martech"),
            "MARTECH_ACTOR": "demo",
            "MARTECH_AS_OF": WORKING_DAY,
        }
        for tenant in platforms:
            self.environment.update(tenant.environment())
        if console.is_terminal and "NO_COLOR" not in os.environ:
            self.environment["FORCE_COLOR"] = "1"

    def act(self, number: int, title: str, about: str) -> None:
        """Open an act: what it is about to do."""
        self.console.print()
        self.console.print(panel(about, f"Act {number} of 5: {title}"))

    def say(self, text: str) -> None:
        """Say something between commands."""
        self.console.print()
        self.console.print(Text.from_markup(text))

    def run(self, *words: str, code: int = 0) -> None:
        """Type a command and show what it prints; ``code`` is the exit code the story wants."""
        self.console.print()
        self.console.print(Text(f"$ martech {' '.join(words)}", style="bold"))
        self.console.file.flush()
        done = subprocess.run(  # noqa: S603 - our own command line
            [str(Path(sys.executable).with_name("martech")), *words],
            cwd=self.root,
            env=self.environment,
            check=False,
        )
        if done.returncode != code:
            raise StoryBroke(
                f"run martech {' '.join(words)}",
                f"it ended with exit code {done.returncode} where the story has {code}",
                "the demo stopped here",
                f"look at the output above; the project is in {self.root.name} under .martech",
            )

    def writes(self) -> int:
        """Return how many changes the platforms were asked for so far."""
        return sum(len(tenant.writes()) for tenant in self.platforms)

    def by_hand(self, clicks: Sequence[tuple[str, str, Callable[[], object]]]) -> None:
        """Change the platforms behind the code's back, and show what was clicked."""
        table = Table("platform", "what somebody clicked", title="Meanwhile, in two admin screens")
        for where, what, click in clicks:
            click()
            table.add_row(where, what)
        self.console.print()
        self.console.print(table)


def demo(start: Path, console: Console, engine: str = "embedded") -> None:
    """Play the story; raises `MartechError` if a command does not end as it should.

    Args:
        start: a folder in the project.
        console: where the story is told; the commands print to the same terminal.
        engine: ``embedded``, which needs nothing but Python, or ``pulumi``.
    """
    source = _source(start)
    folder = home(source) / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ".martech").mkdir(parents=True)
    shutil.copy(source / "Pulumi.yaml", folder / "Pulumi.yaml")
    shutil.copytree(source / "stacks", folder / "stacks")
    with Sandbox() as sandbox:
        crm = sandbox.tenant("crm", "scim")
        site = sandbox.tenant("site", "wordpress")
        crm.add_user("provisioning@fernwood.example", displayName="Provisioning")
        crm.add_role("CRM Admins", ["provisioning@fernwood.example"])
        story = Story(folder, [crm, site], console)
        _declare(story, engine)
        _apply(story)
        _by_hand(story, crm, site)
        _mistake(story)
        _end(story, crm)
    _what_next(console)


def _source(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file() and (folder / "stacks" / "__main__.py").is_file():
            return folder
    raise StoryBroke(
        "play the demo",
        "there is no project with a stacks folder here or above",
        "nothing was done",
        "run it in a clone of pulumi-martech",
    )


def _declare(story: Story, engine: str) -> None:
    story.act(
        1,
        "declared",
        "Fernwood, a small furniture company, has a CRM (SCIM) and a web site (WordPress); here a "
        "sandbox plays both, over real HTTP on this machine. Who may do what is written down in "
        "stacks/__main__.py. Nothing is changed in this act: a preview shows what would be.",
    )
    story.run("stack", "init", "demo", "--engine", engine)
    story.run("preview")


def _apply(story: Story) -> None:
    story.act(
        2,
        "applied",
        "The same plan is applied: groups and users come into being, and each write is read back. "
        "A second run then finds nothing to do and writes nothing.",
    )
    story.run("up", "--yes")
    before = story.writes()
    story.say(f"The platforms were asked for {before} changes. Once more:")
    story.run("up", "--yes")
    again = story.writes() - before
    story.say(f"Changes asked for by the second run: [bold]{again}[/bold]")
    if again:
        raise StoryBroke("run up twice", f"the second run wrote {again} times", "", "report it")


def _by_hand(story: Story, crm: ScimTenant, site: WordPressTenant) -> None:
    story.act(
        3,
        "changed by hand, caught, put right",
        "Somebody clicks in the admin screens behind the code's back. The next preview shows each "
        "click as a line of diff, and `up` puts it right.",
    )
    story.by_hand(
        [
            (
                "CRM",
                "Tom (campaign editor) was made an administrator",
                lambda: crm.set_members(
                    "CRM Admins", [*crm.members("CRM Admins"), "tom@fernwood.example"]
                ),
            ),
            (
                "CRM",
                "Nils of the agency was let in, as an analyst",
                lambda: crm.add_user(
                    "nils@northlight.example", roles=["Analysts"], displayName="Nils Berg"
                ),
            ),
            ("CRM", "Lena was deleted", lambda: crm.remove_user("lena@fernwood.example")),
            (
                "web site",
                "Yuki (author) was made an editor",
                lambda: site.change_user("yuki", roles=["editor"]),
            ),
        ]
    )
    story.run("preview")
    story.run("up", "--yes")


def _mistake(story: Story) -> None:
    story.act(
        4,
        "a mistake in the code",
        "A bad merge deletes four people from the file. The gate compares the last run with this "
        "one and refuses before anything is written, with counts, limits, names, and the way to "
        "say that it is meant.",
    )
    program = story.root / "stacks" / "__main__.py"
    good = program.read_text(encoding="utf-8")
    program.write_text(_without(good, PEOPLE_OF_A_BAD_MERGE), encoding="utf-8")
    before = story.writes()
    story.run("up", "--yes", code=1)
    story.say(f"Changes asked for by this run: [bold]{story.writes() - before}[/bold]")
    program.write_text(good, encoding="utf-8")
    story.say("The file is put back as it was.")


def _without(program: str, people: Sequence[str]) -> str:
    """Return the program without these people in the CRM, as a bad merge would leave it."""
    for person in people:
        for head in (f'scim.MartechUser(\n    "{person}"', f'scim.MartechUser("{person}"'):
            start = program.find(head)
            if start >= 0:
                end = program.index("\n)\n", start) + 3
                program = program[:start] + program[end:]
    return program


def _end(story: Story, crm: ScimTenant) -> None:
    story.act(
        5,
        "the agency's contract ends",
        f"Grants have an end. On {AFTER_THE_END} the agency's is over: what is there of it, strays "
        "included, is taken away, and a fresh listing proves it. Who writes as of a day that has "
        "not come yet is held to the limits as for any removal, and here says a reason.",
    )
    story.run("preview", "--as-of", AFTER_THE_END)
    story.run("up", "--as-of", AFTER_THE_END, "--yes", "--override", "the demo looks ahead")
    left = [
        login
        for login, user in crm.users().items()
        if login.endswith("northlight.example") and user.get("active", True)
    ]
    story.say(
        f"Agency logins that can still open the CRM: [bold]{', '.join(left) or 'none'}[/bold]"
    )
    if left:
        raise StoryBroke("end the agency's access", f"{left} are still active", "", "report it")
    story.say("Every write of the story is in the audit, one hash chain an account:")
    story.run("audit", "verify")


def _what_next(console: Console) -> None:
    table = Table("what next", "command", show_header=False, box=None, padding=(0, 2))
    table.add_row("read the program you just saw at work", "less stacks/__main__.py")
    table.add_row("keep a sandbox of your own running", "martech sandbox")
    table.add_row("start from ten lines", "less examples/one_user/__main__.py")
    table.add_row("see what each platform can and cannot do", "martech coverage")
    table.add_row("check your own accounts before a run", "martech doctor")
    console.print()
    console.print(panel(table, "The end: what to do next"))


def panel(content: RenderableType, title: str) -> Panel:
    """Return a box that fits a terminal of usual width."""
    return Panel(content, title=title, title_align="left", width=WIDTH)
