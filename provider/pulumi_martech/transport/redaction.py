"""Keeping secrets out of everything a person or a log gets to see."""

import html
import json
import logging
import re
import threading
from base64 import b64encode

HIDDEN = "***"
JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
"""A JSON Web Token (its header begins with ``{"``)."""
_SHORTEST_CORE = 8
"""Characters; a shorter piece of base64 would hide innocent words."""


class Redactor:
    """Replaces every secret it was told about by ``***``, however the secret is written.

    Found are the secret itself, with any of its characters percent-encoded, JSON- or
    HTML-escaped, with its white space changed, and inside base64 of any longer text
    (``user:password``). JSON Web Tokens are hidden without being told.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._pattern = JWT

    def add(self, secret: str) -> None:
        """Hide ``secret`` from now on; of several lines (a PEM key) each is hidden."""
        lines = (line.strip() for line in secret.strip().splitlines())
        found = {line for line in lines if len(line) >= _SHORTEST_CORE} | {secret.strip()} - {""}
        with self._lock:
            if found <= self._secrets:
                return
            self._secrets |= found
            forms = {form for known in self._secrets for form in _forms(known)}
            longest_first = sorted(forms, key=len, reverse=True)
            self._pattern = re.compile("|".join([*longest_first, JWT.pattern]))

    def redact(self, text: str) -> str:
        """Return ``text`` without secrets."""
        return self._pattern.sub(HIDDEN, text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a log record (a `logging` filter); always lets it pass."""
        record.msg, record.args = self.redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"


def _forms(secret: str) -> set[str]:
    """Return regular expressions for the ways in which ``secret`` may be written."""
    whole = b64encode(secret.encode()).decode().rstrip("=")
    forms = {_spelled(secret), _spelled(whole) + "={0,2}"}
    for before in range(3):
        # Base64 of a longer text has the secret at one of three alignments; what depends on the
        # neighbours at both ends is left out.
        encoded = b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        end = (before + len(secret.encode())) * 8 // 6
        core = encoded[(before * 8 + 5) // 6 : end]
        if len(core) >= _SHORTEST_CORE:
            forms.add(_spelled(core) + r"[\w+/-]*={0,2}")
    return forms


def _spelled(text: str) -> str:
    """Return a regular expression for ``text`` with any character escaped in any usual way."""
    return _BLANKS.join("".join(map(_letter, word)) for word in text.split())


def _letter(letter: str) -> str:
    if letter.isalnum() and letter.isascii():
        return letter  # nobody escapes these
    code = ord(letter)
    ways = {
        rf"\\?{re.escape(letter)}",
        re.escape(json.dumps(letter)[1:-1]),
        re.escape(html.escape(letter)),
        rf"&#0*{code};",
        rf"&#[xX]0*(?i:{code:x});",
        # An encoded percent sign may stand in front, for what is encoded twice.
        "".join(f"%(?:25)*(?i:{byte:02x})" for byte in letter.encode()),
    }
    if code <= 0xFFFF:
        ways.add(rf"\\u(?i:{code:04x})")
    if letter in "+/":
        ways.add({"+": "-", "/": "_"}[letter])
    return "(?:" + "|".join(sorted(ways, key=len, reverse=True)) + ")"


_BLANKS = "(?:" + "|".join((r"\s", r"\+", *map(_letter, " \t\r\n"))) + ")*"
"""White space between the words of a secret, kept, changed, escaped or left out."""
