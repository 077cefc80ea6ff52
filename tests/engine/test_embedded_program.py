"""What the engine runs and what it refuses, where it runs it, and what it says."""

import json
from pathlib import Path

from tests.engine.embedded_kit import FAST, USERS, Toyland


def test_program_and_handlers_run_in_the_folder_of_the_program(tmp_path: Path) -> None:
    """`main:` and `stackConfigDir:` as the real engine takes them; modules beside it are found."""
    land = Toyland(
        tmp_path,
        "import os, pulumi, beside\n"
        "beside.Place('here', login='x')\n"
        "pulumi.export('program', os.getcwd())\n"
        "pulumi.export('site', pulumi.Config().require('site'))\n",
        main="stacks",
        stackConfigDir="stacks",
    )
    (land.project / "stacks" / "beside.py").write_text(
        "import os, pulumi, toy\n"
        "from pulumi.dynamic import CreateResult, Resource\n"
        "class P(toy.UserProvider):\n"
        "    def create(self, props):\n"
        "        return CreateResult('x', {**props, 'where': os.getcwd()})\n"
        "class Place(Resource, module='toy', name='Place'):\n"
        "    def __init__(self, name, **props):\n"
        "        super().__init__(P(), name, {**props, 'where': None})\n"
    )
    land.run("config", "set", "site", "oslo")
    assert (land.project / "stacks" / "Pulumi.dev.yaml").is_file()
    land.run("up", *FAST)
    outputs = json.loads(land.run("stack", "output", "--json"))
    assert outputs == {"program": str(land.project / "stacks"), "site": "oslo"}
    place = next(r for r in land.export()["resources"] if r["type"].endswith(":Place"))
    assert place["outputs"]["where"] == str(land.project / "stacks")
    land.run("destroy", *FAST)


