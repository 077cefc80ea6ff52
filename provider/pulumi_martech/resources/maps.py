"""Handlers of `VendorGrant` and `Roster`: one authoritative map of people each."""

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

from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.expiry import over_by_now
from pulumi_martech.model.membership import Membership
from pulumi_martech.reconcile import attested, entries, shape
from pulumi_martech.resources.provider import (
    AccountProvider,
    Props,
    as_set,
    is_unknown,
    keep_provider,
    offline,
    one_sentence,
    say,
    say_step,
)
from pulumi_martech.resources.users import normal_user


class MapProvider(AccountProvider):
    """What the two kinds share: a map of logins to entries, written one by one."""

    people = "people"
    """Name of the input that holds the map."""

    def group(self, props: Props) -> str:
        """Return what the map is called in errors and in the audit."""
        raise NotImplementedError  # pragma: no cover - both kinds say it

    def belongs(self, props: Props, member: Membership) -> bool:
        """Tell whether a live member belongs to the map, declared or not."""
        raise NotImplementedError  # pragma: no cover - both kinds say it

    def normal(self, news: Props) -> tuple[Props, list[CheckFailure]]:
        """Return inputs in normal form, with what is wrong about the entries."""
        inputs = {name: value for name, value in news.items() if value is not None}
        inputs.setdefault("on_destroy", self.manifest.softest_ending_verb)
        failures: list[CheckFailure] = []
        people = inputs.get(self.people)
        if isinstance(people, Mapping) and not is_unknown(people):
            normal: dict[str, Any] = {}
            for login, entry in people.items():
                checked, wrong = normal_user(self, {"login": login, **dict(entry or {})})
                until = {shape.UNTIL: checked[shape.UNTIL]} if shape.UNTIL in checked else {}
                normal[checked["login"]] = {**shape.entry(self.config.platform, checked), **until}
                failures += [
                    CheckFailure(f"{self.people}[{login}].{f.property}", f.reason) for f in wrong
                ]
            inputs[self.people] = dict(sorted(normal.items()))
        return inputs, failures

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Normalise; refuse what cannot be. No I/O."""
        inputs, failures = self.normal(news)
        people = inputs.get(self.people)
        self.declares(self.group(inputs), people if isinstance(people, Mapping) else ())
        return CheckResult(inputs, failures + self.account_failures(inputs))

    def given_up(self, olds: Props, news: Props) -> dict[str, Any]:
        """Return the old map without those who are declared by something else from now on."""
        stay = news.get(self.people) or {}
        return {
            login: entry
            for login, entry in (olds.get(self.people) or {}).items()
            if login in stay or not self.kept(self.group(olds), login)
        }

    @one_sentence
    def read(self, id_: str, props: Props) -> ReadResult:
        """Return everything live that belongs to the map as inputs: a stray is one line of diff."""
        if offline():
            return self.as_last_read(id_, props, None)
        try:
            session = self.session(props)
            live = entries.live_map(
                session, props.get(self.people) or {}, lambda member: self.belongs(props, member),
                props.get("on_destroy") or self.manifest.softest_ending_verb, _steps(props),
            )  # fmt: skip
            standing = attested.remaining(session, _steps(props))
        except MartechError as error:
            return self.as_last_read(id_, props, error)
        return self.shown(id_, props, live, standing)

    def shown(
        self,
        id_: str,
        props: Props,
        live: entries.Map,
        asked: entries.Steps = entries.NOTHING_ASKED,
    ) -> ReadResult:
        """Return a map as a reading shows it: ``live`` is everything that belongs to it."""
        inputs: dict[str, Any] = {n: props[n] for n in self.input_names() if n in props}
        inputs[self.people] = dict(live)
        keep_provider(inputs, props)
        return ReadResult(id_, self.outputs(inputs, asked), inputs=inputs)

    def outputs(self, inputs: Props, asked: entries.Steps = entries.NOTHING_ASKED) -> Props:
        """Return all outputs for these inputs, with the steps that a person has to carry out."""
        kept = {name: value for name, value in inputs.items() if name != "asked"}
        people = inputs.get(self.people) or {}
        steps = {n: step.model_dump(mode="json") for n, step in asked.items() if n in people}
        return {**kept, "asked": dict(sorted(steps.items()))} if steps else kept

    def say_steps(self, props: Props, asked: entries.Steps) -> None:
        """Say what was asked of a person, once for all of the map."""
        if asked:
            latest = max(asked.values(), key=lambda step: step.due)
            say_step(f"{props['account']}/{self.group(props)} ({', '.join(sorted(asked))})", latest)


class VendorGrantProvider(MapProvider):
    """Handlers of `VendorGrant`: the whole presence of one vendor in one account."""

    inputs = (
        "account", "vendor", "domains", "aliases", "people", "until", "owner", "reason",
        "on_destroy", "successor", "delete_content", "adopt",
    )  # fmt: skip

    def group(self, props: Props) -> str:
        """Return ``vendor/NAME``."""
        return f"vendor/{props.get('vendor', '')}"

    def belongs(self, props: Props, member: Membership) -> bool:
        """Tell whether a member is the vendor's, by domain or alias."""
        return entries.owned_by_vendor(
            member, props.get("domains") or {}, props.get("aliases") or {}
        )

    def normal(self, news: Props) -> tuple[Props, list[CheckFailure]]:
        """Normalise the vendor's domains and aliases too."""
        inputs, failures = super().normal(news)
        for name in ("domains", "aliases"):
            value = as_set(inputs.get(name))
            if isinstance(value, Mapping):
                inputs[name] = {str(key).strip().lower(): True for key in sorted(value)}
        return inputs, failures

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """Let the engine compare; a move and another vendor replace."""
        replaces = self.moved(olds, news)
        if olds.get("vendor") != news.get("vendor") and not is_unknown(news.get("vendor")):
            replaces.append("vendor")
        return self.replaced(replaces)

    def outputs(self, inputs: Props, asked: entries.Steps = entries.NOTHING_ASKED) -> Props:
        """Add what of the vendor's presence cannot be read on this platform."""
        return {**super().outputs(inputs, asked), "unknown": list(self.manifest.blind_spots)}

    @one_sentence
    def create(self, props: Props) -> CreateResult:
        """Bring the vendor's people in; if one fails, those made here are taken back."""
        session = self.session(props)
        asked = entries.apply(
            session, self.group(props), {}, props.get("people") or {}, props["on_destroy"],
            adopt=bool(props.get("adopt")), undo=True, tell=say,
        )  # fmt: skip
        self.say_steps(props, asked)
        return CreateResult(grant_id(props), self.outputs(props, asked))

    @one_sentence
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Write what differs; only people of the reviewed map are taken away."""
        asked = entries.apply(
            self.session(news), self.group(news),
            self.given_up(olds, news), news.get("people") or {}, news["on_destroy"],
            self.successor(news), bool(news.get("adopt")), asked=_steps(olds),
            deletes=str(news.get("delete_content") or ""), tell=say,
        )  # fmt: skip
        self.say_steps(news, asked)
        return UpdateResult(self.outputs(news, {**_steps(olds), **asked}))

    @one_sentence
    def delete(self, id_: str, props: Props) -> None:
        """Take every entry away, then list again to prove it."""
        session, group = self.session(props), self.group(props)

        def belongs(member: Membership) -> bool:
            return self.belongs(props, member) and not self.kept(group, member.login)

        entries.end_all(
            session, group, self.given_up(props, {}), props["on_destroy"],
            self.successor(props), belongs, over_by_now(props.get("until")), _steps(props),
            deletes=str(props.get("delete_content") or ""), tell=say,
        )  # fmt: skip


def grant_id(props: Props) -> str:
    """Return the id of a vendor's presence, which no platform has an object for."""
    return f"{props['account']}/vendor/{props['vendor']}"


