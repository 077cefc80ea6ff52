"""However a document is formatted: what a change does not touch stays byte for byte."""

import random

import pytest

from pulumi_martech.document.edit import NotEditable, changed
from pulumi_martech.document.parse import parse

from .odd import Piece, Way, changes, document


def touched(piece: Piece, ways: list[Way]) -> bool:
    """Tell whether a piece is part of what changes: of it, above it or below it."""
    way = piece.way[:-1] if piece.way[-1:] == ("-",) else piece.way
    return bool(way) and any(way[: len(w)] == w[: len(way)] for w in ways)


@pytest.mark.parametrize("seed", range(8))
def test_every_byte_outside_of_a_change_stays(seed: int) -> None:
    chance = random.Random(seed)
    refused = 0
    for _ in range(60):
        pieces = document(chance)
        text = "".join(piece.text for piece in pieces)
        data = parse("it", text).data
        assert data, text
        edits = changes(chance, data)
        try:
            done = changed(text, edits)  # which reads back what it wrote: it says what was meant
        except NotEditable as refusal:
            assert "make the change by hand" in str(refusal), text
            refused += 1
            continue
        at = 0
        for piece in pieces:
            if not touched(piece, [edit.way for edit in edits]):
                # What follows on the line of a dash may move up to it.
                lines = piece.text.lstrip(" -") if piece.way[:1] == ("grants",) else piece.text
                found = done.find(lines, at)
                assert found >= 0, (piece, edits, text, done)
                at = found + len(lines)
        assert "\r" not in text or "\n" not in done.replace("\r\n", "")
    assert refused <= 1, "hardly any formatting is one that a change does not fit into"
