"""References to credentials, and what is said when one leads nowhere."""

import errno
import os
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from pulumi_martech.model.errors import CredentialError
from pulumi_martech.transport import resolve


class Memory(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, locked: bool = False) -> None:
        super().__init__()
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("the passphrase hunter2 is wrong")
        return {("crm/eu", "ana"): "from-the-ring"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield monkeypatch  # type: ignore[misc]
    keyring.set_keyring(before)


def test_each_kind_of_reference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ring: object
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "from the environment\n")
    (tmp_path / "token").write_bytes("\ufefffrom a file\r\n".encode())
    assert resolve("env:CRM_TOKEN") == "from the environment"
    assert resolve(f"file:{tmp_path}/token") == "from a file"
    assert resolve("keyring:crm/eu/ana") == "from-the-ring"


def test_a_relative_path_starts_at_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("t0ken")
    (tmp_path / "stacks").mkdir()
    monkeypatch.chdir(tmp_path / "stacks")
    assert resolve("file:secrets/token") == "t0ken"


def test_a_path_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".crm-token").write_text("t0ken")
    assert resolve("file:~/.crm-token") == "t0ken"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"cannot be read \(no such file or directory\)"),
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"\xff\xfe\x00", "is not text in UTF-8"),
        (b"x" * 70_000, "is larger than 65536 bytes"),
    ],
)
def test_a_file_that_is_no_credential(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CredentialError, match=f"read credential file:{path}: .*{said}") as caught:
        resolve(f"file:{path}")
    assert "nothing was sent" in str(caught.value)


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(CredentialError, match="is not a regular file"):
            resolve(f"file:{tmp_path / name}")


def test_a_file_without_read_right(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken")
    (tmp_path / "token").chmod(0)

    def refuse(*_: object) -> None:  # who is root may read all the same
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CredentialError, match=r"token cannot be read \(permission denied\)"):
        resolve(f"file:{tmp_path}/token")


def test_an_environment_variable_that_is_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_TOKEN", raising=False)
    with pytest.raises(CredentialError) as caught:
        resolve("env:CRM_TOKEN")
    assert str(caught.value) == (
        "read credential env:CRM_TOKEN: the environment variable CRM_TOKEN is not set; "
        "nothing was sent; set CRM_TOKEN"
    )
    for value, said in (("", "is empty"), ("  ", "is empty"), ("a\udcff", "not text in UTF-8")):
        monkeypatch.setenv("CRM_TOKEN", value)
        with pytest.raises(CredentialError, match=said):
            resolve("env:CRM_TOKEN")


def test_a_keyring_that_does_not_give(ring: object) -> None:
    with pytest.raises(CredentialError, match=r"no such entry; .*keyring set crm bo"):
        resolve("keyring:crm/bo")
    with pytest.raises(CredentialError, match="write keyring:SERVICE/USER"):
        resolve("keyring:crm")
    keyring.set_keyring(Memory(locked=True))
    with pytest.raises(CredentialError, match=r"refused \(KeyringLocked\)") as caught:
        resolve("keyring:crm/ana")
    assert "hunter2" not in str(caught.value)
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(CredentialError, match="this machine has no keyring"):
        resolve("keyring:crm/ana")


@pytest.mark.parametrize("mistake", ["sk-live-51Hx", "https://ana:hunter2@x", "env:", ":x", ""])
def test_a_secret_in_place_of_a_reference_is_not_repeated(mistake: str) -> None:
    with pytest.raises(CredentialError, match="may be the secret itself") as caught:
        resolve(mistake)
    assert "51Hx" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
