"""Types of argument fields that several platforms share, checked without any I/O."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator


def normal_email(text: str) -> str:
    """Return an e-mail address as it is compared: trimmed, in lower case.

    Raises `ValueError` with the reason for a malformed one. Whether mail arrives is not looked at.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(f"{text!r} is not an e-mail address: {error}") from None
    return found.normalized.lower()


def one_line(text: str) -> str:
    """Return text without outer white space; control characters are refused."""
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError(f"{text!r} contains a line break or another control character")
    return text.strip()


Email = Annotated[str, AfterValidator(normal_email)]
"""An e-mail address, kept in lower case: two that differ in case are the same person."""

Text = Annotated[str, AfterValidator(one_line)]
"""One line of text in any script."""
