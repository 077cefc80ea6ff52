"""What programs ask for and is not covered is refused by name, with what to do."""

import json
from pathlib import Path

import pytest

from tests.conformance.replay import ENGINES
from tests.conformance.sandbox import Sandbox

FOLDER = Path(__file__).parents[1] / "engine_vectors"
PROGRAMS = {  # what is said to be not covered, and what asks for it
    "the resource type aws:s3/bucket:Bucket": "pulumi.CustomResource('aws:s3/bucket:Bucket', 'b')",
    "the resource type random:index:Id": (
        "pulumi.CustomResource('random:index:Id', 'b', {}, O(id='x'))"
    ),
    "the resource type pulumi-nodejs:dynamic:Resource": (
        "pulumi.CustomResource('pulumi-nodejs:dynamic:Resource', 'b')"
    ),
    "the resource type pulumi:providers:aws": (
        "toy.User('a', login='a', opts=O(provider=pulumi.ProviderResource('aws', 'p')))"
    ),
    "the resource type pulumi:index:Stash": "pulumi.Stash('s', input=1)",
    "the remote component x:y:Z": "pulumi.ComponentResource('x:y:Z', 'c', {}, remote=True)",
    "the function aws:index:x": (
        "pulumi.export('x', pulumi.runtime.invoke_output('aws:index:x', {}))"
    ),
    "the function pulumi:pulumi:getResource": (
        "toy.User('a', login='a', opts=O(urn='urn:pulumi:dev::toyland::x:y:z::a'))"
    ),
    "the method x:y:z/m": "pulumi.runtime.call('x:y:z/m', {})",
    "assets and archives are": "toy.User('a', login='a', deep=[{'x': pulumi.FileAsset('a.py')}])",
    "archives are": (
        "toy.User('a', login='a', x=pulumi.AssetArchive({'a': pulumi.StringAsset('x')}))"
    ),
    "assets and": "pulumi.export('a', pulumi.StringAsset('a'))",
    "the option `version`": "toy.User('a', login='a', opts=O(version='1.2.3'))",
    "invoke transforms": "pulumi.runtime.register_invoke_transform(lambda args: None)",
}


@pytest.fixture(scope="module")
def sandbox():
    """A project with the toy provider."""
    found = Sandbox(FOLDER / "01-create", ENGINES["embedded"])
    yield found
    found.close()


@pytest.mark.parametrize("what", PROGRAMS)
def test_what_is_not_covered_is_refused_by_name(sandbox: Sandbox, what: str) -> None:
    head = "import pulumi, toy\nfrom pulumi import ResourceOptions as O\n"
    (sandbox.work / "__main__.py").write_text(head + PROGRAMS[what] + "\n")
    done = sandbox.pulumi("up", "--yes", "--skip-preview")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert what in said and "use a stack on the real `pulumi`" in said
    assert "Traceback" not in said
    assert json.loads(sandbox.world.read_text())["objects"] == {}


def test_an_import_by_the_program_is_refused(sandbox: Sandbox) -> None:
    """With the real one it always fails, once other resources may have been made."""
    head = "import toy\nfrom pulumi import ResourceOptions as O\n"
    (sandbox.work / "__main__.py").write_text(
        f"{head}toy.User('a', login='a', opts=O(import_='user/a'))\n"
    )
    done = sandbox.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode == 1
    assert "take it over by `import --file`" in done.stdout + done.stderr
    assert json.loads(sandbox.world.read_text())["objects"] == {}


def test_an_alias_that_is_no_urn_is_refused(sandbox: Sandbox) -> None:
    """It would be taken for an unknown name: the resource would be made anew and deleted."""
    head = "import toy\nfrom pulumi import ResourceOptions as O\n"
    program = "toy.User('b', login='a', opts=O(aliases=['a']))\n"
    (sandbox.work / "__main__.py").write_text(head + program)
    done = sandbox.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode == 1
    assert 'invalid alias URN: invalid URN "a"' in done.stdout
    assert json.loads(sandbox.world.read_text())["objects"] == {}


def test_a_version_that_the_program_asks_for_is_looked_at(sandbox: Sandbox) -> None:
    program = "import pulumi, toy\npulumi.require_pulumi_version({!r})\ntoy.User('a', login='a')\n"
    said = 'Pulumi CLI version 3.259.0 does not satisfy the version range ">=4.0.0"'
    (sandbox.work / "__main__.py").write_text(program.format(">=4.0.0"))
    done = sandbox.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode == 1 and said in done.stdout
    assert json.loads(sandbox.world.read_text())["objects"] == {}
    (sandbox.work / "__main__.py").write_text(program.format(">=3.0.0"))
    assert sandbox.pulumi("preview").returncode == 0
    settings = sandbox.work / "Pulumi.yaml"
    before = settings.read_text()
    settings.write_text(before.rstrip("\n") + '\nrequiredPulumiVersion: ">=4.0.0"\n')
    try:
        done = sandbox.pulumi("preview")
    finally:
        settings.write_text(before)
    assert done.returncode == 1 and said in done.stdout + done.stderr
