"""Which resources a run is limited to, or leaves out."""

import re
from collections.abc import Iterable


class UrnTargets:
    """Urns, and patterns of urns: `*` stands for anything but a colon, `**` for anything."""

    def __init__(self, given: Iterable[str] = ()):
        self.literals: dict[str, None] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}
        for text in given:
            if "*" in text:
                self._patterns[text] = _pattern(text)
            else:
                self.literals[text] = None

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return bool(self.literals or self._patterns)

    def __contains__(self, urn: str) -> bool:
        """Whether a urn is named; without a limit every one is."""
        if not self or urn in self.literals:
            return True
        return any(pattern.match(urn) for pattern in self._patterns.values())

    def copy(self) -> "UrnTargets":
        """Return a copy that can grow."""
        return UrnTargets([*self.literals, *self._patterns])

    def add(self, urn: str) -> None:
        """Name one more; without a limit nothing is to be added."""
        if self:
            self.literals[urn] = None


def _pattern(text: str) -> re.Pattern[str]:
    segments = (
        "[^:]*".join(re.escape(part) for part in segment.split("*")) for segment in text.split("**")
    )
    return re.compile("^" + ".*".join(segments) + "$", re.DOTALL)
