"""What is wrong with an import file is named all at once, before anything is done."""

import json
from pathlib import Path

import pytest

from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.importing import ImportFile

TYPE = "pulumi-python:dynamic/toy:User"


def _user(name: str, **more: object) -> dict[str, object]:
    values = {"__provider": "gASV", "login": name}
    return {"type": TYPE, "name": name, "id": name, "inputs": values, "outputs": values, **more}


def test_all_problems_of_a_file_are_named(tmp_path: Path) -> None:
    resources = [
        _user("twice"),
        _user("twice", logicalName="other"),
        _user("none", id=""),
        _user("bare", inputs={}, outputs={}),
        _user("plugin", version="1.0.0"),
        {"type": "aws:s3/bucket:Bucket", "name": "bucket", "id": "b"},
        {"type": "pulumi:providers:aws", "name": "aws"},
        {"type": "my:Team", "name": "team", "component": True, "id": "t"},
        {"type": "my:Team", "name": "far", "component": True, "remote": True},
        {"name": "typeless"},
    ]
    file = tmp_path / "import.json"
    file.write_text(json.dumps({"resources": resources}))
    with pytest.raises(EngineError) as refused:
        ImportFile.read(file, protect=True)
    said = str(refused.value).partition(" cannot be used: ")[2].split("; ")
    assert said == [
        "'none' has no id",
        "'bare' has no inputs with __provider",
        "'bare' has no outputs with __provider",
        "'plugin' asks for another provider plugin, which this engine does not cover",
        "'bucket' is of the type aws:s3/bucket:Bucket, which this engine does not cover",
        "'aws' is of a provider that this engine does not cover",
        "'team' has an ID, but is marked as a component",
        "'far' is a remote component, which this engine does not cover",
        "a resource has no type or no name",
        "'twice' is there 2 times",
        "set name (or logicalName) to be unique",
    ]
