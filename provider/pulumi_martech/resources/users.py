"""Handlers of `MartechUser`: one membership."""

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

from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.expiry import over_by_now
from pulumi_martech.model.membership import Membership, Status
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import ending, shape, users
from pulumi_martech.reconcile.invitations import Stage, stage
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

SAID = {
    "equal": "was there already and is what is declared",
    "adopted": users.ADOPTED,
    "resumed": "had been made by an earlier run that did not record it",
}


def normal_user(provider: AccountProvider, news: Props) -> tuple[Props, list[CheckFailure]]:
    """Return a user's inputs in normal form, with what is wrong about them.

    Login in the platform's case, roles as a map, attributes as the platform's argument model has
    them (an address in lower case), ``on_destroy`` filled in. Values not known yet stay as they
    are; inputs that are missing because another resource failed are no failure.
    """
    given = {name: value for name, value in news.items() if value is not None}
    inputs = shape.with_defaults(provider.config.platform, given)
    failures: list[CheckFailure] = []
    if isinstance(inputs.get("login"), str):
        inputs["login"] = provider.manifest.normal_login(inputs["login"])
    if "roles" in inputs:
        inputs["roles"] = as_set(inputs["roles"])
    inputs.setdefault("on_destroy", provider.manifest.softest_ending_verb)
    for name in shape.attribute_names(provider.config.platform) & inputs.keys():
        inputs[name] = as_set(inputs[name])
    arguments = shape.arguments(provider.config.platform, inputs)
    if "login" in arguments and not is_unknown(arguments):
        try:
            checked = PLATFORMS[provider.config.platform].user.model_validate(arguments)
            # An address in lower case, a name without outer space: what a reading will show.
            said = checked.attributes()
            if "roles" in inputs:  # a platform may leave out what it gives by itself
                said["roles"] = frozenset(checked.roles)
            inputs.update({n: shape.plain(v) for n, v in said.items() if n in inputs})
        except ValidationError as error:
            failures += [CheckFailure(name, reason) for name, reason in plain_problems(error)]
    return inputs, failures


class UserProvider(AccountProvider):
    """Handlers of `MartechUser` on every platform."""

    inputs = (
        "account", "person", "login", "roles", "on_destroy", "successor", "delete_content", "adopt",
        "reinvite", "until",
    )  # fmt: skip

    def input_names(self) -> tuple[str, ...]:
        """Return the common inputs and the platform's attributes."""
        return (*self.inputs, *sorted(shape.attribute_names(self.config.platform)))

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Normalise; refuse what cannot be. No I/O."""
        inputs, failures = normal_user(self, news)
        self.declares(_declaration(inputs), [inputs.get("login")])
        circle = self.renames(_declaration(inputs), olds.get("login"), inputs.get("login"))
        if circle:
            failures.append(CheckFailure("login", circle))
        return CheckResult(inputs, failures + self.account_failures(inputs))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """Let the engine compare; a move, and a login that cannot be renamed, replace."""
        replaces = self.moved(olds, news)
        login = news.get("login")
        renamed = not is_unknown(login) and olds.get("login") != login
        if renamed and not self.manifest.identity.renamable:
            replaces.append("login")
        return self.replaced(replaces)

    @one_sentence
    def create(self, props: Props) -> CreateResult:
        """Make the user, or take over the one that is there."""
        session = self.session(props)
        wish = shape.wish(session, props["login"], shape.entry(self.config.platform, props))
        outcome = users.create(session, _person(props), wish, bool(props.get("adopt")))
        if outcome.how in SAID:
            say(f"{props['account']}/{_person(props)} {SAID[outcome.how]}")
        say_step(f"{props['account']}/{_person(props)}", outcome.member.asked)
        return CreateResult(outcome.member.id, _outputs(props, outcome.member))

    @one_sentence
    def read(self, id_: str, props: Props) -> ReadResult:
        """Return the user as it is, with inputs in the form of `check`."""
        if offline():
            return self.as_last_read(id_, props, None)
        try:
            session = self.session(props)
            member = users.read(session, id_, props["login"], step_of(props))
        except MartechError as error:
            return self.as_last_read(id_, props, error)
        if member is None:
            return ReadResult(None, {})
        if stage(member) is Stage.EXPIRED:
            say(
                f"{props['account']}/{_person(props)} did not accept its invitation before it "
                f"ended on {str(member.expires_at)[:10]} (reinvite='REASON' sends it again)"
            )
        return self.shown(props, member)

    def shown(self, props: Props, member: Membership) -> ReadResult:
        """Return a member as a reading shows it, in the shape of what is declared of it."""
        inputs: dict[str, Any] = {n: props[n] for n in self.input_names() if n in props}
        for name in shape.attribute_names(self.config.platform):
            inputs.pop(name, None)
        declared = shape.entry(self.config.platform, props)
        once = shape.said_once(self.config.platform)
        inputs.update(shape.live_entry(member, declared, once), login=member.login)
        keep_provider(inputs, props)
        return ReadResult(member.id, _outputs(inputs, member), inputs=inputs)

    @one_sentence
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Change the user into what is declared."""
        session = self.session(news)
        wish = shape.wish(session, news["login"], shape.entry(self.config.platform, news))
        again = bool(news.get("reinvite")) and news.get("reinvite") != olds.get("reinvite")
        outcome = users.update(
            session, _person(news), id_, olds["login"], wish, again, step_of(olds)
        )
        who = f"{news['account']}/{_person(news)}"
        if outcome.how in ("made", "resent"):
            say(f"{who} was sent its invitation again{_until(outcome.member)}")
        elif outcome.member.status is Status.PENDING:
            say(
                f"{who} has not accepted its invitation, which carries what it was sent with "
                f"(reinvite='REASON' sends it again)"
            )
        say_step(who, outcome.member.asked)
        return UpdateResult(_outputs(news, outcome.member))

    @one_sentence
    def delete(self, id_: str, props: Props) -> None:
        """End the membership as ``on_destroy`` says; one that is gone is success.

        A login that another declaration of this run names stays: it has moved there.
        """
        session = self.session(props)
        if self.kept(_declaration(props), props["login"]):
            return
        verb = props.get("on_destroy") or self.manifest.softest_ending_verb
        became = ending.end(
            session,
            _person(props),
            id_,
            props["login"],
            verb,
            self.successor(props),
            planned=over_by_now(props.get("until")),
            asked=step_of(props),
            deletes=str(props.get("delete_content") or ""),
        )
        if became:
            say(f"{props['account']}/{_person(props)} went, {became}")


def _declaration(props: Props) -> str:
    return f"MartechUser {_person(props)}"


def _person(props: Props) -> str:
    return str(props.get("person", ""))


def _outputs(inputs: Props, member: Membership) -> Props:
    """Return all outputs: the inputs, the native id, and how far the membership has come."""
    status = stage(member) if member.status is Status.PENDING else member.status
    known = {**inputs, "native_id": member.id, "status": str(status)}
    expires = {"expires_at": member.expires_at} if member.expires_at else {}
    return with_step(known | expires, member.asked)


def _until(member: Membership) -> str:
    return f", which lasts until {member.expires_at[:10]}" if member.expires_at else ""
