"""Plans and what became of them, printed in the manner of Pulumi."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from pulumi_martech.engine.reviewed import Unlike
from pulumi_martech.model.effect import AccessEffect
from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.plan import Message, Op, Outcome, Plan, PropertyDiff, Step
from pulumi_martech.model.risk import Band, band
from pulumi_martech.operations.gist import gist
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.shown import difference, harmless, order

_STYLES = {
    Op.CREATE: "green",
    Op.UPDATE: "yellow",
    Op.REPLACE: "magenta",
    Op.DELETE: "red",
    Op.IMPORT: "cyan",
}
_KIND_STYLES = {"add": "green", "update": "yellow", "delete": "red"}
_KIND_MARKS = {"add": "+", "update": "~", "delete": "-"}

_UNKNOWN = "begun, and cut off before the platform had answered; the next run asks the platform"

_MOST_TYPE, _MOST_NAME = 28, 36
"""Widths up to which the columns of a list of steps are aligned."""


def plan(screen: Screen, what: Plan, diff: bool = False) -> None:
    """Print what a run would do: steps with their property differences, outputs, counts.

    Of a plan that failed only the messages are shown (all with ``diff``): the rest is half of one.
    """
    if what.ok or diff:
        steps(screen, what.steps, diff)
        outputs(screen, what.outputs)
    messages(screen, what.messages)
    if what.ok:
        counts(screen, what)


def steps(screen: Screen, listed: Iterable[Step], diff: bool = False) -> None:
    """Print steps, sorted by account, each with its property differences.

    What comes or goes is shown by its gist. ``diff`` shows it whole, and adds the URN and the
    properties that stay as they are.
    """
    shown = sorted(listed, key=order)
    widths = _widths(shown)
    for step in shown:
        _head(screen, step, widths, _word(step))
        if diff:
            screen.line(Text(harmless(step.urn), style="dim"), 6)
        elif step.op in (Op.CREATE, Op.DELETE) and (lines := gist(step)) is not None:
            for line in lines:
                screen.line(Text(harmless(line), style=_STYLES[step.op]), 6, step.op.mark)
            continue
        for entry in step.diffs:
            if step.op in (Op.CREATE, Op.DELETE) and _is_the_account(entry, step):
                continue
            if step.kind == "martech:Gate" and not diff and not _sets_limits(entry, step):
                continue
            _property(screen, entry)
        if diff:
            changed = {entry.path.partition(".")[0].partition("[")[0] for entry in step.diffs}
            for key in sorted((step.new or {}).keys() - changed):
                entry = PropertyDiff(path=key, kind="add", new=(step.new or {})[key])
                screen.line(Text(difference(entry), style="dim"), 6, " ")


def outcomes(screen: Screen, done: Plan) -> None:
    """Print what became of each step, and why the failed ones failed."""
    shown = sorted(done.steps, key=order)
    widths = _widths(shown)
    about: dict[str, list[Message]] = {}
    for message in done.messages:
        about.setdefault(message.urn, []).append(message)
    for step in shown:
        words = {
            Outcome.DONE: step.op.done,
            Outcome.ASKED: "asked, not done",
            Outcome.FAILED: f"{step.op.value} failed",
            Outcome.UNKNOWN: f"{step.op.value} begun, end not known",
        }
        bad = step.outcome in (Outcome.FAILED, Outcome.UNKNOWN)
        word = Text(words.get(step.outcome, "not done"), style="bold red" if bad else "")
        _head(screen, step, widths, word)
        for message in about.get(step.urn, ()):
            _message(screen, message, 6, named=False)
    outputs(screen, done.outputs)
    told = {step.urn for step in shown}
    messages(screen, [message for message in done.messages if message.urn not in told])
    counts(screen, done)


def outputs(screen: Screen, listed: Sequence[PropertyDiff]) -> None:
    """Print how stack outputs differ."""
    if listed:
        screen.line()
        screen.line("Outputs:")
        for entry in listed:
            _property(screen, entry, 4)


def messages(screen: Screen, listed: Sequence[Message]) -> None:
    """Print messages: errors last, so that they stand where people look."""
    if listed:
        screen.line()
        screen.line("Messages:")
    ranks = ("info", "warning", "error")
    for message in sorted(listed, key=lambda message: ranks.index(message.severity)):
        _message(screen, message, 4)


def counts(screen: Screen, what: Plan) -> None:
    """Print the summary: what would be or was done, what was not, what stays."""
    screen.line()
    screen.line("Resources:")
    planned = not any(step.outcome is not Outcome.PLANNED for step in what.steps)
    for op in Op:
        number = what.count(op, None if planned else Outcome.DONE)
        if number:
            word = f"to {op.value}" if planned else op.done
            screen.line(f"{number} {word}", 4, Text(f"{op.mark:<2}", style=_STYLES[op]))
    if number := len(what.of(Outcome.ASKED)):
        screen.line(f"{number} asked of a person, not done yet", 4, Text("? ", style="yellow"))
    for outcome in (Outcome.FAILED, Outcome.NOT_DONE):
        number = len(what.of(outcome))
        if number:
            screen.line(Text(f"{number} {outcome.value}", style="bold red"), 4, "! ")
    if number := len(what.of(Outcome.UNKNOWN)):
        screen.line(Text(f"{number} unknown: {_UNKNOWN}", style="bold red"), 4, "! ")
    if what.unchanged or not what.steps:
        screen.line(f"{len(what.unchanged)} unchanged", 4, "  ")
    if what.read:
        screen.line(f"{what.read} only read", 4, "  ")


def effects(screen: Screen, listed: Sequence[AccessEffect]) -> None:
    """Print what a plan comes to: a line a login, its risk and what it gains or loses."""
    if not listed:
        return
    screen.line()
    screen.line("Access:")
    width = min(_MOST_NAME, max(len(_who(effect)) for effect in listed))
    for effect in listed:
        before, after = (risk.score if risk else 0 for risk in (effect.before, effect.after))
        style = "yellow" if after > before and band(after) in (Band.HIGH, Band.SEVERE) else ""
        text = Text.assemble(f"{harmless(_who(effect)):<{width}}  ", (_risk(effect), style))
        text.append(f"  {harmless(_change(effect))}")
        screen.line(text, 4)


def _who(effect: AccessEffect) -> str:
    return f"{effect.account}/{effect.login}"


def _risk(effect: AccessEffect) -> str:
    return f"{effect.before or 'nothing'} -> {effect.after or 'nothing'}"


def _change(effect: AccessEffect) -> str:
    """Return what is gained and what is lost: what weighs most, and how much more."""
    gains = _some("gains", effect.gains_unproven, [*effect.gains_unmapped, *effect.gains])
    loses = _some("loses", effect.loses_unproven, effect.loses)
    return "; ".join(filter(None, (gains, loses))) or "the same in our words"


def _some(verb: str, unproven: Sequence[str], names: Sequence[str], most: int = 3) -> str:
    parts = [f"{', '.join(unproven)} (not proven)"] if unproven else []
    parts += names[:most]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{verb} {', '.join(parts)}{more}" if parts else ""


def leaving(screen: Screen, going: Sequence[Leaving]) -> None:
    """Print what hangs on the people who go, and below it what no platform shows."""
    if not going:
        return
    rows: list[tuple[str, str, str, str]] = []
    unseen: dict[tuple[str, str], None] = {}
    for one in going:
        there = [kind for kind in one.belongings if kind.count != 0 and kind.shown]
        unseen |= {(one.account, kind.what): None for kind in one.belongings if not kind.shown}
        if one.note:
            rows.append((one.name, "unknown" if one.belongings else "nothing", "", one.note))
            continue
        rows += [(one.name, kind.what, kind.number, kind.becomes) for kind in there]
        if not there:
            rows.append((one.name, "nothing that is shown", "", ""))
    screen.line()
    screen.line("What hangs on who goes:")
    screen.table(columns(_once(rows), ("", "what", "how many", "what becomes of it")))
    for account in dict.fromkeys(account for account, _ in unseen):
        kinds = ", ".join(what for at, what in unseen if at == account)
        screen.line(Text(harmless(f"not shown by {account}: {kinds}"), style="dim"), 1)


def _once(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return rows with what stands above in the first column left out."""
    before = ["", *(row[0] for row in rows)]
    return [
        ("" if row[0] == above else row[0], *row[1:])
        for row, above in zip(rows, before, strict=False)
    ]


