"""docs/answers.md shows what the examples answer, to the letter."""

import contextlib
import io
import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

import pytest
import time_machine

from pulumi_martech.cli import main
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.entries import pseudonym

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "answers.md"
SHOWN = re.compile(
    r"<!-- examples/(\w+)(, [^>]*)? -->\n+```\n\$ martech ([^\n]*)\n(.*?)\n?```", re.S
)
BLOCKS = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
COLUMNS = "120"


def spring(folder: Path) -> None:
    """Write what runs of a spring campaign leave in the audit: the agency comes, and goes early."""
    eve_crm = pseudonym("northlight", "eve@northlight.example")
    eve_site = pseudonym("northlight", "eve-northlight")
    for day, account, person, verb, target, changes in (
        ("2026-02-02", "crm", eve_crm, "create user", "u-7", ["+ role Campaign Editors"]),
        ("2026-02-02", "site", eve_site, "create user", "12", ["+ role author"]),
        ("2026-02-03", "crm", "tom", "create user", "u-8", ["+ role Campaign Editors"]),
        ("2026-05-29", "site", eve_site, "remove user", "12", []),
    ):
        audit = Audit(folder / ".martech", account, actor="ci", run="r")
        with (
            time_machine.travel(f"{day}T09:00:00Z", tick=False),
            audit.call(person, verb, "", changes) as call,
        ):
            call.target = target


def answer(folder: Path, example: str, after: str, words: str) -> str:
    """Return what a command says in a copy of an example; ``after`` says what happened before."""
    copy = folder / example
    kept = shutil.ignore_patterns("__pycache__", ".martech")
    shutil.copytree(ROOT / "examples" / example, copy, ignore=kept)
    if after:
        spring(copy)
    if "then.yaml" in words:  # the document as it was certified: before Finn helped out
        lines = (copy / "access.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
        then = "".join(line for line in lines if "{who: finn" not in line)
        (copy / "then.yaml").write_text(then, encoding="utf-8")
    out = io.StringIO()
    with time_machine.travel("2026-11-28T12:00:00Z"), contextlib.redirect_stdout(out):
        assert main([*shlex.split(words), "--cwd", str(copy)]) in (0, 2)
    return "\n".join(line.rstrip() for line in out.getvalue().strip("\n").splitlines())


def test_the_page_shows_commands() -> None:
    assert len(BLOCKS) == PAGE.read_text(encoding="utf-8").count("$ martech") >= 9


@pytest.mark.parametrize(
    ("example", "after", "words", "said"), BLOCKS, ids=[f"{b[0]}: {b[2]}" for b in BLOCKS]
)
def test_what_the_page_shows_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str, after: str, words: str, said: str
) -> None:
    for name in ("MARTECH_AS_OF", "MARTECH_HOME", "MARTECH_STACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", COLUMNS)
    assert answer(tmp_path, example, after, words) == said, (
        "run python -m tests.examples.test_answers"
    )


def renew() -> None:
    """Put what is said today into the page."""

    def said(block: re.Match[str]) -> str:
        example, after, words, _ = block.groups()
        with tempfile.TemporaryDirectory() as folder:
            found = answer(Path(folder), example, after or "", words)
        head = block[0][: block[0].index("$ martech")]
        return f"{head}$ martech {words}\n{found}\n```"

    PAGE.write_text(SHOWN.sub(said, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    os.environ["COLUMNS"] = COLUMNS
    renew()
