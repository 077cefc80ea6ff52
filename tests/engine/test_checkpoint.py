"""The text of a deployment: what comes back, whoever has edited it, and what it takes."""

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_martech.engine.embedded.checkpoint import Resources, parsed, text_of
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.replay import Replayer

MANY = 2_000


def _people(count: int) -> list[dict[str, Any]]:
    """As many people as a state has them: 600 bytes each."""
    return [
        {
            "urn": f"urn:pulumi:dev::shop::pulumi-python:dynamic/martech/scim:MartechUser::p{n}",
            "custom": True,
            "inputs": {f"{name}{n}": f"{name} of {n}" * 3 for name in ("login", "name", "email")},
            "outputs": {f"{name}{n}": f"{name} of {n}" * 3 for name in ("login", "name", "email")},
            "dependencies": ["urn:pulumi:dev::shop::pulumi-python:dynamic/martech:Gate::gate"],
        }
        for n in range(count)
    ]


@pytest.mark.parametrize("resources", [[], [{"urn": 'é",\n"'}], _people(3)])
def test_what_was_written_is_read_whoever_edited_it(resources: list[dict[str, Any]]) -> None:
    deployment = {"manifest": {"version": "v3"}, "resources": resources}
    text = b"".join(text_of(deployment))
    found = parsed(text)
    assert list(found["resources"]) == resources and found["manifest"] == {"version": "v3"}
    again = b"".join(text_of(found))
    assert again != text and again.split(b"\n")[1:] == text.split(b"\n")[1:]
    assert text.count(b"\n") == 2 + max(1, len(resources))

    swapped = {"resources": [dict(reversed(r.items())) for r in resources]}
    for said in (json.loads(text), {"version": 3, "deployment": {**deployment, **swapped}}):
        for indent in (None, 0, 2):
            edited = parsed(json.dumps(said, indent=indent).encode())
            assert list(edited["resources"]) == resources
            assert edited["resources"] == found["resources"], "the order of members says nothing"
    assert Resources.of(resources[1:]) != found["resources"] or not resources


def test_a_text_that_was_cut_or_damaged_is_refused() -> None:
    text = b"".join(text_of({"resources": [{"urn": "a"}, {"urn": "b"}]}))
    for cut in range(len(text) - 1):
        with pytest.raises((ValueError, KeyError, TypeError)):
            parsed(text[:cut])
    damaged = parsed(text.replace(b'"b"', b'"b'), "the state of stack 'dev' in /shop")["resources"]
    with pytest.raises(EngineError, match="of the state of stack 'dev' in /shop cannot be read: "):
        list(damaged)


def _held(work: Callable[[], Any]) -> tuple[float, float]:
    """Return how many times the file of 2,000 people is held after some work, and at most."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = work()
        after, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept is not None
    size = len(b"".join(text_of({"resources": _people(MANY)})))
    return after / size, most / size


def test_a_run_holds_its_resources_as_they_lie_in_the_file() -> None:
    text = b"".join(text_of({"resources": _people(MANY)}))
    states = _people(MANY)

    def begun() -> Replayer:
        return Replayer(parsed(bytes(text)))

    def made() -> Replayer:
        replayer = Replayer({})
        for number, state in enumerate(states):
            replayer.add({"kind": "success", "op": number, "state": state})
        return replayer

    def went_on() -> Any:
        replayer = begun()
        for number in range(MANY):
            replayer.add({"kind": "same", "op": number, "removeOld": number})
        return replayer, replayer.deployment()

    for work in (begun, made, went_on):
        after, _ = _held(work)
        assert after < 2, f"{work.__name__}: {after:.2f} times"

    replayer = made()
    deployment = replayer.deployment()

    def written() -> int:
        return sum(len(part) for part in text_of(deployment))

    _, most = _held(written)
    assert most < 0.5, f"{most:.2f} times the file to write it"
