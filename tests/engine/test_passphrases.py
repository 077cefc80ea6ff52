"""Secrets of a stack whose passphrase, or salt, is another one than before, or is not there."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.engine.embedded import crypter
from pulumi_martech.engine.embedded.crypter import Crypter, WrongPassphrase
from pulumi_martech.engine.embedded.deployments import (
    imported_deployment,
    opened_deployment,
    with_salt,
)
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.settings import StackSettings
from pulumi_martech.engine.embedded.stacks import empty_deployment
from tests.engine.disk import Disk, Killed
from tests.engine.office import AFTER, BEFORE, WORLD
from tests.engine.sweeps import OnDisk, at, on


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnDisk]:
    """A stack with secrets, and with a salt of its own, of the passphrase `first`."""
    monkeypatch.setattr(crypter, "_ROUNDS", 10)
    monkeypatch.setattr(crypter, "DERIVED", {})
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "first")
    WORLD.reset()
    made = on(Disk(), tmp_path)
    made.stack.make(empty_deployment())
    assert made.run(BEFORE) == 0
    yield made
    WORLD.reset()


def salted(place: OnDisk) -> str:
    """Give the settings of the stack another salt, of the passphrase of the environment."""
    salt = Crypter(None).ensure_salt()
    place.root.joinpath("Pulumi.dev.yaml").write_text(f"encryptionsalt: {salt}\n")
    return salt


def tokens(place: OnDisk) -> set[str]:
    """Return the secrets of the state, opened by the salt that it says."""
    state = place.stack.read()
    salt = state["secrets_providers"]["state"]["salt"]
    opened = opened_deployment(state, Crypter(salt))
    return {
        json.loads(user["outputs"]["token"]["plaintext"])
        for user in opened["resources"]
        if "token" in user.get("outputs", {})
    }


def test_settings_with_another_salt_get_the_state_encrypted_for_them(place: OnDisk) -> None:
    """A checkout without the file of the settings makes a salt for a first secret of its own."""
    assert "token of ann" in tokens(place)
    disk, number = place.disk.copy(), 0
    people, made = dict(WORLD.people), dict(WORLD.made)
    salt = salted(place)
    while True:
        number += 4
        WORLD.people, WORLD.made = dict(people), dict(made)
        now = on(disk.copy(), place.root)
        assert now.run(BEFORE, "preview", expect_no_changes=True) == 0
        first = len(now.disk.calls)
        now.disk.trouble = at(first + number, "kill")
        WORLD.dead = lambda now=now: now.disk.dead
        with suppress(Killed):
            assert now.run(AFTER) == 0
            break
        now.works_again()
        assert "token of ann" in tokens(now), f"kill at {number}"
        now.converges(f"kill at {number}")
        assert now.stack.read()["secrets_providers"]["state"]["salt"] == salt
        assert {"token of ann", "token of gus"} <= tokens(now)
    assert number > 50


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PULUMI_CONFIG_PASSPHRASE": "second"}, "incorrect passphrase"),
        ({}, "passphrase must be set with PULUMI_CONFIG_PASSPHRASE"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "missing.txt"}, "missing.txt cannot be read (No such"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "picture"}, "picture cannot be read (it is no text)"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "second.txt"}, "incorrect passphrase"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "first.txt"}, ""),
        ({"PULUMI_CONFIG_PASSPHRASE": "first", "PULUMI_CONFIG_PASSPHRASE_FILE": "second.txt"}, ""),
    ],
)
@pytest.mark.parametrize("settings", ["its own", "another salt", "none"])
def test_a_passphrase_that_is_wrong_or_missing_changes_nothing(
    place: OnDisk,
    environment: dict[str, str],
    said: str,
    settings: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {"first.txt": b"first\n", "second.txt": b"second\n", "picture": b"\xff\xd8\xff"}
    for name, content in files.items():
        place.root.joinpath(name).write_bytes(content)
    monkeypatch.chdir(place.root)
    if settings == "another salt":
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "second")
        salted(place)
    if settings == "none":
        place.root.joinpath("Pulumi.dev.yaml").unlink()
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(crypter, "DERIVED", {})
    before, people = place.store.read("checkpoint.json"), dict(WORLD.people)

    def look() -> None:
        given = StackSettings(place.stack.project, "dev").crypter
        opened_deployment(with_salt(place.stack.read(), given), given)

    good = not said and settings != "another salt"
    if good:
        look()
    else:
        with pytest.raises(EngineError, match=re.escape(said or "incorrect passphrase")):
            look()
    for kind in ("preview", "up"):
        assert place.run(BEFORE, kind) == (0 if good else 1)
    assert dict(WORLD.people) == people and not place.stack.lock
    if not good:
        assert place.store.read("checkpoint.json") == before


def imported(place: OnDisk, deployment: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps({"version": 3, "deployment": deployment})
    settings = StackSettings(place.stack.project, "dev")
    return imported_deployment(text, place.stack.project, place.stack, settings, False)


def test_a_state_crosses_passphrases_in_the_open_alone(
    place: OnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = place.stack.read()
    opened = opened_deployment(state, StackSettings(place.stack.project, "dev").crypter)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "second")
    monkeypatch.setattr(crypter, "DERIVED", {})
    salted(place)
    with pytest.raises(EngineError) as caught:
        imported(place, state)
    assert "are encrypted with another passphrase, nothing was changed; export it" in str(
        caught.value
    )
    assert not isinstance(caught.value, WrongPassphrase), "nobody is told to change the passphrase"
    provider = {"type": "cloud", "state": {"url": "awskms://alias/x"}}
    with pytest.raises(EngineError, match="with the secrets provider 'cloud'"):
        imported(place, {**state, "secrets_providers": provider})
    place.stack.write(imported(place, {**opened, "secrets_providers": provider}))
    assert "token of ann" in tokens(place)
    assert place.run(BEFORE, "preview", expect_no_changes=True) == 0


def test_a_salt_that_is_damaged_is_said() -> None:
    for salt in ("v2:x:y", "v1:x", "v1:%%%:v1:a:b", "v1:AAAAAAAAAAA=:v1:%%%:b", ""):
        with pytest.raises(EngineError):
            Crypter(salt).decrypt("v1:AAAA:BBBB")
