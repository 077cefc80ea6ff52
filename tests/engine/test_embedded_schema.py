"""What the embedded engine keeps and exports is what Pulumi's own schema says a deployment is."""

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from pulumi_martech.engine.embedded.blobs import BlobStore
from pulumi_martech.engine.embedded.stacks import empty_deployment
from tests.engine.blobs import Memory
from tests.engine.disk import Killed
from tests.engine.office import AFTER, BEFORE, WORLD, Place
from tests.passphrase import PASSPHRASE, SETTINGS

SCHEMAS = Path(__file__).parents[1] / "data" / "pulumi"
BEHIND = [
    "taint",
    "retainOnDelete",
    "deletedWith",
    "replaceWith",
    "created",
    "modified",
    "sourcePosition",
    "stackTrace",
    "ignoreChanges",
    "hideDiff",
    "replaceOnChanges",
    "replacementTrigger",
    "refreshBeforeUpdate",
    "viewOf",
    "resourceHooks",
    "extensionRef",
]
"""What the real engine writes of a resource, unknown to its schema (`ResourceV3` of core.go)."""


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    known = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))]
    resource = next(d for d in known if d["title"] == "Pulumi Resource State")
    resource["$defs"]["resourceV3"]["properties"].update(dict.fromkeys(BEHIND, True))
    registry = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in known
    )
    deployments = next(d for d in known if d["title"] == "Pulumi Deployment States")
    return Draft202012Validator(deployments, registry=registry)


def problem(schema: Draft202012Validator, deployment: Any) -> str:
    error = best_match(schema.iter_errors({"version": 3, "deployment": deployment}))
    return "" if error is None else f"{error.json_path}: {error.message}"


def test_every_state_that_a_run_can_leave_is_a_deployment(
    schema: Draft202012Validator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a run, and after one that was killed: pending operations, halves of replacements."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    WORLD.reset()
    place = Place(tmp_path, BlobStore(Memory(), "shop/dev/"))
    place.stack.write(empty_deployment())
    assert problem(schema, place.stack.read()) == ""
    assert place.run(BEFORE) == 0
    assert problem(schema, place.stack.read()) == ""
    seen = set()
    for login in ("fay", "cathy", "daniel", "gus"):
        WORLD.dead = lambda login=login: login in WORLD.people
        with suppress(Killed):
            place.run(AFTER)
        WORLD.dead = lambda: False
        place.stack.unlock()
        left = place.stack.read()
        assert problem(schema, left) == "", login
        seen.update(item["type"] for item in left.get("pending_operations") or [])
        seen.update(key for item in left["resources"] for key in ("delete",) if item.get(key))
    assert {"creating", "delete"} <= seen
    assert place.run(AFTER) == 0
    assert problem(schema, place.stack.read()) == ""
    assert place.run({}, "destroy") == 0
    assert problem(schema, place.stack.read()) == ""


def test_the_schema_knows_a_wrong_deployment(schema: Draft202012Validator) -> None:
    good: dict[str, Any] = {
        "manifest": {"time": "2026-01-01T00:00:00Z", "magic": "x", "version": "v3"},
        "resources": [{"urn": "urn:pulumi:dev::shop::a:b:C::d", "custom": False, "type": "a:b:C"}],
    }
    assert problem(schema, good) == ""
    assert problem(schema, {**good, "resources": [{"custom": False}]})
    assert problem(schema, {"resources": []})
    assert problem(schema, {**good, "pending_operations": [{"type": "creating"}]})
