"""What engines, programs and providers print, reduced to what a person can act on.

Tracebacks, class names, colours and the engine's own wrapping go; the sentence stays.
"""

import re
from collections.abc import Iterable

_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_TRACEBACK = "Traceback (most recent call last)"
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_CHECK = re.compile(
    r"resource '(?P<name>[^\n]*?)'(?:: property (?P<property>\S+) value .*?)?"
    r" has a problem: (?P<reason>.*)\Z",
    re.DOTALL,
)
_PROGRAM = re.compile(r"(?:Running )?[Pp]rogram (?:'.*?' )?failed with an unhandled exception:?")
_WRAPPING = re.compile(
    r"^(?:error: |rpc error: code = \w+ desc = |Exception calling application: |"
    r"Preview failed: |RuntimeError: |Exception: |pulumi_martech(?:\.\w+)*: )+"
)
_CHAIN = re.compile(r"During handling of the above|The above exception was the direct")
_PLAN = re.compile(
    r"violates plan: |is not allowed by the plan: |"
    r"no steps were expected for this resource|this resource is constrained to"
)
_PENDING = re.compile(r"^Attempting to deploy or update resources with (\d+) pending operations")
_RESOURCE = re.compile(r"""["']?urn:pulumi:[^\s"']*::([^\s:"']+)["']?""")

_CIRCLE = re.compile(
    r"We have detected a circular dependency .*?\snamed\s+(?P<name>\S+?)\.\s", re.DOTALL
)
_ARGUMENT = re.compile(
    r"TypeError: (?P<what>\w+)\.__init__\(\) missing \d+ required [\w -]*arguments?: (?P<name>.*)"
)
_NO_ARGUMENT = re.compile(
    r"TypeError: (?P<what>\w+)\.__init__\(\) got an unexpected keyword argument (?P<name>'\w+')"
)

NOT_PLANNED = (
    "this is not what was previewed, so it was not done; "
    "something changed in between: preview again"
)


def plain_text(text: str) -> str:
    """Return text without colours and carriage returns."""
    return _COLOUR.sub("", text).replace("\r", "").strip()


def error_text(message: str) -> str:
    """Return a diagnostic of an engine as one sentence; empty if nothing is left of it."""
    text = plain_text(message)
    place = ""
    if _PROGRAM.match(text):
        place = f"the program failed{_where(text)}: "
        text = _PROGRAM.sub("", text, count=1).strip()
        if _TRACEBACK not in text:
            text = _without_source(text)
    if _TRACEBACK in text:
        text = _after_traceback(text)
    check = _CHECK.search(text)
    if check:
        reason = _one_line(_WRAPPING.sub("", check["reason"]))
        named = check["property"]
        return reason if not named or reason.startswith(named) else f"{named}: {reason}"
    if place:
        text = _ARGUMENT.sub(r"\g<what> needs the argument \g<name>", text)
        text = _NO_ARGUMENT.sub(r"\g<what> has no argument \g<name>", text)
    circle = _CIRCLE.search(text)
    if circle:
        return (
            f"{circle['name']} waits for something that waits for it; look for a circle in "
            "depends_on, parent and roles"
        )
    if _PLAN.search(text):
        return NOT_PLANNED
    pending = _PENDING.match(text)
    if pending:
        return (
            f"an earlier run was interrupted in the middle of {pending[1]} operations; "
            "what it made is looked for and taken over"
        )
    text = _WRAPPING.sub("", text)
    return place + _RESOURCE.sub(r"\1", _one_line(text))


def notes(lines: Iterable[str]) -> list[str]:
    """Return what a program or provider printed to its error stream, without tracebacks."""
    kept: list[str] = []
    within = False
    for line in "".join(lines).splitlines():
        text = plain_text(line)
        if text.startswith(_TRACEBACK):
            within = True
        elif within and (line.startswith(" ") or not text):
            continue
        elif within:
            within = False
        elif text and text not in kept and not _CHAIN.match(text):
            kept.append(text)
    return kept


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _where(text: str) -> str:
    """Return the last place in the traceback that is not in a library: `` at FILE:LINE``."""
    frames = [
        (match["file"], match["line"])
        for match in _FRAME.finditer(text)
        if "site-packages" not in match["file"] and "pulumi-language-python" not in match["file"]
    ]
    if not frames:
        return ""
    file, line = frames[-1]
    return f" at {'/'.join(file.split('/')[-2:])}, line {line}"


def _without_source(text: str) -> str:
    """Return what an exception says, without the place and the line of code shown with it."""
    lines = [line for line in text.splitlines() if not _FRAME.match(line)]
    if any(line.strip() and not line.strip("^~ ") for line in lines):
        lines = [line for line in lines if not line.startswith(" ")]
    return "\n".join(lines)


def _after_traceback(text: str) -> str:
    """Return what the last traceback in ``text`` ends with, or what comes before if it is cut."""
    before, _, rest = text.rpartition(_TRACEBACK)
    lines = rest.splitlines()[1:]
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith(" "):
            return "\n".join(lines[number:])
    return before
