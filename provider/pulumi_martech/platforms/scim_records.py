"""SCIM records as they come in, read with tolerance, and as they go out.

Names of attributes are compared without regard to case (RFC 7643 §2.1), truth and numbers may be
text, lists may be absent or a single value (fact sheet ``scim.md``, deviations).
"""

from collections.abc import Iterable, Mapping
from typing import Any

Record = Mapping[str, Any]


def equals(attribute: str, value: str) -> str:
    """Return the filter that compares an attribute with a text, escaped as in JSON (RFC 7644)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{attribute} eq "{escaped}"'


def value_of(record: Record, name: str) -> Any:
    """Return an attribute; names are compared without regard to case (RFC 7643 §2.1)."""
    if name in record:
        return record[name]
    folded = name.lower()
    return next((value for key, value in record.items() if key.lower() == folded), None)


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Set an attribute in a record that is to be sent; an empty value takes it out."""
    name, _, inner = path.partition(".")
    key = next((key for key in record if key.lower() == name.lower()), name)
    if inner:
        part = dict(record.get(key) or {})
        put(part, inner, value)
        value = part
    if value in ("", {}):
        record.pop(key, None)
    else:
        record[key] = value


def text_of(record: Record, name: str) -> str:
    """Return a text attribute, empty if it is absent; a number counts as text."""
    value = value_of(record, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def truth_of(value: Any) -> bool:
    """Return a boolean that may come as text; an absent one is true."""
    return value.strip().lower() != "false" if isinstance(value, str) else value is not False


def number_of(value: Any) -> Any:
    """Return a number that may have come as text; anything else as it is."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def addresses_of(record: Record) -> list[dict[str, Any]]:
    """Return ``emails`` in its standard form; a single one, or bare text, is understood."""
    emails = value_of(record, "emails")
    listed = emails if isinstance(emails, list) else [emails] if emails else []
    found = []
    for entry in listed:
        if isinstance(entry, str):
            found.append({"value": entry})
        elif isinstance(entry, Mapping) and text_of(entry, "value"):
            found.append({**entry, "value": text_of(entry, "value")})
    return found


def primary_of(addresses: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the primary address, else the one for work, else the first."""
    for sought in ("primary", "work"):
        for entry in addresses:
            if sought == "primary" and "primary" in entry and truth_of(entry["primary"]):
                return entry
            if sought == "work" and text_of(entry, "type").lower() == "work":
                return entry
    return addresses[0] if addresses else None


def email_of(record: Record) -> str | None:
    """Return the primary address in lower case."""
    entry = primary_of(addresses_of(record))
    return str(entry["value"]).lower() if entry else None


def with_primary(record: Record, email: str) -> list[dict[str, Any]]:
    """Return the addresses with the primary one replaced, or taken out for an empty ``email``."""
    addresses = addresses_of(record)
    entry = primary_of(addresses)
    if entry is None:
        return [{"value": email, "type": "work", "primary": True}] if email else []
    others = [address for address in addresses if address is not entry]
    same = [address for address in others if address["value"].lower() != email.lower()]
    return [{**entry, "value": email}, *same] if email else others


def member_id(entry: Any) -> str:
    """Return the id a group entry points to; some servers give a reference alone."""
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Mapping):
        return ""
    return text_of(entry, "value") or text_of(entry, "$ref").rstrip("/").rpartition("/")[2]


def manager_of(user: Record, extension: str) -> str:
    """Return the id of a user's manager, empty if there is none."""
    known = value_of(user, extension)
    return member_id(value_of(known, "manager")) if isinstance(known, Mapping) else ""


def bare_member(entry: Any) -> Record:
    """Return a group entry as it is sent: servers refuse what they made themselves of it."""
    kind = text_of(entry, "type") if isinstance(entry, Mapping) else ""
    bare = {"value": member_id(entry)}
    return bare if kind.lower() in ("", "user") else {**bare, "type": kind}


def members_of(group: Record) -> list[str]:
    """Return the ids that a group lists as members."""
    entries = value_of(group, "members")
    listed = entries if isinstance(entries, list) else [entries]
    return [id_ for entry in listed if (id_ := member_id(entry))]


def names_by_member(groups: Iterable[Record]) -> dict[str, set[str]]:
    """Return the names of the groups that each id is listed in."""
    held: dict[str, set[str]] = {}
    for group in groups:
        name = text_of(group, "displayName")
        for member in members_of(group) if name else []:
            held.setdefault(member, set()).add(name)
    return held


def described(record: Record) -> str:
    """Return words for a record that lacks what identifies it."""
    id_ = text_of(record, "id")
    return f"with id {id_} and no name" if id_ else "without an id"