class RosterProvider(MapProvider):
    """Handlers of `Roster`: the whole list of an account's members."""

    inputs = (
        "account", "members", "ignore", "on_destroy", "successor", "delete_content", "adopt",
    )  # fmt: skip
    people = "members"

    def group(self, props: Props) -> str:
        """Return ``roster``."""
        return "roster"

    def belongs(self, props: Props, member: Membership) -> bool:
        """Tell whether a member is the roster's: all are, but for the ignored ones."""
        return not entries.ignored(member, props.get("ignore") or {})

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """Let the engine compare; only a move replaces."""
        return self.replaced(self.moved(olds, news))

    @one_sentence
    def create(self, props: Props) -> CreateResult:
        """Bring the members in; who is there and differs is adopted if that is said.

        Others show at the next read.
        """
        asked = entries.apply(
            self.session(props), self.group(props), {}, props.get("members") or {},
            props["on_destroy"], adopt=bool(props.get("adopt")), tell=say,
        )  # fmt: skip
        self.say_steps(props, asked)
        return CreateResult(f"{props['account']}/roster", self.outputs(props, asked))

    @one_sentence
    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Write what differs; only members of the reviewed map are taken away."""
        asked = entries.apply(
            self.session(news), self.group(news), self.given_up(olds, news),
            news.get("members") or {}, news["on_destroy"], self.successor(news),
            bool(news.get("adopt")), asked=_steps(olds),
            deletes=str(news.get("delete_content") or ""), tell=say,
        )  # fmt: skip
        self.say_steps(news, asked)
        return UpdateResult(self.outputs(news, {**_steps(olds), **asked}))

    def delete(self, id_: str, props: Props) -> None:
        """Stop managing the list; the members are left alone."""


def _steps(props: Props) -> dict[str, Asked]:
    """Return the steps of which nobody could say yet what became of them, by login."""
    said = props.get("asked") or {}
    return {login: Asked.model_validate(dict(step)) for login, step in said.items()}
