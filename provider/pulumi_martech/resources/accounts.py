"""The account as a resource, and what every resource inside an account is made of."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import pulumi
from pulumi.dynamic import Resource, ResourceProvider
from pydantic import ValidationError

from pulumi_martech.model.account import AccountConfig, Bearer, ByHand, Credentials
from pulumi_martech.model.identity import check_url, shown_url
from pulumi_martech.model.wording import in_words
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.roles import role_problems
from pulumi_martech.resources.arguments import texts
from pulumi_martech.resources.credentials import NOWHERE
from pulumi_martech.resources.pickler import restore_pickler
from pulumi_martech.resources.program import Program, place, program

ACCOUNT_KEY = "lower-case letters, digits and '-', at most 40, beginning with a letter"


_LISTS = ("administrators", "protected")
"""Arguments of an account that are lists of texts."""

NO_ADDRESS = "https://invalid"
"""Where an account stands that was declared wrongly; the gate refuses a program that has one."""


class AccountResource(pulumi.ProviderResource):
    """One tenant of a platform. Its logical name is the account key, part of every URN below it."""

    platform: ClassVar[str]
    config: AccountConfig

    def __init__(
        self,
        key: str,
        *,
        url: str,
        credentials: Credentials,
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        declared = program()
        declared.must_be_open(f"account {str(key)[:60]}")
        given = {"key": key, "url": url, "credentials": credentials, **settings}
        self.config = self._checked(declared, given)
        if opts is not None and opts.provider is not None:
            declared.problem(f"account {key}: an account has no provider; leave it out of opts")
            opts = pulumi.ResourceOptions.merge(opts, None)
            opts.provider = None
        opts = _without_circle(opts, f"account {key}")
        declared.configs[self.config.key] = self.config
        old = self.config.renamed_from
        merged = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(aliases=[pulumi.Alias(name=old)] if old else None)
        )
        inputs: Any = self.config.inputs()
        super().__init__("pulumi-python", self.config.key, inputs, merged)
        declared.providers.append(self)
        declared.waits_for()

    def _checked(self, declared: Program, given: Mapping[str, Any]) -> AccountConfig:
        """Return the account, or one that stands for it so that the rest can be checked too.

        What stands for it has a key of its own, and nothing that may hold a secret.
        """
        what, before = f"account {str(given['key'])[:60]}", len(declared.problems)
        lists = {name: texts(given[name], f"{what}: {name}") for name in _LISTS}
        config: AccountConfig | None = None
        try:
            config = AccountConfig(platform=self.platform, **{**given, **lists})
        except ValidationError as error:
            for name, words in in_words(error):
                if name == "key" and words.startswith("string should match"):
                    words = f"is not {ACCOUNT_KEY}"
                declared.problem(f"{what}: {name} {words}")
        url = given["url"]
        if isinstance(url, str):
            for problem in check_url(url):
                declared.problem(f"{what}: url {shown_url(url)!r} {problem}")
        if config is not None and config.key in declared.configs:
            where = declared.accounts_at.get(config.key)
            declared.problem(f"{what} is declared twice{f', at {where} and here' if where else ''}")
        if config is not None:
            for problem in role_problems(config):
                declared.problem(f"{what}: {problem}")
            attested = PLATFORMS[self.platform].manifest.attested is not None
            if attested is not isinstance(config.credentials, ByHand):
                declared.problem(f"{what}: credentials must be those of an API")
        leads_nowhere = config is not None and NOWHERE in config.credentials.model_dump().values()
        if config is not None and not leads_nowhere and not check_url(config.url):
            self._check_tenant(declared, config, what)
        if config is not None and len(declared.problems) == before and not leads_nowhere:
            declared.accounts_at[config.key] = place()
            return config
        return AccountConfig.model_construct(
            key=given["key"]
            if config is not None and config.key not in declared.configs
            else f"account-{before + 1}",
            platform=self.platform,
            url=NO_ADDRESS,
            credentials=Bearer(token=NOWHERE),
        )

    def _check_tenant(self, declared: Program, config: AccountConfig, what: str) -> None:
        """Note a tenant with two keys: what one of them takes away, the other one declares.

        A platform without an API has no tenant that could be told by its address.
        """
        manifest = PLATFORMS[self.platform].manifest
        for key, where in declared.accounts_at.items():
            other = declared.configs[key]
            if key == config.key or manifest.attested is not None:
                continue
            if config.same_tenant(other, manifest.shared_address):
                apart = "credentials or tenant=" if manifest.shared_address else "tenant="
                declared.problem(
                    f"{what} is the same tenant as account {key} at {where} ({manifest.title} at "
                    f"{config.url}): removals from one would end what the other declares; declare "
                    f"one account, or, if they are two tenants, tell them apart by {apart}"
                )


class AccountObject(Resource):
    """A resource inside an account, named ``<account>/<key>``."""

    platform: ClassVar[str] = ""

    def __init_subclass__(cls, module: str = "", name: str = "Resource", **kwargs: Any) -> None:
        if module and name == "Resource":
            raise TypeError(f"{cls.__name__} needs a type name of its own")
        cls.platform = module.partition("/")[2]
        super().__init_subclass__(module=module, name=name, **kwargs)

    def enlist(
        self,
        provider: ResourceProvider,
        account: AccountResource,
        key: str,
        props: dict[str, Any],
        roles: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        """Register a writer that gives ``roles``, now or when it is its turn."""
        made = partial(self._registered, provider, account, key, props, roles, opts)
        program().enlist(account.config.key, made)

    def _registered(
        self,
        provider: ResourceProvider,
        account: AccountResource,
        key: str,
        props: dict[str, Any],
        roles: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> Self:
        restore_pickler()
        at = account.config.key
        waits = program().waits_for(at, roles)
        super().__init__(provider, f"{at}/{key}", props, self.options(account, key, waits, opts))
        return self

    @staticmethod
    def options(
        account: AccountResource,
        key: str,
        waits_for: pulumi.Output[Any],
        opts: pulumi.ResourceOptions | None,
    ) -> pulumi.ResourceOptions:
        """Return the options of a writer: its account, the gate, the name it had before."""
        if opts is not None and opts.provider not in (None, account):
            program().problem(f"{key}: give account=..., not another provider in opts")
            opts.provider = None
        old = account.config.renamed_from
        own = pulumi.ResourceOptions(
            provider=account,
            depends_on=waits_for,
            aliases=[pulumi.Alias(name=f"{old}/{key}")] if old else None,
        )
        return pulumi.ResourceOptions.merge(opts, own)


def account_of(account: Any, what: str, platform: str) -> AccountResource | None:
    """Return ``account`` if it is one of the platform; else note the problem."""
    if not isinstance(account, AccountResource):
        given = "None" if account is None else f"a {type(account).__name__}"
        program().problem(f"{what} needs account={platform}.Account(...), not {given}")
        return None
    if account.platform != platform:
        program().problem(
            f"{what} is declared by {platform}.{what.partition(' ')[0]}, but account "
            f"{account.config.key} is one of {account.platform}; use the resources of "
            f"{account.platform} there"
        )
        return None
    return account


def _without_circle(
    opts: pulumi.ResourceOptions | None, what: str
) -> pulumi.ResourceOptions | None:
    """Note an account that waits for a resource of ours: that one waits for all accounts."""
    waits: Any = opts.depends_on if opts is not None else None
    listed: Sequence[Any] = waits if isinstance(waits, list | tuple) else [waits]
    ours = [other for other in listed if isinstance(other, AccountObject)]
    if opts is None or not ours:
        return opts
    names = ", ".join(sorted(f"the {type(other).__name__}" for other in ours))
    program().problem(
        f"{what} depends on {names} that waits for all accounts: nobody could begin; "
        f"take it out of depends_on"
    )
    opts = pulumi.ResourceOptions.merge(opts, None)
    opts.depends_on = [other for other in listed if not isinstance(other, AccountObject)]
    return opts
