"""Where the real engine loses its state or says less, and this one must not: see docs/engine.md."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.normalise import check_order
from tests.conformance.replay import ENGINES
from tests.conformance.sandbox import Sandbox

FOLDER = Path(__file__).parents[1] / "engine_vectors"
URN = "urn:pulumi:dev::toyland::pulumi-python:dynamic/toy:"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A project with the toy provider."""
    found = Sandbox(FOLDER / "01-create", ENGINES["embedded"])
    yield found
    found.close()


def _run(sandbox: Sandbox, program: str, *words: str) -> str:
    head = "import pulumi, toy\nfrom pulumi import Alias, ResourceOptions as O\n"
    (sandbox.work / "__main__.py").write_text(head + program)
    quietly = [] if words[0] == "preview" else ["--yes", "--skip-preview"]
    done = sandbox.pulumi(*words, *quietly)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _urns(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return what each resource of the state depends on; the state must be well formed."""
    resources = json.loads(sandbox.pulumi("stack", "export").stdout)["deployment"]["resources"]
    check_order(resources)
    return {r["urn"].removeprefix(URN): r.get("dependencies", []) for r in resources}


@pytest.mark.parametrize("limit", ["--exclude={urn}", "--target={other}"])
def test_what_is_left_alone_may_refer_to_what_is_renamed(sandbox: Sandbox, limit: str) -> None:
    """The real engine keeps the resource under both names and cannot read its state then."""
    kept = "toy.Group('kept', title='kept', by=user.handle)\n"
    _run(sandbox, "user = toy.User('old', login='ann')\n" + kept, "up")
    renamed = "user = toy.User('new', login='ann', opts=O(aliases=[Alias(name='old')]))\n"
    limit = limit.format(urn=f"{URN}Group::kept", other=f"{URN}User::new")
    _run(sandbox, renamed + kept, "up", limit)
    urns = _urns(sandbox)
    assert urns["Group::kept"] == [f"{URN}User::new"]
    assert "User::old" not in urns
    later = "user = toy.User('new', login='ann')\n" + kept
    _run(sandbox, later, "preview", "--expect-no-changes")


def test_nothing_is_left_of_what_a_destroy_read(sandbox: Sandbox) -> None:
    """The real engine keeps what was read in the place of what it deleted, without its provider."""
    sandbox.change_world({"add": {"user/other": {"login": "other"}}})
    _run(sandbox, "toy.User('ann', login='ann')\n", "up")
    _run(sandbox, "toy.User.get('ann', 'user/other')\n", "destroy", "--run-program")
    assert not _urns(sandbox)
    assert list(json.loads(sandbox.world.read_text(encoding="utf-8"))["objects"]) == ["user/other"]
