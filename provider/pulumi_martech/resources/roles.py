"""Handlers of `Role` (a native role we own) and `RoleReference` (one that must be there)."""

from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pydantic import ValidationError

from pulumi_martech.model.errors import MartechError, UnknownRole
from pulumi_martech.model.membership import NativeRole
from pulumi_martech.platforms.base import RoleArguments
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import roles, shape
from pulumi_martech.reconcile.session import SESSIONS
from pulumi_martech.resources.provider import (
    AccountProvider,
    Props,
    as_set,
    is_unknown,
    keep_provider,
    offline,
    one_sentence,
    plain_problems,
    say,
    say_step,
    step_of,
    with_step,
)


class RoleProvider(AccountProvider):
    """Handlers of `Role`."""

    inputs = ("account", "role", "name")

    def _wish(self, props: Props) -> RoleArguments:
        kind = PLATFORMS[self.config.platform].role
        if kind is None:
            raise MartechError(
                f"{self.manifest.title} has no roles that can be made through its API"
            )
        given = {name: props[name] for name in kind.model_fields if name in props}
        return kind.model_validate({name: _listed(value) for name, value in given.items()})

    def input_names(self) -> tuple[str, ...]:
        """Return the common inputs and the content of a role on this platform."""
        kind = PLATFORMS[self.config.platform].role
        return (*self.inputs, *sorted(set(kind.model_fields) - {"name"} if kind else ()))

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Normalise; refuse what cannot be. No I/O."""
        inputs = {name: value for name, value in news.items() if value is not None}
        failures: list[CheckFailure] = []
        if "name" in inputs and not is_unknown(inputs):
            try:
                self._wish(inputs)
            except ValidationError as error:
                failures += [CheckFailure(name, reason) for name, reason in plain_problems(error)]
            except MartechError as error:
                failures.append(CheckFailure("account", str(error)))
        return CheckResult(inputs, failures + self.account_failures(inputs))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """Let the engine compare; only a move replaces, a new name is a rename."""
        return self.replaced(self.moved(olds, news))

    @one_sentence
    def create(self, props: Props) -> CreateResult:
        """Make the role; one of this name that is there is taken over."""
        live, how = roles.create(self.session(props), _key(props), self._wish(props))
        if how in ("equal", "resumed"):
            say(f"{props['account']}/{_key(props)} was there already as role {live.name}")
        say_step(f"{props['account']}/{_key(props)}", live.asked)
        return CreateResult(live.id, with_step({**props, "native_id": live.id}, live.asked))

    @one_sentence
    def read(self, id_: str, props: Props) -> ReadResult:
        """Return the role as it is."""
        if offline():
            return self.as_last_read(id_, props, None)
        try:
            live = roles.read(self.session(props), id_, props["name"], step_of(props))
        except MartechError as error:
            return self.as_last_read(id_, props, error)
        return ReadResult(None, {}) if live is None else self.shown(props, live)

    def shown(self, props: Props, live: NativeRole) -> ReadResult:
        """Return a role as a reading shows it."""
        inputs: dict[str, Any] = {n: props[n] for n in self.input_names() if n in props}
        inputs["name"] = live.name
        inputs.update({name: shape.plain(value) for name, value in live.attributes.items()})
        keep_provider(inputs, props)
        outputs = with_step({**inputs, "native_id": live.id}, live.asked)
        return ReadResult(live.id, outputs, inputs=inputs)

    @one_sentence
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Rename the role or change its content."""
        live = roles.update(
            self.session(news), _key(news), id_, olds["name"], self._wish(news), step_of(olds)
        )
        say_step(f"{news['account']}/{_key(news)}", live.asked)
        return UpdateResult(with_step({**news, "native_id": live.id}, live.asked))

    @one_sentence
    def delete(self, id_: str, props: Props) -> None:
        """Remove the role; one that members still hold is refused."""
        roles.remove(self.session(props), _key(props), id_, props["name"], step_of(props))


class RoleReferenceProvider(AccountProvider):
    """Handlers of `RoleReference`: nothing is ever written."""

    inputs = ("account", "role", "name", "content", "declared_by", "declared_on")

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Normalise. No I/O."""
        inputs = {name: value for name, value in news.items() if value is not None}
        if "content" in inputs:
            inputs["content"] = as_set(inputs["content"])
        self._declare(inputs)
        return CheckResult(inputs, self.account_failures(inputs))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """Let the engine compare; another role is another reference."""
        replaces = self.moved(olds, news)
        if olds.get("name") != news.get("name") and not is_unknown(news.get("name")):
            replaces.append("name")
        return self.replaced(replaces)

    def _declare(self, inputs: Props) -> None:
        """Let the guard of single writes know what a person says the role allows."""
        if getattr(self, "_config", None) is not None and not is_unknown(inputs):
            name, said = str(inputs.get("name")), shape.declared_by(inputs)
            SESSIONS.role_declared(self.config.key, name, said)

    def _look(self, props: Props) -> ReadResult:
        live, presence = roles.reference(self.session(props), props["name"])
        if presence == "unproven":
            why = f"{self.manifest.title} cannot list roles and nobody holds it yet"
            if self.manifest.attested:
                why = "nobody has attested it, and nobody is attested to hold it"
            say(f"role {props['name']} in {props['account']} is unproven: {why}")
        return self.shown(props, live, presence)

    def shown(self, props: Props, live: NativeRole, presence: roles.Presence) -> ReadResult:
        """Return a reference as a reading shows it."""
        inputs: dict[str, Any] = {n: props[n] for n in self.input_names() if n in props}
        keep_provider(inputs, props)
        outputs = {**inputs, "native_id": live.id, "presence": presence}
        return ReadResult(f"{props['account']}/role/{props['name']}", outputs, inputs=inputs)

    @one_sentence
    def create(self, props: Props) -> CreateResult:
        """Make sure that the role is there."""
        found = self._look(props)
        return CreateResult(str(found.id), found.outs)

    @one_sentence
    def read(self, id_: str, props: Props) -> ReadResult:
        """Look whether the role is still there."""
        if offline():
            return self.as_last_read(id_, props, None)
        try:
            return self._look(props)
        except UnknownRole:
            return ReadResult(None, {})
        except MartechError as error:
            return self.as_last_read(id_, props, error)

    @one_sentence
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Take over another declared content."""
        return UpdateResult(self._look(news).outs)

    def delete(self, id_: str, props: Props) -> None:
        """Forget the reference; the role is left alone."""


def _listed(value: Any) -> Any:
    """Return a set, which inputs have as a map, as the argument model takes it."""
    return tuple(value) if isinstance(value, Mapping) else value


def _key(props: Props) -> str:
    return str(props.get("role", ""))