def duration(screen: Screen) -> None:
    """Print how long the phases took."""
    total = sum(screen.phases.values())
    each = ", ".join(f"{label} {seconds:.1f} s" for label, seconds in screen.phases.items())
    screen.line()
    screen.line(f"Duration: {total:.1f} s" + (f" ({each})" if len(screen.phases) > 1 else ""))


def unlike(screen: Screen, listed: Sequence[Unlike]) -> None:
    """Print in what a plan differs from the reviewed one."""
    rows = [(entry.what, entry.reviewed, entry.now) for entry in listed]
    screen.table(columns(rows, ("differs", "reviewed", "now")))


def _word(step: Step) -> Text:
    text = Text(step.op.value, style=_STYLES[step.op])
    if step.op is Op.REPLACE and step.replace_reasons:
        text.append(f" (because of {', '.join(step.replace_reasons)})")
    return text


def _label(step: Step) -> str:
    """Return the kind as shown: a provider resource that stands for no account is no account."""
    said = step.new if step.new is not None else step.old or {}
    nobody = step.kind == "account" and not any(key.endswith(":account") for key in said)
    return "provider" if nobody else step.kind


def _widths(among: Sequence[Step]) -> tuple[int, int]:
    """Return how wide the columns of kinds and names are for these steps."""
    kinds = max((len(_label(step)) for step in among), default=0)
    names = max((len(step.name) for step in among), default=0)
    return min(_MOST_TYPE, kinds), min(_MOST_NAME, names)


def _head(screen: Screen, step: Step, widths: tuple[int, int], word: Text) -> None:
    kinds, names = widths
    text = Text.assemble(
        f"{_label(step):<{kinds}}  ", (f"{harmless(step.name):<{names}}", "bold"), "  ", word
    )
    screen.line(text, 1, Text(f"{step.op.mark:<2}", style=_STYLES[step.op]))


def _property(screen: Screen, entry: PropertyDiff, indent: int = 6) -> None:
    style = _KIND_STYLES[entry.kind]
    screen.line(Text(difference(entry), style=style), indent, Text(_KIND_MARKS[entry.kind], style))


def _is_the_account(entry: PropertyDiff, step: Step) -> bool:
    """Tell whether a line only repeats the account that the step's name begins with."""
    return entry.path == "account" and (entry.new or entry.old) == step.account


def _sets_limits(entry: PropertyDiff, step: Step) -> bool:
    """Tell whether a line of the gate is about changed limits: the rest repeats other steps."""
    return step.op is Op.UPDATE and entry.path.startswith("limits")


def _message(screen: Screen, message: Message, indent: int, named: bool = True) -> None:
    styles = {"error": "bold red", "warning": "yellow", "info": "dim"}
    about = f"{harmless(message.about)}: " if named and message.about else ""
    mark = Text(f"{message.severity}:", style=styles[message.severity])
    screen.line(f"{about}{harmless(message.text)}", indent, mark)
