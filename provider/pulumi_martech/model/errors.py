"""The errors of the domain; each reads as one sentence a person can act on.

The small family is told apart by what a caller may conclude: whether anything was written
(`Uncertain`), whether trying again can help (`Unreachable`, `QuotaExhausted`), whether the other
side holds something else already (`AlreadyExists`, `Different`).
"""


class MartechError(Exception):
    """Something a person has to look at.

    Args:
        tried: what was attempted, e.g. ``"create user ana in account crm"``.
        said: what the platform answered or what was found, without secrets.
        not_done: what was left undone because of it.
        todo: what the reader can do about it.

    ``str(error)`` is one sentence made of these four.
    """

    def __init__(self, tried: str, said: str = "", not_done: str = "", todo: str = "") -> None:
        self.tried, self.said, self.not_done, self.todo = tried, said, not_done, todo
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return the one sentence for a person."""
        text = self.tried
        if self.said:
            text += f": {self.said}"
        for part in (self.not_done, self.todo):
            if part:
                text += f"; {part}"
        return " ".join(text.split())


class InvalidDeclaration(MartechError):
    """The program or document says something that cannot be; nothing was sent."""


class Unsupported(MartechError):
    """The platform has no such ability; the sentence names the alternative."""


class CredentialError(MartechError):
    """A credential reference is unset, empty or unreadable; nothing was sent."""


class Unreachable(MartechError):
    """No answer at all (name, route, TLS, refused): nothing was written; trying later can help."""


class Uncertain(MartechError):
    """The request was sent and no answer came: it may have been carried out, so read first."""


class QuotaExhausted(MartechError):
    """The platform's rate or daily limit; ``retry_after`` is in seconds when it said so."""

    def __init__(
        self,
        tried: str,
        said: str = "",
        not_done: str = "",
        todo: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(tried, said, not_done, todo)
        self.retry_after = retry_after


class Malformed(MartechError):
    """The answer is not what the API promises (HTML, cut off, too large, missing fields)."""


class Refused(MartechError):
    """The platform answered with an error; nothing of this request was carried out.

    ``status`` is the HTTP status, ``code`` the platform's own error code where its body has one.
    """

    def __init__(
        self,
        tried: str,
        said: str = "",
        not_done: str = "",
        todo: str = "",
        status: int = 0,
        code: str = "",
    ) -> None:
        super().__init__(tried, said, not_done, todo)
        self.status, self.code = status, code


class Denied(Refused):
    """The credential is not accepted or lacks a right (401, 403), named if known."""


class NotThere(Refused):
    """The object does not exist (any more)."""


class AlreadyExists(Refused):
    """The platform refuses to create what has the same natural key."""


class UnknownRole(MartechError):
    """A role is not there; the sentence offers near matches."""


class Different(MartechError):
    """The object exists and differs from what is declared; the sentence shows the difference."""


class NotApplied(MartechError):
    """The platform said yes and the read-back shows that it did not do it."""


class GuardRefused(MartechError):
    """A guard stopped the change; nothing (more) was written."""


class DirectoryShrank(MartechError):
    """A listing came back much shorter than known, without removals of ours: not believed."""