def test_a_runtime_that_is_not_python_is_refused(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    (land.project / "Pulumi.yaml").write_text("name: toyland\nruntime: nodejs\n")
    assert "runs Python programs only" in land.run("preview", code=1)


def test_usage(tmp_path: Path) -> None:
    """Exit codes of the real command line."""
    land = Toyland(tmp_path)
    assert "--yes or --skip-preview must be passed" in land.run("up", code=2)
    assert "no stack named 'other' found" in land.run("preview", "--stack", "other", code=6)
    assert "failed to load Pulumi policy project" in land.run(
        "preview", "--policy-pack", "x", code=1
    )
    land.run("preview", "--expect-no-changes", code=7)
    land.run("stack", "init", "a/b/dev", code=1)
    land.run("nonsense", code=2)
    land.run("up", "--yes")  # with a preview before it
    land.run("preview", "--expect-no-changes")
    assert "still has resources" in land.run("stack", "rm", "--yes", "dev", code=1)
    land.run("stack", "rm", "--yes", "--force", "dev")
    assert not land.folder().exists()


def test_what_a_program_prints_is_a_message_and_json_stays_json(tmp_path: Path) -> None:
    land = Toyland(tmp_path, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n")
    document = json.loads(land.run("preview", "--json"))
    found = {(d["severity"], d["message"].strip()) for d in document["diagnostics"]}
    assert found == {("info", "out"), ("info#err", "err")}


def test_a_program_that_ends_itself_deletes_nothing(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    land.run("up", *FAST)
    land.program.write_text("import sys\nsys.exit(0)\n")
    said = land.run("up", *FAST, code=1)
    assert "sys.exit(0)" in said
    assert len(land.objects()) == 4
    land.program.write_text("import pulumi\n\n\ndef f():\n    return 1 / 0\n\n\nf()\n")
    said = land.run("up", *FAST, code=1)
    assert 'File "__main__.py", line 5' in said
    assert "ZeroDivisionError: division by zero" in said
    assert len(land.objects()) == 4


def test_a_program_that_ends_itself_leaves_nobody_waiting_for_it(tmp_path: Path) -> None:
    """Its hooks do not answer any more; what was asked for before is done and recorded."""
    land = Toyland(tmp_path)
    land.program.write_text(
        "import asyncio, sys, pulumi, toy\n"
        "async def slow(args):\n"
        "    await asyncio.sleep(60)\n"
        "slow = pulumi.ResourceHook('slow', slow)\n"
        "hooks = pulumi.ResourceHookBinding(before_create=[slow])\n"
        "for name in ('eve', 'fay'):\n"
        "    toy.User(name, login=name, opts=pulumi.ResourceOptions(hooks=hooks))\n"
        "people = [toy.User(f'u{n}', login=f'u{n}') for n in range(8)]\n"
        "people[0].id.apply(lambda _: sys.exit(3))\n"
    )
    said = land.run("up", *FAST, "--continue-on-error", code=1)
    assert "program exited with non-zero exit code: 3" in said
    assert said.count('before hook "slow" failed: the program had ended') == 2
    assert land.ids() == set(land.objects()) == {f"user/u{n}" for n in range(8)}


def test_a_hook_hears_that_what_it_registers_has_failed(tmp_path: Path) -> None:
    """It does not wait for an answer that waits for the hook."""
    land = Toyland(tmp_path)
    land.faults({"method": "create", "id": "user/sub", "message": "no room"})
    land.program.write_text(
        "import pulumi, toy\n"
        "async def more(args):\n"
        "    await toy.User('sub', login='sub').id.future()\n"
        "hooks = pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook('more', more)])\n"
        "toy.User('ann', login='ann', opts=pulumi.ResourceOptions(hooks=hooks))\n"
    )
    said = land.run("up", *FAST, code=1)
    assert "no room" in said and 'after hook "more" failed' in said
    assert land.ids() == {"user/ann"}


def test_a_program_that_takes_the_process_down_leaves_its_work(tmp_path: Path) -> None:
    """`os._exit` shares the fate of kill -9."""
    land = Toyland(tmp_path)
    land.program.write_text(
        "import os, toy\nann = toy.User('ann', login='ann')\nann.id.apply(lambda _: os._exit(3))\n"
    )
    land.run("up", *FAST, code=3)
    assert land.ids() == {"user/ann"}


def test_what_is_done_is_recorded_while_the_program_blocks(tmp_path: Path) -> None:
    """Whoever is killed then has lost nothing."""
    names = ("bob", "cyd", "dan")
    land = Toyland(tmp_path)
    land.faults(*({"method": "create", "id": f"user/{n}", "seconds": 1} for n in names))
    land.program.write_text(
        "import json, os, time, toy\n"
        f"people = [toy.User(name, login=name) for name in ('ann', *{names})]\n"
        "def block(_):\n"
        "    while len(json.load(open(os.environ['TOY_WORLD']))['objects']) < 4:\n"
        "        time.sleep(0.05)\n"
        "    time.sleep(1)\n"
        "    os._exit(3)\n"
        "people[0].id.apply(block)\n"
    )
    land.run("up", *FAST, code=3)
    assert land.ids() == {"user/ann", *(f"user/{name}" for name in names)}


def test_one_account_down_does_not_hide_the_others(tmp_path: Path) -> None:
    """A refresh takes in what it can read, keeps the rest and fails."""
    land = Toyland(tmp_path)
    land.run("up", *FAST)
    world = json.loads(land.world.read_text())
    world["objects"]["user/acme/u2"]["inputs"]["roles"] = ["admin"]
    world["faults"] = [
        {"method": "read", "id": f"user/zeta/u{n}", "message": "zeta is down"} for n in (1, 3)
    ]
    land.world.write_text(json.dumps(world))
    said = land.run("refresh", *FAST, code=1)
    assert said.count("error: RuntimeError: zeta is down") == 2
    users = {r["id"]: r["inputs"] for r in land.export()["resources"] if "User" in r["type"]}
    assert users["user/acme/u2"]["roles"] == ["admin"]
    assert set(users) == {"user/acme/u0", "user/zeta/u1", "user/acme/u2", "user/zeta/u3"}


def test_state_can_lie_elsewhere(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    land.run("stack", "init", "far", MARTECH_BACKEND_URL=f"file://{elsewhere}")
    assert (elsewhere / "toyland" / "far" / "checkpoint.json").is_file()
    listed = json.loads(land.run("stack", "ls", "--json"))
    assert [s["name"] for s in listed] == ["dev"]
    refused = land.run("stack", "ls", code=1, MARTECH_BACKEND_URL="gs://bucket")
    assert "gs://, which is no backend of the embedded engine" in refused


def test_a_deployment_of_another_stack_is_refused(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    land.run("up", *FAST)
    land.run("stack", "export", "--file", "saved.json")
    land.run("stack", "init", "other")
    refused = land.run("stack", "import", "--file", "saved.json", "--stack", "other", code=1)
    assert "belongs to another stack" in refused and "nothing was changed" in refused
    (land.project / "saved.json").write_text("[]")
    assert "no deployment" in land.run(
        "stack", "import", "--file", "saved.json", "--stack", "dev", code=1
    )
    assert len(land.run("stack", "--stack", "dev").splitlines()) > 4


def test_latency_overlaps(tmp_path: Path) -> None:
    """Twenty calls of a quarter of a second take nothing like five seconds."""
    land = Toyland(tmp_path)
    land.faults(
        *(
            {"method": "create", "id": f"user/{('acme', 'zeta')[n % 2]}/u{n}", "seconds": 0.25}
            for n in range(20)
        )
    )
    land.run("up", *FAST, "--parallel", "20", USERS="20")
    lines = [json.loads(line) for line in land.trace.read_text().splitlines()]
    sleeping = most = 0
    for line in lines:
        if line["event"] == "sleep":
            sleeping += 1
        elif line["event"] == "end" and line["method"] == "create":
            sleeping -= 1
        most = max(most, sleeping)
    assert most >= 8, f"at most {most} calls were under way at once"


def test_a_handler_that_answers_nonsense_is_a_failure_of_its_resource(tmp_path: Path) -> None:
    """The others are done, the message names what was wrong, the state is whole."""
    land = Toyland(tmp_path)
    (land.project / "bad.py").write_text(
        "import toy\n"
        "from pulumi.dynamic import CreateResult, Resource\n"
        "class P(toy.UserProvider):\n"
        "    def create(self, props):\n"
        "        return {'id': 'x'}\n"
        "class Bad(Resource, module='toy', name='Bad'):\n"
        "    def __init__(self, name, **props):\n"
        "        super().__init__(P(), name, props)\n"
    )
    land.program.write_text("import bad, toy\ntoy.User('a', login='a')\nbad.Bad('b', login='b')\n")
    said = land.run("up", *FAST, "--continue-on-error", code=1)
    assert "error: AttributeError: 'dict' object has no attribute 'id'" in said
    assert "on urn:pulumi:dev::toyland::pulumi-python:dynamic/toy:Bad::b" in said
    assert land.ids() == {"user/a"}
    assert "pending_operations" not in land.export()


def test_a_replacement_whose_deletion_fails_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    """With --continue-on-error what can be done all the same is done."""
    land = Toyland(
        tmp_path,
        "import os, pulumi, toy\n"
        "u = toy.User('u', login=os.environ.get('LOGIN', 'u'))\n"
        "toy.Grant('x', user=u.handle, group='g')\n"
        "toy.Group('after', title='after', about=u.handle)\n"
        "if 'LOGIN' in os.environ:\n"
        "    toy.Group('other', title='other')\n",
    )
    land.run("up", *FAST)
    land.faults({"method": "delete", "id": "grant/u#1:g", "times": "always"})
    said = land.run("up", *FAST, "--continue-on-error", code=1, LOGIN="v")
    assert "delete of grant/u#1:g refused" in said
    assert "Resource monitor has terminated" not in said
    assert land.objects().keys() == {"user/u", "grant/u#1:g", "group/after", "group/other"}
    land.faults()
    land.run("up", *FAST, LOGIN="v")
    assert land.objects().keys() == {"user/v", "grant/v#1:g", "group/after", "group/other"}


def test_what_is_needed_cannot_be_excluded(tmp_path: Path) -> None:
    """The real engine makes what needs it, and then cannot read its own state."""
    land = Toyland(
        tmp_path,
        "import toy\nu = toy.User('u', login='u')\ntoy.Group('g', title='g', by=u.handle)\n",
    )
    user = "urn:pulumi:dev::toyland::pulumi-python:dynamic/toy:User::u"
    said = land.run("up", *FAST, "--exclude", user, code=1)
    assert f"depends on '{user}' which is left out by --exclude" in said
    assert not land.objects()
    assert "no resource named 'x' found" in land.run("refresh", *FAST, "--target", "x", code=1)


def test_a_refresh_with_the_program_loses_nothing_when_it_fails(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    land.run("up", *FAST)
    land.faults({"method": "read", "id": "user/zeta/u1", "times": "always"})
    said = land.run("refresh", *FAST, "--run-program", code=1)
    assert "read of user/zeta/u1 refused" in said
    assert land.ids() == set(land.objects()) and len(land.ids()) == 4
    land.faults()
    world = json.loads(land.world.read_text())
    del world["objects"]["user/zeta/u3"]
    land.world.write_text(json.dumps(world))
    land.program.write_text(USERS.replace("range(", "range(1, "))
    said = land.run("refresh", *FAST, "--run-program")
    assert [line for line in said.splitlines() if line.startswith(" ")] == [
        " -  pulumi-python:dynamic/toy:User u3",
        "    count: 4",
        "    -  1 deleted",
        "       7 unchanged",
    ]
    assert land.ids() == set(land.objects()), "what the program does not name stays"
    assert land.made() == dict.fromkeys(land.made(), 1)
