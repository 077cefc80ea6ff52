"""Reviewed plans: stable, complete, free of secrets, and refused when anything differs."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.engine import reviewed
from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.plan import SECRET, Op, Plan, Step

URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/martech/scim:MartechUser::crm/{}"
PROGRAM = {"stacks/__main__.py": "a" * 64, "Pulumi.yaml": "b" * 64}

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3),
    max_leaves=4,
)
INPUTS = st.none() | st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=3)
STEPS = st.lists(
    st.builds(
        Step,
        urn=st.sampled_from("abcdef").map(URN.format),
        op=st.sampled_from(Op),
        old=INPUTS,
        new=INPUTS,
    ),
    max_size=5,
    unique_by=lambda step: step.urn,
)


def reduced(*steps: Step, as_of: str = "2026-11-22", **more: Any) -> reviewed.ReviewedPlan:
    return reviewed.reduced(Plan(steps=steps), "dev", as_of, more.pop("program", PROGRAM), **more)


def step(name: str, op: Op = Op.UPDATE, old: Any = None, new: Any = None) -> Step:
    return Step(urn=URN.format(name), op=op, old=old, new=new)


@given(STEPS, st.randoms())
def test_the_order_of_steps_makes_no_difference(steps: list[Step], random: Any) -> None:
    shuffled = [*steps]
    random.shuffle(shuffled)
    assert reduced(*steps).text() == reduced(*shuffled).text()


@given(STEPS, STEPS)
def test_plans_are_alike_exactly_if_nothing_is_unlike(ours: list[Step], theirs: list[Step]) -> None:
    first, second = reduced(*ours), reduced(*theirs)
    assert (first.hash == second.hash) == (reviewed.unlike(first, second) == [])


def test_a_saved_plan_comes_back_and_an_edited_one_does_not(tmp_path: Path) -> None:
    plan = reduced(step("ana", Op.CREATE, new={"roles": {"Éditeurs": True}, "key": SECRET}))
    file = tmp_path / "plan.json"
    file.write_text(plan.text(), encoding="utf-8")
    assert reviewed.load(file) == plan

    said = json.loads(plan.text())
    said["steps"][0]["new"]["roles"] = {"Admins": True}
    file.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(MartechError, match="it was changed after it was saved"):
        reviewed.load(file)
    for text in ("", "[]", '{"format": "other/1"}', '{"format": "martech-plan/1"}', "\x00"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(MartechError, match="nothing was done"):
            reviewed.load(file)
    with pytest.raises(MartechError, match="No such file"):
        reviewed.load(tmp_path / "none.json")


def test_every_kind_of_difference_is_named() -> None:
    before = reduced(
        step("ana", old={"roles": {"Editors": True}}, new={"roles": {}}),
        step("ben", Op.DELETE, old={}),
        targets=["x"],
    )
    after = reduced(
        step("ana", old={"roles": {"Admins": True}}, new={"roles": {}, "title": "Lead"}),
        step("cy", Op.CREATE, new={}),
        as_of="2026-11-23",
        program={**PROGRAM, "stacks/__main__.py": "c" * 64, "stacks/more.py": "d" * 64},
    )
    found = {entry.what: (entry.reviewed, entry.now) for entry in reviewed.unlike(before, after)}
    assert found == {
        "as of": ("2026-11-22", "2026-11-23"),
        "targets": ("x", ""),
        "program file stacks/__main__.py": ("sha256 aaaaaaaa", "sha256 cccccccc"),
        "program file stacks/more.py": ("-", "there"),
        "crm/ana roles.Admins (now there)": ("-", "true"),
        "crm/ana roles.Editors (now there)": ("true", "-"),
        "crm/ana title (wanted)": ("-", '"Lead"'),
        "crm/ben": ("delete", "no change"),
        "crm/cy": ("no change", "create"),
    }


def test_the_program_is_its_files_and_not_where_they_lie(tmp_path: Path) -> None:
    hashes = []
    for name, end in (("one", "\n"), ("two", "\r\n")):
        root = tmp_path / name
        for folder in ("stacks/__pycache__", "stacks/.venv", "stacks/env/lib", ".martech"):
            (root / folder).mkdir(parents=True)
            (root / folder / "noise.py").write_text(name)
        (root / "stacks/env/pyvenv.cfg").touch()
        (root / "Pulumi.yaml").write_text(f"name: shop{end}", newline="")
        (root / "stacks/__main__.py").write_text(f"import people{end}", newline="")
        (root / "stacks/people.yaml").write_text(f"ana: 1{end}", newline="")
        (root / "stacks/plan.json").write_text(name)
        config = f"encryptionsalt: v1:{name}\nconfig:\n  shop:limit: 3\n"
        (root / "stacks/Pulumi.dev.yaml").write_text(config)
        (root / "stacks/Pulumi.other.yaml").write_text(name)
        stack_file = root / "stacks/Pulumi.dev.yaml"
        hashes.append(reviewed.program_files(root, root / "stacks", stack_file))
    assert hashes[0] == hashes[1]
    assert list(hashes[0]) == [
        "Pulumi.yaml",
        "stacks/__main__.py",
        "stacks/people.yaml",
        "stacks/Pulumi.dev.yaml",
    ]
    stack_file.write_text(config.replace("3", "4"))
    changed = reviewed.program_files(root, root / "stacks", stack_file)
    assert changed["stacks/Pulumi.dev.yaml"] != hashes[1]["stacks/Pulumi.dev.yaml"]
