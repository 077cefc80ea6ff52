"""A request to the sandbox's SendGrid, and how it is refused."""

import json
import re
from typing import Any

from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Call

INVALID_SCOPES = "one or more of given scopes are invalid"
"""What is said of scopes that do not exist or that the key cannot give [SPEC]."""


class Problem(Exception):
    """A refusal: ``{"errors": [{"message", "field"}]}``; ``bare`` without what is around."""

    def __init__(
        self, status: int, message: str, field: str | None = None, bare: bool = False
    ) -> None:
        entries = [{"message": message, "field": field}]
        self.status = status
        self.body: Any = entries if bare else {"errors": entries}
        super().__init__()


class Asked:
    """A request with what its key may give."""

    def __init__(self, call: Call, held: frozenset[str]) -> None:
        self.call, self.held = call, held

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """Return a number of the query; what is none is refused."""
        given = self.call.query.get(name)
        if given is None:
            return default
        if not re.fullmatch(r"\d{1,15}", given) or (most is not None and int(given) > most):
            raise Problem(400, f"invalid {name}", name)
        return int(given)

    def body(self, bare: bool = False) -> Doc:
        """Return the body, which is a JSON object."""
        try:
            sent = json.loads(self.call.body)
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            raise Problem(400, "invalid JSON", None, bare)
        return sent

    def email(self, sent: Doc, bare: bool = False) -> str:
        """Return the address that is sent."""
        email = sent.get("email")
        if not isinstance(email, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise Problem(400, "email is invalid", "email", bare)
        return email
