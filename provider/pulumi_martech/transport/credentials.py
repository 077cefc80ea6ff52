"""Reading a credential from where its reference points to."""

import os
import stat
from pathlib import Path

from pulumi_martech.model.errors import CredentialError
from pulumi_martech.project import project

MAX_FILE = 64 * 1024
"""Bytes; no credential is larger, and a wrong path should not fill the memory."""


def resolve(reference: str) -> str:
    """Return the secret that a reference points to.

    Args:
        reference: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``. A relative path starts
            at the folder of ``Pulumi.yaml`` (looked for upwards), or here if there is none.

    Line ends around the secret are dropped, as editors and ``echo`` leave them.

    Raises:
        CredentialError: the reference is unset, empty or unreadable; names the reference.
    """
    kind, _, rest = reference.partition(":")
    readers = {"env": _environment, "file": _file, "keyring": _keyring}
    if kind not in readers or not rest:
        # What is no reference may be the secret itself, so it is not repeated.
        raise CredentialError(
            "read a credential",
            "its reference is none of env:NAME, file:PATH, keyring:SERVICE/USER "
            "(not shown: it may be the secret itself)",
            "nothing was sent",
        )
    secret = readers[kind](reference, rest).strip("\r\n")
    if not secret.strip():
        raise _error(reference, "it is empty", "put the secret there")
    return secret


def _environment(reference: str, name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise _error(reference, f"the environment variable {name} is not set", f"set {name}")
    if any("\udc80" <= letter <= "\udcff" for letter in value):
        raise _error(reference, "it is not text in UTF-8", f"set {name} again")
    return value


def _file(reference: str, name: str) -> str:
    path = Path(name).expanduser()
    if not path.is_absolute():
        path = project() / path
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _error(reference, f"{path} is not a regular file", "name a file")
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise _error(
            reference, f"{path} cannot be read ({reason})", "see path and rights"
        ) from None
    if len(content) > MAX_FILE:
        raise _error(reference, f"{path} is larger than {MAX_FILE} bytes", "name another file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _error(reference, f"{path} is not text in UTF-8", "name another file") from None


def _keyring(reference: str, entry: str) -> str:
    service, _, user = entry.rpartition("/")
    if not service or not user:
        raise _error(reference, "it lacks a part", "write keyring:SERVICE/USER")
    # Imported here, as it looks for backends on import and few accounts need one.
    import keyring
    import keyring.errors

    try:
        secret = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError:
        raise _error(
            reference, "this machine has no keyring", "use env: or file:, or install a keyring"
        ) from None
    except keyring.errors.KeyringError as error:
        reason = type(error).__name__
        raise _error(reference, f"the keyring refused ({reason})", "unlock the keyring") from None
    if secret is None:
        todo = f"store it with: keyring set {service} {user}"
        raise _error(reference, "the keyring has no such entry", todo)
    return secret


def _error(reference: str, said: str, todo: str) -> CredentialError:
    return CredentialError(f"read credential {reference}", said, "nothing was sent", todo)
