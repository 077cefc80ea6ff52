"""What all handlers share: the account they work for, and errors as one sentence.

Provider classes are importable and hold no attributes when they are made: the engine stores them
by module and class name, so these names are interfaces (docs/architecture.md). ``check``, ``diff``
and ``configure`` do no I/O; credentials are looked up when the first call goes out.
"""

import functools
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    ConfigureRequest,
    DiffResult,
    ReadResult,
    ResourceProvider,
)
from pydantic import ValidationError

from pulumi_martech.model.account import INPUT_KEYS, AccountConfig
from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.session import SESSIONS, Session

Props = dict[str, Any]
Handler = TypeVar("Handler", bound=Callable[..., Any])

PROVIDER_KEY = "__provider"
log = logging.getLogger(__name__)


def offline() -> bool:
    """Tell whether this run must not call any platform."""
    return os.environ.get("MARTECH_OFFLINE", "") not in ("", "0")


def say(text: str) -> None:
    """Write one line that the engine attaches to the run."""
    print(text, file=sys.stderr, flush=True)


def say_step(what: str, asked: Asked | None) -> None:
    """Say that a step was asked of a person, if one was; `martech` prints the whole list."""
    if asked is not None and not os.environ.get("MARTECH_RUN"):
        say(f"{what}: asked of {asked.of}, until {asked.due} (see `martech checklist`)")


def one_sentence(handler: Handler) -> Handler:
    """Let a handler fail with one sentence: no chain of causes, no traceback, no secret.

    A failure that is no `MartechError` is a defect: its traceback goes to ``errors.log`` in the
    project's ``.martech`` folder, and the sentence says so.
    """

    @functools.wraps(handler)
    def wrapped(self: "AccountProvider", *args: Any) -> Any:
        try:
            return handler(self, *args)
        except MartechError as error:
            raise error.with_traceback(None) from None
        except Exception as error:
            path = home() / "errors.log"
            with path.open("a", encoding="utf-8") as file:
                file.write(traceback.format_exc() + "\n")
            raise MartechError(
                f"{handler.__name__} a resource",
                f"a defect in pulumi-martech ({type(error).__name__})",
                "this resource was not finished",
                f"report it with {path.name} from the folder {path.parent.name}",
            ) from None

    return wrapped  # type: ignore[return-value]


