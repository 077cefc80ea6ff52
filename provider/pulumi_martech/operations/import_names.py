"""Names in code for what an account already has: person ids, role keys, variables.

An id is part of a URN, which cannot be encrypted, so it is never an address. It comes from the
login alone, and from nothing that depends on the order of a listing: the same account always gets
the same ids.
"""

import builtins
import hashlib
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

_LONGEST = 64
_DIGITS = 6


def plain_name(text: str) -> str:
    """Return a text as a name in code: lower case, without accents, ``-`` for all else.

    ``Zoë O'Hara`` is ``zoe-o-hara``; empty where nothing of the text can be written so.
    """
    ascii_ = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._-]+", "-", ascii_).strip("-._")[:_LONGEST].rstrip("-._")


def person_ids(
    logins: Iterable[str], known: Mapping[str, str], taken: Collection[str]
) -> dict[str, str]:
    """Return an id of our own for each login.

    It is what stands before the ``@``, with six digits of the login's hash behind it where
    another login would have the same (``ana-3f09b1``): then all of these get them.

    Args:
        logins: logins in normal case.
        known: login to the id that the program has for this person in another account.
        taken: ids that the program uses in this account for others.
    """
    wanted = {login: known.get(login) or _person(login) for login in logins}
    return _unlike(wanted, taken, "user")


def role_keys(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Return a key for each role name, made as those of people are."""
    return _unlike({name: plain_name(name) for name in names}, taken, "role")


def variables(keys: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Return a variable for each key, none of them a word of Python or in ``taken``."""
    found: dict[str, str] = {}
    used = {*taken, *keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    for key in sorted(keys):
        name = identifier(key)
        while name in used:
            name += "_"
        used.add(name)
        found[key] = name
    return found


def identifier(key: str) -> str:
    """Return a key as a word of Python."""
    word = re.sub(r"\W", "_", key, flags=re.ASCII)
    return word if not word[:1].isdigit() else f"_{word}"


def _person(login: str) -> str:
    local, _, domain = login.rpartition("@")
    return plain_name(local if local and domain else login)


def _unlike(wanted: Mapping[str, str], taken: Collection[str], instead: str) -> dict[str, str]:
    """Return names that no two share: those that would be the same, or are none, get digits."""
    often = Counter(wanted.values())
    found = {}
    for text, name in wanted.items():
        if name and often[name] == 1 and name not in taken:
            found[text] = name
    used = {*taken, *found.values()}
    for text in sorted(wanted.keys() - found.keys()):
        digest = hashlib.sha256(text.encode()).hexdigest()
        stem, length = wanted[text] or instead, _DIGITS
        while (name := f"{stem[: _LONGEST - length - 1]}-{digest[:length]}") in used:
            length += 1
        used.add(name)
        found[text] = name
    return found
