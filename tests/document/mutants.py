"""Documents that somebody's hand slipped over: examples changed at random, by the letter."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = (ROOT / "examples/access_document/people.yaml").read_text(encoding="utf-8")
EXAMPLES = [
    path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("examples/*/*.yaml"))
    if not path.name.startswith("Pulumi.")
]
_WORD = re.compile(r"[A-Za-z0-9_.@:/*-]+")
_VALUE = re.compile(r": ?([^\n,{}\[\]]+)")
_WORDS = sorted({word for text in EXAMPLES for word in _WORD.findall(text)})
ODD = [
    "no", "on", "~", "null", "''", '""', "[]", "{}", "{a: b}", "[a]", "&x y", "*x", "!!int 3", "!x",
    "<<", "? x", "| \n x", ">-\n x", "007", "1e400", "-1", "9" * 400, "nan", "inf", "true",
    "2027-02-30", "2027-01-01T00:00:00+99:00", "9999-12-31T23:00:00-05:00", "0000-00-00",
    "\t", "\r", "\x85", "\u2028", "\ufeff", "\u202e", "é", "\uff41", "\U0001f600", "'", '"', "#",
    "%", "@", "`", "{", "}", "[", "]", ",", ":", ": ", "- ", "-", "\x00", "\x07", "us", "=1+1",
    "env:", "file:/etc/passwd", "../x", "~x/y", "ana@", "@x", "xn--a", "--- ", "...", "\n---\n",
    "%YAML 1.1\n---\n", "\\ud800",
]  # fmt: skip


def mutants(chance: random.Random, number: int) -> Iterator[str]:
    """Yield so many changed examples."""
    for _ in range(number):
        text = chance.choice(EXAMPLES)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            text = _changed(text, chance) or "a"
        yield text


def _changed(text: str, chance: random.Random) -> str:
    lines, at = text.split("\n"), chance.randrange(len(text) + 1)
    line, how = chance.randrange(len(lines)), chance.randrange(8)
    if how < 3:
        found = list((_WORD, _WORD, _VALUE)[how].finditer(text))
        if not found:
            return text
        start, end = chance.choice(found).span(how // 2)
        return text[:start] + chance.choice(ODD + _WORDS if how else ODD) + text[end:]
    if how == 3:
        return text[:at] + chance.choice(ODD) + text[at:]
    if how == 4:
        return text[:at] + text[at + chance.randrange(1, 8) :]
    if how == 5:
        lines.insert(chance.randrange(len(lines)), lines[line])
    elif how == 6:
        del lines[line]
    else:
        lines[line] = " " * chance.randrange(4) + lines[line][chance.randrange(3) :]
    return "\n".join(lines)
