"""The record of stacks: which engine each runs on, chosen once and never guessed."""

from pathlib import Path

import pytest

from pulumi_martech.engine.driver import Driver, EngineMissing
from pulumi_martech.engine.stacks import Engine, NoStack, Stacks, default_engine


def test_a_stack_is_the_named_the_selected_or_the_only_one(tmp_path: Path) -> None:
    stacks = Stacks.load(tmp_path)
    with pytest.raises(NoStack, match="martech stack init NAME"):
        stacks.choose(None)
    stacks.engines = {"dev": Engine.EMBEDDED}
    assert stacks.choose(None) == "dev"
    stacks.add("prod", Engine.PULUMI)
    assert stacks.choose(None) == "prod"
    assert stacks.choose("dev") == "dev"
    stacks.forget("prod")
    stacks.engines["test"] = Engine.EMBEDDED
    with pytest.raises(NoStack, match="known here: dev, test"):
        stacks.choose("")
    with pytest.raises(NoStack, match="martech stack select prod --engine pulumi"):
        stacks.choose("prod")


def test_the_record_outlives_the_process_and_a_damaged_one_is_said(tmp_path: Path) -> None:
    stacks = Stacks.load(tmp_path)
    stacks.add("dev", Engine.EMBEDDED)
    stacks.add("prod", Engine.PULUMI)
    stacks.save()
    again = Stacks.load(tmp_path)
    assert (again.engines, again.selected) == (stacks.engines, "prod")
    for text in ("", "[]", '{"stacks": {"dev": {"engine": "magic"}}}'):
        again.path.write_text(text)
        with pytest.raises(NoStack, match="it is damaged"):
            Stacks.load(tmp_path)


def test_the_real_engine_is_the_default_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert default_engine() is Engine.EMBEDDED
    with pytest.raises(EngineMissing, match="not on PATH; nothing was done; install"):
        Driver(Engine.PULUMI, tmp_path, "dev").exists()
    (tmp_path / "pulumi").touch(mode=0o755)
    assert default_engine() is Engine.PULUMI