class AccountProvider(ResourceProvider):
    """Handlers that work on one account; the subclasses are the kinds of resource."""

    serialize_as_secret_always = False
    inputs: tuple[str, ...] = ("account",)
    """Names of the inputs, besides the platform's own attributes."""

    def configure(self, req: ConfigureRequest) -> None:
        """Keep which account this process works for; nothing is looked up or called."""
        main = sys.modules.get("__main__")
        if getattr(getattr(main, "__spec__", None), "name", "").startswith("pulumi.dynamic"):
            sys.tracebacklimit = 0  # the engine prints whatever a handler raises into the CI log
        given = {name: req.config.get(name) for name in INPUT_KEYS}
        self._config = AccountConfig.from_inputs(given)

    @classmethod
    def of(cls, config: AccountConfig) -> Self:
        """Return handlers that work for an account, without an engine."""
        provider = cls()
        provider._config = config
        return provider

    # -- for the kinds

    @property
    def config(self) -> AccountConfig:
        """The account; raises `InvalidDeclaration` for a resource without one."""
        config: AccountConfig | None = getattr(self, "_config", None)
        if config is None:
            raise InvalidDeclaration(
                "use a resource without an account",
                "",
                "nothing was done",
                "give it account=Account(...)",
            )
        return config

    @property
    def manifest(self) -> Manifest:
        """The platform's manifest."""
        return PLATFORMS[self.config.platform].manifest

    def session(self, props: Mapping[str, Any]) -> Session:
        """Return the session, after making sure that ``props`` belong to this account."""
        reason = self.foreign(props)
        if reason:
            raise InvalidDeclaration(
                reason, "", "nothing was written", "see docs/safety.md, accounts"
            )
        session = SESSIONS.get(self.config)
        if why := session.expired():
            say(why)
        return session

    def foreign(self, props: Mapping[str, Any]) -> str:
        """Say so if ``props`` carry another account than this process is configured for."""
        wanted = props.get("account")
        if not isinstance(wanted, str) or wanted in (self.config.key, self.config.renamed_from):
            return ""
        return f"this is the process of account {self.config.key}, not of {wanted}"

    def moved(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Return ``["account"]`` if the resource goes to another account (a rename is none)."""
        old, new = olds.get("account"), news.get("account")
        if old == new or is_unknown(new) or old == self.config.renamed_from:
            return []
        return ["account"]

    def successor(self, props: Mapping[str, Any]) -> str:
        """Return the login that takes over: the resource's own word goes before the account's."""
        own = str(props.get("successor") or "")
        return own or ("" if props.get("delete_content") else self.config.successor)

    def replaced(self, replaces: list[str]) -> DiffResult:
        """Let the engine compare; what replaces goes before its successor comes.

        Not where a person has to carry it out: there the old one goes on being listed, and its
        delete failing, until somebody attests that it is gone.
        """
        first = self.manifest.attested is None
        return DiffResult(changes=None, replaces=replaces, delete_before_replace=first)

    def declares(self, by: str, logins: Any) -> None:
        """Note which logins a declaration of this run names; nothing is looked up or called."""
        if getattr(self, "_config", None) is not None:
            known = [login for login in logins if isinstance(login, str)]
            SESSIONS.declare(self.config.key, by, known)

    def renames(self, by: str, old: Any, new: Any) -> str:
        """Note that a declaration renames its login; say so if logins go round in a circle.

        A platform refuses a login that somebody still has, so that a swap never ends.
        """
        if getattr(self, "_config", None) is None or not self.manifest.identity.renamable:
            return ""
        known = isinstance(old, str) and isinstance(new, str) and old != new
        circle = SESSIONS.rename(self.config.key, by, (old, new) if known else None)
        if not circle:
            return ""
        return (
            f"{' -> '.join([*circle, circle[0]])}: these logins of {self.config.key} would change "
            f"hands, and {self.manifest.title} refuses a login that somebody still has; give one "
            f"of them a third login first, and apply after each step"
        )

    def kept(self, by: str, login: str) -> bool:
        """Tell whether a login that ``by`` gives up is declared otherwise, and say so.

        Whoever moves from one declaration to another one of the same account is found there by
        the new one before the old one goes: ending the access then would end what is declared.
        """
        other = SESSIONS.declared_by_another(self.config.key, by, login)
        if other:
            say(f"{by} of {self.config.key} goes, but {login} is declared by {other}: it stays")
        return bool(other)

    def account_failures(self, news: Mapping[str, Any]) -> list[CheckFailure]:
        """Return the failure of a resource that is in the wrong process."""
        reason = self.foreign(news)
        return [CheckFailure("account", reason)] if reason else []

    def as_last_read(self, id_: str, props: Props, error: MartechError | None) -> ReadResult:
        """Return the state as it was read last, because nothing can be read now, and say so."""
        inputs = {name: props[name] for name in self.input_names() if name in props}
        keep_provider(inputs, props)
        why = str(error) if error else "this run is offline"
        if SESSIONS.get(self.config).answered_from_state(why):
            say(f"account {self.config.key} was not read, its state is shown as last read: {why}")
        return ReadResult(id_, dict(props), inputs=inputs)

    def input_names(self) -> tuple[str, ...]:
        """Return the names of all inputs of this kind on this platform."""
        return self.inputs


def step_of(props: Mapping[str, Any]) -> Asked | None:
    """Return the step of which nobody could say yet what became of it, as the state has it."""
    said = props.get("asked")
    return Asked.model_validate(dict(said)) if isinstance(said, Mapping) else None


def with_step(outputs: Props, asked: Asked | None) -> Props:
    """Return outputs with the step that a person has still to carry out; without one if none."""
    kept = {name: value for name, value in outputs.items() if name != "asked"}
    return kept if asked is None else {**kept, "asked": asked.model_dump(mode="json")}


def keep_provider(target: Props, props: Mapping[str, Any]) -> Props:
    """Copy the serialised provider, which the engine wants back in inputs and outputs."""
    if PROVIDER_KEY in props:
        target[PROVIDER_KEY] = props[PROVIDER_KEY]
    return target


def is_unknown(value: Any) -> bool:
    """Tell whether a value, or anything in it, is not known yet (previews only)."""
    return isinstance(value, pulumi.output.Unknown) or bool(pulumi.contains_unknowns(value))


def as_set(value: Any) -> Any:
    """Return a list of names as a map, the form without an order; maps and unknowns as they are."""
    if isinstance(value, list | tuple) and not is_unknown(value):
        return {str(item): True for item in sorted(value)}
    return value


def plain_problems(error: ValidationError) -> list[tuple[str, str]]:
    """Return the problems pydantic found as (property, reason) in words."""
    found = []
    for item in error.errors(include_url=False, include_context=False):
        where = str(item["loc"][0]) if item["loc"] else "arguments"
        found.append((where, item["msg"].removeprefix("Value error, ")))
    return found
