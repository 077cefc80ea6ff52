"""What somebody may do, in words that are the same on every platform.

A capability is ``module:action``. Its points are effect times data class: they order and explain
risk, they are no probability. Two things stay apart: *cells*, what a platform's own screen or API
says about a role (evidence, nothing is ever inferred into one), and *effective* capabilities, what
a holder can do: cells translated, plus what they imply, each with its origin.
"""

import fnmatch
from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.values import Frozen


class DataClass(IntEnum):
    """What kind of data a capability touches; the value is its points."""

    NONE = 1
    INTERNAL = 2
    FINANCIAL = 3
    PERSONAL = 4
    SENSITIVE = 5


class Effect(IntEnum):
    """What a capability does with the data; the value is its points.

    ``PUBLISH`` is seen outside at once or cannot be undone (sending and deleting included);
    ``EXPORT`` takes data or assets out of our control; ``ADMINISTER`` changes who or what can act.
    """

    SEE = 2
    CHANGE = 3
    PUBLISH = 4
    SPEND = 5
    EXPORT = 6
    ADMINISTER = 7


class Origin(StrEnum):
    """How an effective capability is known."""

    CELL = "cell"
    IMPLIED = "implied"
    ASSUMED = "assumed"


class Capability(Frozen):
    """One thing that somebody may do; ``may`` completes "may ..."."""

    name: str
    data_class: DataClass
    effect: Effect
    may: str

    @property
    def points(self) -> int:
        """Effect times data class."""
        return self.effect * self.data_class

    @property
    def module(self) -> str:
        """The part before the colon."""
        return self.name.partition(":")[0]

    @property
    def personal(self) -> bool:
        """Whether it touches data about people."""
        return self.data_class >= DataClass.PERSONAL

    def raised(self, to: DataClass) -> "Capability":
        """Return the capability on an account or asset of a higher data class; never lower.

        Only what touches personal data is raised, as a declaration of health data or free text
        does.
        """
        if not self.personal or to <= self.data_class:
            return self
        return self.model_copy(update={"data_class": to})


_I, _F, _P, _S = DataClass.INTERNAL, DataClass.FINANCIAL, DataClass.PERSONAL, DataClass.SENSITIVE

_TABLE: dict[str, list[tuple[str, DataClass, Effect, str]]] = {
    "landing_page": [
        ("create", _I, Effect.CHANGE, "make a page or content entry as a draft"),
        ("update", _I, Effect.CHANGE, "edit a page"),
        ("clone", _I, Effect.CHANGE, "copy a page"),
        ("publish", _I, Effect.PUBLISH, "put a page live"),
        ("unpublish", _I, Effect.PUBLISH, "take a page off line"),
        ("delete", _I, Effect.PUBLISH, "delete a page"),
        ("domain", _I, Effect.ADMINISTER, "bind the web address a page is served from"),
    ],
    "social": [
        ("view", _I, Effect.SEE, "see posts and drafts"),
        ("create", _I, Effect.CHANGE, "draft a post"),
        ("update", _I, Effect.CHANGE, "edit a post"),
        ("publish", _I, Effect.PUBLISH, "publish a post"),
        ("unpublish", _I, Effect.PUBLISH, "withdraw a post"),
        ("delete", _I, Effect.PUBLISH, "delete a post"),
        ("connect", _I, Effect.ADMINISTER, "connect a social account"),
    ],
    "ads": [
        ("view", _I, Effect.SEE, "see campaigns"),
        ("create", _I, Effect.CHANGE, "set up a campaign that does not run yet"),
        ("update", _I, Effect.CHANGE, "change a campaign within its budget"),
        ("delete", _I, Effect.PUBLISH, "delete a campaign"),
        ("enable", _F, Effect.SPEND, "start a campaign: money flows"),
        ("disable", _I, Effect.PUBLISH, "stop a campaign"),
        ("connect", _F, Effect.ADMINISTER, "connect or link an ad account"),
        ("spend", _F, Effect.SPEND, "set budgets, bids and limits"),
    ],
    "messaging": [
        ("view", _P, Effect.SEE, "read conversations of one's own or one's team"),
        ("view_all", _S, Effect.SEE, "read every conversation"),
        ("send", _P, Effect.PUBLISH, "write to people"),
        ("connect", _I, Effect.ADMINISTER, "connect a mailbox, chat or page inbox"),
        ("disconnect", _I, Effect.PUBLISH, "disconnect a channel"),
    ],
    "automation": [
        ("view", _I, Effect.SEE, "see workflows"),
        ("create", _P, Effect.PUBLISH, "build a workflow that acts on people"),
        ("update", _P, Effect.PUBLISH, "change a workflow, also while it runs"),
        ("delete", _I, Effect.PUBLISH, "delete a workflow"),
    ],
    "crm": [
        ("view", _P, Effect.SEE, "see records one owns or is assigned"),
        ("create", _P, Effect.CHANGE, "create records"),
        ("update", _P, Effect.CHANGE, "change records"),
        ("import", _P, Effect.CHANGE, "load records in bulk"),
        ("assign", _P, Effect.CHANGE, "give records to an owner"),
        ("delete", _P, Effect.PUBLISH, "delete records"),
    ],
    "contacts": [
        ("view_all", _P, Effect.SEE, "see every contact, not only assigned ones"),
        ("export", _P, Effect.EXPORT, "take contact data out"),
        ("personalise", _P, Effect.PUBLISH, "put personal fields into messages, pages or ads"),
    ],
    "email": [
        ("create", _I, Effect.CHANGE, "write e-mails and their templates"),
        ("send", _P, Effect.PUBLISH, "send or schedule to a list"),
    ],
    "audience": [
        ("manage", _P, Effect.CHANGE, "build lists, segments and audiences"),
        ("upload", _P, Effect.EXPORT, "pass people to an ad platform or partner as an audience"),
    ],
    "consent": [("manage", _P, Effect.PUBLISH, "change consent and suppression records")],
    "report": [
        ("view", _I, Effect.SEE, "see results in total"),
        ("view_person", _P, Effect.SEE, "see what one person opened, clicked or visited"),
    ],
    "finance": [("view", _F, Effect.SEE, "see cost, revenue, prices and invoices")],
    "asset": [
        ("view", _I, Effect.SEE, "see and download content, files and product information"),
        ("edit", _I, Effect.CHANGE, "add, change or remove files, templates and dashboards"),
        ("share", _I, Effect.EXPORT, "hand assets on outside the organisation"),
    ],
    "inventory": [("view", _F, Effect.SEE, "see stock and availability")],
    "tracking": [("edit", _P, Effect.CHANGE, "change what is measured, in draft")],
    "code": [("publish", _P, Effect.ADMINISTER, "run code as our site or tool")],
    "data": [("query", _P, Effect.EXPORT, "query raw data freely")],
    "billing": [("manage", _F, Effect.ADMINISTER, "change payment, payer, plan and seats")],
    "users": [
        ("view", _P, Effect.SEE, "see who has access, and log-in and audit records"),
        ("manage", _P, Effect.ADMINISTER, "invite, remove, assign and define roles"),
    ],
    "integrations": [("manage", _P, Effect.ADMINISTER, "make keys, apps, webhooks and exports")],
    "settings": [("manage", _P, Effect.ADMINISTER, "change configuration, log-in and security")],
}

