"""What a check of values found, in words; without the values, as one may be a secret."""

from typing import Any

from pydantic import ValidationError

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "is empty",
    "bool_parsing": "must be True or False",
    "bool_type": "must be True or False",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "extra_forbidden": "is not an argument of this",
    "date_type": "must be a date like 2027-06-30",
    "date_parsing": "must be a date like 2027-06-30",
    "date_from_datetime_parsing": "must be a date like 2027-06-30",
    "date_from_datetime_inexact": "must be a date like 2027-06-30",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a dictionary",
    "mapping_type": "must be a dictionary",
    "model_type": "must be Bearer(...), Basic(...), OAuth2Client(...) or SignedJwt(...)",
    "model_attributes_type": (
        "must be Bearer(...), Basic(...), OAuth2Client(...) or SignedJwt(...)"
    ),
    "union_tag_invalid": "must be Bearer(...), Basic(...), OAuth2Client(...) or SignedJwt(...)",
    "union_tag_not_found": "must be Bearer(...), Basic(...), OAuth2Client(...) or SignedJwt(...)",
}


def in_words(error: ValidationError) -> list[tuple[str, str]]:
    """Return every problem as the name of the argument and a sentence that goes on from it.

    The name is empty where the values do not fit together. Values are shown only where a
    validator of ours put them into its words.
    """
    return [
        (".".join(str(part) for part in item["loc"]), _words(item))
        for item in error.errors(include_url=False, include_input=False)
    ]


def _words(item: Any) -> str:
    kind, context = item["type"], item.get("ctx") or {}
    if kind.startswith("model_") and "role_content" in item["loc"]:
        return "must be Declared([...], by='...', on='YYYY-MM-DD')"
    if kind in _WORDS:
        return _WORDS[kind]
    if kind == "string_too_long":
        return f"has more than {context['max_length']} characters"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        (bound,) = context.values()
        return f"must be {kind.replace('_', ' ').replace(' equal', ' or equal to')} {bound}"
    said = str(item["msg"]).removeprefix("Value error, ")
    return f"{said[:1].lower()}{said[1:]}".rstrip(".")
