"""The daily round, as a shell user types it: what engines decide on both, the rest on one."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.shop import Shop, roster, user

pytestmark = pytest.mark.timeout(600)


def test_first_run_second_run_and_drift(embedded: Shop) -> None:
    embedded.program(user("ann", "admin") + user("bob", "reader") + 'pulumi.export("people", 2)\n')
    done = embedded.martech("up", "--yes")
    assert " +  toy:User  acme/ann     create" in done.out
    assert '      + roles: ["admin"]' in done.out
    assert "+  4 to create" in done.out
    assert " +  toy:User  acme/bob     created" in done.out
    assert "+  4 created" in done.out
    assert sorted(embedded.writes()) == ["create user/acme/ann", "create user/acme/bob"]
    assert embedded.martech("stack", "output", "people").out == "2\n"

    again = embedded.martech("up", "--yes")
    assert "Nothing to do: the accounts are as declared." in again.out
    assert len(embedded.writes()) == 2

    embedded.by_hand(set={"user/acme/ann": {"roles": ["admin", "owner"]}}, remove=["user/acme/bob"])
    for _ in range(2):  # seen and not recorded, so it is seen again
        drift = embedded.martech("refresh", "--preview-only", "--exit-code", code=2)
        assert '      + roles[1]: "owner"' in drift.out
        assert " -  toy:User  acme/bob  delete" in drift.out
        assert "Drift in 2 resources, seen and left as it is." in drift.out
    wanted = embedded.martech("preview", "--exit-code", code=2)
    assert '      - roles[1]: "owner"' in wanted.out
    assert " +  toy:User  acme/bob  create" in wanted.out
    assert len(embedded.writes()) == 2
    embedded.martech("up", "--yes")
    assert embedded.objects()["user/acme/ann"]["roles"] == ["admin"]
    assert "user/acme/bob" in embedded.objects()


def test_one_bad_principal_never_stops_the_others(shop: Shop) -> None:
    shop.program(user("ann", "admin") + user("bob", "reader") + user("cat", "reader"))
    refusal = {"method": "create", "id": "user/acme/bob", "message": "the seat limit is reached"}
    shop.by_hand(faults=[refusal])
    done = shop.martech("up", "--yes", code=1)
    at = done.out.index("acme/bob     create failed")
    assert done.out[at:].splitlines()[1].strip() == "error: the seat limit is reached"
    assert "+  4 created" in done.out
    assert "!  1 failed" in done.out
    assert "4 changes were done and 1 were not" in done.out
    assert {"user/acme/ann", "user/acme/cat"} == shop.objects().keys()

    shop.by_hand(faults=[])
    shop.martech("up", "--yes")
    assert shop.made() == {"user/acme/ann": 1, "user/acme/bob": 1, "user/acme/cat": 1}


def test_a_reviewed_plan_is_the_one_that_is_applied(shop: Shop) -> None:
    first, reviewed = roster(ann="admin", bob="reader"), roster(ann="admin", bob="writer")
    shop.program(first)
    shop.martech("up", "--yes")
    shop.program(reviewed)
    shop.martech("preview", "--save", "plan.json")
    before = len(shop.calls("read", "update"))

    shop.program(roster(ann="owner", bob="writer") + user("mal", "owner"))
    refused = shop.martech("up", "--plan", "plan.json", "--yes", code=1)
    assert "program file stacks/__main__.py" in refused.out
    assert re.search(r"acme/roster members.ann.roles.admin \(wanted\) +true +-", refused.out)
    assert re.search(r"acme/mal +no change +create", refused.out)
    assert "nothing was written to any platform" in refused.err
    assert [call.split()[0] for call in shop.calls("read", "update")[before:]] == ["read"]

    shop.program(reviewed)
    applied = shop.martech("up", "--plan", "plan.json", "--yes")
    assert "~  1 updated" in applied.out
    calls = [call.split()[0] for call in shop.calls("read", "update")[before + 1 :]]
    assert calls == ["read", "update"], "nothing is read again between preview and apply"
    assert shop.objects()["user/acme/bob"]["roles"] == {"writer": True}

    shop.by_hand(add={"user/acme/eve": {"login": "eve", "roles": ["admin"]}})
    spent = shop.martech("up", "--plan", "plan.json", "--yes", code=1)
    assert "it is not the plan of now" in spent.err
    assert "user/acme/eve" in shop.objects(), "nobody has reviewed that it goes"


def test_a_saved_plan_is_the_same_in_every_run_and_checkout(embedded: Shop, tmp_path: Path) -> None:
    embedded.program(roster(ann="admin", bob="reader") + user("cat", "reader"))
    embedded.martech("preview", "--save", "plan.json", "--as-of", "2026-11-20")
    other = Shop(tmp_path / "elsewhere")
    other.program(user("cat", "reader") + roster(bob="reader", ann="admin"))
    other.martech("stack", "init", "dev", "--engine", "embedded")
    other.martech("preview", "--save", "plan.json", "--as-of", "2026-11-20")
    ours, theirs = (json.loads((shop.root / "plan.json").read_text()) for shop in (embedded, other))
    assert ours["program"] != theirs["program"], "the order of the lines is another"
    assert ours["steps"] == theirs["steps"]
    other.program(roster(ann="admin", bob="reader") + user("cat", "reader"))
    other.martech("preview", "--save", "plan.json", "--as-of", "2026-11-20")
    assert (embedded.root / "plan.json").read_bytes() == (other.root / "plan.json").read_bytes()

    late = embedded.martech("up", "--plan", "plan.json", "--yes", "--as-of", "2026-11-21", code=1)
    assert "it was made as of 2026-11-20, not 2026-11-21" in late.err
    done = embedded.martech("up", "--plan", "plan.json", "--yes")
    assert "as of 2026-11-20" in done.out, "it is judged by the day of its review"


def test_a_world_changed_after_the_review_is_refused_before_any_write(embedded: Shop) -> None:
    embedded.program(user("ann", "admin"))
    embedded.martech("up", "--yes")
    embedded.program(user("ann", "reader"))
    embedded.martech("preview", "--save", "plan.json")
    embedded.by_hand(set={"user/acme/ann": {"roles": ["admin", "owner"]}})
    before = embedded.writes()
    refused = embedded.martech("up", "--plan", "plan.json", "--yes", "--json", code=1)
    assert [entry["what"] for entry in refused.document["refused"]] == [
        "acme/ann roles[1] (now there)"
    ]
    assert embedded.writes() == before


def test_over_the_limits_nothing_is_written_and_a_reason_lifts_them(embedded: Shop) -> None:
    people = {name: "reader" for name in ("ann", "bob", "cat", "dan", "eve")}
    embedded.program(roster(**people))
    embedded.martech("up", "--yes")
    before = embedded.writes()
    embedded.program(roster(ann="reader"))
    refused = embedded.martech("up", "--yes", code=1)
    assert "4 of 5 logins would lose access in acme" in refused.err
    assert "--override" in refused.err
    assert embedded.writes() == before
    embedded.martech("up", "--yes", "--override", "the branch office closes")
    assert embedded.objects().keys() == {"user/acme/ann"}


def test_destroy_shows_what_goes_and_takes_it_away(embedded: Shop) -> None:
    embedded.program(user("ann", "admin") + user("bob", "reader"))
    embedded.martech("up", "--yes")
    gone = embedded.martech("destroy", "--yes")
    assert " -  toy:User  acme/ann     deleted" in gone.out
    assert embedded.objects() == {}
    assert "Nothing to do" in embedded.martech("destroy", "--yes").out
    assert "is removed" in embedded.martech("stack", "rm", "dev", "--yes").out
    assert "No stacks yet" in embedded.martech("stack", "ls").out


def test_only_the_targets_change(embedded: Shop) -> None:
    embedded.program(user("ann", "admin") + user("bob", "reader"))
    embedded.martech("up", "--yes")
    embedded.program(user("ann", "owner") + user("bob", "writer") + user("cat", "reader"))
    embedded.martech("up", "--yes", "--target", "acme/bob", "--target", "acme/cat")
    roles = {name: inputs["roles"] for name, inputs in embedded.objects().items()}
    assert roles == {
        "user/acme/ann": ["admin"],
        "user/acme/bob": ["writer"],
        "user/acme/cat": ["reader"],
    }
    wrong = embedded.martech("preview", "--target", "acme/bib", code=1)
    assert "did you mean 'acme/bob'" in wrong.err


def test_secrets_are_never_shown(embedded: Shop) -> None:
    embedded.program(user("ann", "admin", more=', key=pulumi.Output.secret("hush-one")'))
    said = embedded.martech("preview", "--save", "plan.json", "--diff").all
    said += embedded.martech("up", "--yes").all
    embedded.program(user("ann", "admin", more=', key=pulumi.Output.secret("hush-two")'))
    changed = embedded.martech("preview")
    assert "      ~ key: [secret] => [secret]" in changed.out
    said += changed.all + embedded.martech("preview", "--json").all
    said += embedded.martech("stack", "export").out
    said += (embedded.root / "plan.json").read_text()
    assert "hush" not in said


def test_a_failing_program_and_a_failing_check_say_one_sentence(embedded: Shop) -> None:
    embedded.program('raise ValueError("the table of users is empty")\n')
    failed = embedded.martech("preview", code=1)
    place = "the program failed at stacks/__main__.py, line 5: "
    assert place + "ValueError: the table of users is empty" in failed.out
    embedded.program('toy.User("acme/ann", account="acme", roles=["x"], opts=acme)\n')
    failed = embedded.martech("up", "--yes", code=1)
    assert "error: acme/ann: login is needed" in failed.out
    assert "nothing was written to any platform" in failed.err


def test_a_stack_moves_from_one_engine_to_the_other(tmp_path: Path) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("there is no `pulumi` on PATH")
    bare = Shop(tmp_path)
    bare.program(user("ann", "admin", more=', key=pulumi.Output.secret("hush")'))
    bare.martech("stack", "init", "dev", "--engine", "embedded")
    bare.martech("preview", "--save", "here.json")
    bare.martech("up", "--yes")
    bare.martech("stack", "export", "--file", "state.json")
    bare.martech("stack", "rm", "dev", "--yes", "--force")
    bare.martech("stack", "init", "dev", "--engine", "pulumi")
    bare.martech("preview", "--save", "there.json")
    here, there = (
        json.loads((bare.root / f"{name}.json").read_text()) for name in ("here", "there")
    )
    assert here["steps"] == there["steps"], "both engines make the same plan"
    bare.martech("stack", "import", "--file", "state.json")
    assert "3 unchanged" in bare.martech("preview", "--exit-code").out
    assert bare.made() == {"user/acme/ann": 1}