CAPABILITIES: Mapping[str, Capability] = MappingProxyType(
    {
        f"{module}:{action}": Capability(
            name=f"{module}:{action}", data_class=data_class, effect=effect, may=may
        )
        for module, rows in _TABLE.items()
        for action, data_class, effect, may in rows
    }
)
"""The canonical vocabulary: at most 60, by name."""


def _of(module: str, but: str) -> set[str]:
    return {name for name in CAPABILITIES if name.startswith(f"{module}:")} - {f"{module}:{but}"}


def _implications() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}

    def imply(sources: Iterable[str], *targets: str) -> None:
        for source in sources:
            found.setdefault(source, set()).update(targets)

    pages = {name for name in CAPABILITIES if name.startswith("landing_page:")}
    imply(pages | {"email:create", "asset:edit", "asset:share", "tracking:edit"}, "asset:view")
    imply(["landing_page:clone"], "landing_page:create")
    for module in ("social", "ads", "automation"):
        imply(_of(module, "view"), f"{module}:view")
    imply(["messaging:view_all"], "messaging:view")
    records = ("create", "update", "assign", "delete")
    imply([f"crm:{action}" for action in records], "crm:view")
    imply(["contacts:view_all", "contacts:export", "consent:manage"], "crm:view")
    imply(["crm:import"], "crm:create", "crm:update")
    imply(["data:query"], "contacts:view_all", "report:view", "report:view_person")
    imply(["report:view_person"], "report:view")
    imply(["code:publish"], "tracking:edit")
    imply(["billing:manage"], "finance:view")
    imply(["users:manage"], "users:view")
    return {source: frozenset(targets) for source, targets in found.items()}


IMPLIES: Mapping[str, frozenset[str]] = MappingProxyType(_implications())
"""What a capability brings with it, one step; sending does not imply reading."""


def capability(name: str) -> Capability:
    """Return a capability by name; raises `InvalidDeclaration` with near matches."""
    found = CAPABILITIES.get(name)
    if found is None:
        raise InvalidDeclaration(
            f"use capability {name!r}",
            "there is none of this name",
            "nothing was done",
            near(name, CAPABILITIES) or "see `martech role list`",
        )
    return found


def capabilities_like(name: str) -> frozenset[str]:
    """Return the capabilities of a name or a shell pattern (``*:publish``).

    Raises:
        InvalidDeclaration: there is none, with near matches of a name.
    """
    found = frozenset(fnmatch.filter(CAPABILITIES, name))
    return found or frozenset({capability(name).name})


def effective(names: Iterable[str], origin: Origin = Origin.CELL) -> dict[str, Origin]:
    """Return capabilities with everything they imply, each with how it is known, sorted by name.

    ``origin`` is that of ``names`` themselves; a capability that is named and implied keeps it.
    """
    found = {capability(name).name: origin for name in names}
    todo = list(found)
    while todo:
        for implied in IMPLIES.get(todo.pop(), ()):
            if implied not in found:
                found[implied] = Origin.IMPLIED
                todo.append(implied)
    return dict(sorted(found.items()))


REACH = "users:manage"
"""Who holds it can give himself the rest: shown as reach, never merged into the effective set."""
