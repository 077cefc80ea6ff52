"""What becomes of the files when a document is changed."""

import pytest

from pulumi_martech.document.edit import NotEditable
from pulumi_martech.document.load import load
from pulumi_martech.document.update import Update

from .office import Office


def renamed(office: Office) -> Update:
    """Return a change of one name."""
    update = Update(load(office.file))
    update.set("people", "ana", name="Ana Souza")
    return update


def test_what_somebody_wrote_meanwhile_is_never_lost(office: Office) -> None:
    office.write("people:\n  ana: {name: Ana Lima}\n")
    update = renamed(office)
    meanwhile = "people:\n  ana: {name: Ana Lima}\n  bo: {name: came meanwhile}\n"
    office.write(meanwhile)
    with pytest.raises(
        NotEditable, match=r"access\.yaml was changed since it was read; nothing was"
    ):
        update.write()
    assert office.file.read_text() == meanwhile


def test_a_link_stays_a_link(office: Office) -> None:
    real = office.write("people:\n  ana: {name: Ana Lima}\n", "elsewhere/people.yaml")
    link = office.folder / "people.yaml"
    link.symlink_to(real)
    real.chmod(0o640)
    office.write("include: [people.yaml]\n")
    renamed(office).write()
    assert link.is_symlink() and "Ana Souza" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert not list(office.folder.rglob("*.partial"))
