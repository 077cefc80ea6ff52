"""Every trap that a platform's page tells of names a test that is there."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("hubspot", "scim", "sendgrid", "wordpress")
HELD = ("held by", "test")
BY_HAND = ("probed by hand", "-")
"""What cannot be a test: seen once on a running product, or not used at all."""


@cache
def functions() -> str:
    """Return the names of all functions of the tests, one a line."""
    found = []
    for file in sorted((ROOT / "tests").rglob("*.py")):
        found += re.findall(r"^ *def (\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    return "\n".join(found)


def traps(page: str) -> list[tuple[str, str]]:
    """Return the rows of the tables that name what holds them: what, and by what."""
    rows, held = [], False
    text = (ROOT / "docs" / "platforms" / f"{page}.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            held = False
        elif cells[-1] in HELD:
            held = True
        elif held and not set(cells[0]) <= set("-"):
            rows.append((cells[0], cells[-1]))
    return rows


@pytest.mark.parametrize("page", PAGES)
def test_every_trap_is_held_by_a_test_that_is_there(page: str) -> None:
    rows = traps(page)
    assert len(rows) >= 15
    before = ""
    for what, by in rows:
        by = before if by == "same" else by
        before = by
        names = re.findall(r"`([^`]+)`", by)
        assert names or by in BY_HAND, f"{page}: {what}: held by {by}"
        for name in names:
            there = (ROOT / name).is_file() if "/" in name else name in functions()
            assert there, f"{page}: {what}: there is no {name}"
