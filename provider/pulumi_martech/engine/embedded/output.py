"""JSON as commands print it."""

import json
from typing import Any


def dumped(data: Any) -> str:
    """Return JSON that a person can read too."""
    return json.dumps(data, ensure_ascii=False, indent=4)
