"""Secrets in Pulumi's own format: `v1:NONCE:CIPHERTEXT`, AES-256-GCM, a key from a passphrase.

The salt `v1:SALT:CHECK` is kept in the stack's settings as `encryptionsalt` and in the state; its
last part is the encrypted word `pulumi`, which tells a wrong passphrase.
"""

import base64
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import EngineError

_ROUNDS = 1_000_000  # of PBKDF2-HMAC-SHA256; fixed by the format
_PROBE = "pulumi"

DERIVED: dict[tuple[str, str], str] = {}
"""Keys (in base64) by passphrase and salt, that this process or one before it has derived."""


def passphrase() -> str | None:
    """Return the passphrase of the environment, or `None` if none is set."""
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return os.environ["PULUMI_CONFIG_PASSPHRASE"]
    named = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not named:
        return None
    try:
        return Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise EngineError(
            f"the passphrase file {named} cannot be read ({reason}); "
            "point PULUMI_CONFIG_PASSPHRASE_FILE to a readable file"
        ) from None


class WrongPassphrase(EngineError):
    """The passphrase is not the one that the salt was made with."""


class Crypter:
    """Encrypts and decrypts with one passphrase.

    The key is derived when the first secret is there to be opened or written: that takes a quarter
    of a second, and most stacks have no secret.
    """

    def __init__(self, salt: str | None, keep: Callable[[str], str] = lambda salt: salt):
        """Take the salt of the stack, or `None` for a stack that has none yet.

        Args:
            salt: as `encryptionsalt` has it.
            keep: writes down a new salt, before anything is encrypted with it; returns it, or the
                one that another process wrote first.
        """
        self.salt = salt
        self._keep = keep
        self._cipher: AESGCM | None = None
        self._lock = threading.Lock()

    def encrypt(self, text: str) -> str:
        """Return `v1:NONCE:CIPHERTEXT` of a text."""
        cipher = self._open()
        nonce = os.urandom(12)
        sealed = cipher.encrypt(nonce, text.encode(), None)
        return f"v1:{_b64(nonce)}:{_b64(sealed)}"

    def decrypt(self, text: str) -> str:
        """Return the text of `v1:NONCE:CIPHERTEXT`.

        Raises:
            EngineError: it is malformed or was encrypted with another passphrase.
        """
        return self._decrypt(self._open(), text)

    def ensure_salt(self) -> str:
        """Return the salt; makes one if the stack has none, which needs a passphrase."""
        with self._lock:
            if self.salt is None:
                cipher, salt = self._begin()
                self.salt = self._keep(salt)
                self._cipher = cipher if self.salt == salt else None
            return self.salt

    def _begin(self) -> tuple[AESGCM, str]:
        salt, nonce = _b64(os.urandom(8)), os.urandom(12)
        cipher = AESGCM(_key(self._phrase(), salt))
        sealed = cipher.encrypt(nonce, _PROBE.encode(), None)
        return cipher, f"v1:{salt}:v1:{_b64(nonce)}:{_b64(sealed)}"

    def _open(self) -> AESGCM:
        salt = self.ensure_salt()
        with self._lock:
            if self._cipher is None:
                self._cipher = self._opened(salt)
            return self._cipher

    def _opened(self, text: str) -> AESGCM:
        version, _, rest = text.partition(":")
        salt, _, check = rest.partition(":")
        if version != "v1" or not check:
            raise EngineError("the encryptionsalt of the stack is malformed")
        try:
            cipher = AESGCM(_key(self._phrase(), salt))
        except ValueError:
            raise EngineError("the encryptionsalt of the stack is malformed") from None
        try:
            good = self._decrypt(cipher, check) == _PROBE
        except EngineError:
            good = False
        if not good:
            raise WrongPassphrase(
                "incorrect passphrase; set PULUMI_CONFIG_PASSPHRASE to the one of this stack"
            )
        return cipher

    @staticmethod
    def _phrase() -> str:
        phrase = passphrase()
        if phrase is None:
            raise EngineError(
                "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or "
                "PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
            )
        return phrase

    @staticmethod
    def _decrypt(cipher: AESGCM, text: str) -> str:
        parts = text.split(":")
        if len(parts) != 3 or parts[0] != "v1":
            raise EngineError("a secret of this stack is malformed and cannot be decrypted")
        try:
            opened = cipher.decrypt(base64.b64decode(parts[1]), base64.b64decode(parts[2]), None)
        except (InvalidTag, ValueError):
            raise EngineError(
                "a secret cannot be decrypted; it was encrypted with another passphrase"
            ) from None
        return opened.decode()


def _key(phrase: str, salt: str) -> bytes:
    if (phrase, salt) not in DERIVED:
        key = hashlib.pbkdf2_hmac("sha256", phrase.encode(), base64.b64decode(salt), _ROUNDS, 32)
        DERIVED[phrase, salt] = _b64(key)
    return base64.b64decode(DERIVED[phrase, salt])


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
