"""Handlers see the same, and their answers are read the same, as through the SDK's own server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from pulumi_martech.engine.embedded.errors import StepFailed
from pulumi_martech.engine.embedded.providers import Provider
from pulumi_martech.engine.embedded.state import ResourceState
from pulumi_martech.engine.embedded.values import UNKNOWN, Secret, equal
from pulumi_martech.engine.embedded.wire import from_struct, to_struct
from tests.engine.embedded_provider import Echo

ROOT = Path(__file__).parents[2]
CONFIG = {"toy:account": "acme", "toy:limit": "5"}


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """The process that the real engine starts, configured as the real engine does."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic", "x"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(pb.ConfigureRequest(args=to_struct(dict(CONFIG))))
        yield stub
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider("project", dict(CONFIG))


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return {
        "__provider": serialize_provider(Echo()),
        "login": "ann",
        "age": 41.0,
        "ratio": 0.25,
        "on": False,
        "empty": "",
        "list": [1.0, None, "x", [], {}],
        "map": {"a": {"b": [True]}, "c d": "é"},
    }


def plain(properties: dict[str, Any]) -> dict[str, Any]:
    """What the engine sends to a server that takes no secrets."""
    return {k: v.value if isinstance(v, Secret) else v for k, v in properties.items()}


def test_check_and_diff(server: Any, provider: Provider, values: dict[str, Any]) -> None:
    news = {**values, "who": UNKNOWN, "deep": {"in": [UNKNOWN, "y"]}, "key": Secret("s3cret")}
    theirs = server.Check(pb.CheckRequest(olds=to_struct(values), news=to_struct(plain(news))))
    inputs, failures = provider.check(values, news, preview=True)
    assert not failures
    assert equal(inputs, from_struct(theirs.inputs))

    request = pb.DiffRequest(id="id-1", olds=to_struct(values), news=to_struct(plain(news)))
    answer = server.Diff(request)
    state = ResourceState("urn:pulumi:s::p::t::n", "t", True, "id-1")
    diff = provider.diff(state, values, values, news, unknowns=True, ignored=[])
    assert diff.replace_keys == list(answer.replaces)
    assert diff.changed_keys == ["deep", "key", "who"]


def test_create_read_and_update(server: Any, provider: Provider, values: dict[str, Any]) -> None:
    made = server.Create(pb.CreateRequest(properties=to_struct(values)))
    assert (made.id, True) == (
        "id-1",
        provider.create(values)[1] == from_struct(made.properties),
    )

    theirs = server.Read(pb.ReadRequest(id="id-1", properties=to_struct(values)))
    ours = provider.read("id-1", values, values)
    assert ours.id == theirs.id
    assert ours.outputs == from_struct(theirs.properties)
    assert ours.inputs == from_struct(theirs.inputs)

    gone = server.Read(pb.ReadRequest(id="gone", properties=to_struct(values)))
    assert gone.id == "" == provider.read("gone", values, values).id

    request = pb.UpdateRequest(id="id-1", olds=to_struct(values), news=to_struct(values))
    updated = server.Update(request)
    assert provider.update("id-1", values, values) == from_struct(updated.properties)


def test_what_a_handler_raises(server: Any, provider: Provider, values: dict[str, Any]) -> None:
    """The last line of the server's traceback is our message."""
    with pytest.raises(grpc.RpcError) as theirs:
        server.Delete(pb.DeleteRequest(id="id-1", properties=to_struct(values)))
    with pytest.raises(StepFailed) as ours:
        provider.delete("id-1", values)
    assert theirs.value.details().strip().splitlines()[-1] == str(ours.value)


def test_secrets_stay_secret_under_their_names(provider: Provider, values: dict[str, Any]) -> None:
    """Lists as a whole, objects member by member, and a handler sees plain values only."""
    secret = {**values, "part": Secret(1.0), "pair": [Secret("a")], "deep": {"list": Secret("b")}}
    _, outputs = provider.create(secret)
    assert isinstance(outputs["part"], Secret) and isinstance(outputs["pair"], Secret)
    assert isinstance(outputs["deep"]["list"], Secret) and not isinstance(outputs["deep"], Secret)
    assert not isinstance(outputs["whole"], Secret)
    assert "Secret" not in outputs["given"] and "float:1.0" in outputs["given"]


def test_each_provider_resource_has_instances_of_its_own(values: dict[str, Any]) -> None:
    """Two accounts share the class and its pickle, and nothing else."""
    one, other = Provider("p", {"toy:account": "one"}), Provider("p", {"toy:account": "other"})
    assert "one" in one.create(values)[1]["config"]
    assert "other" in other.create(values)[1]["config"]
