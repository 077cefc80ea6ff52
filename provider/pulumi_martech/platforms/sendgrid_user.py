"""Arguments of a SendGrid ``MartechUser``, checked without any I/O."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.platforms.base import UserArguments
from pulumi_martech.platforms.fields import Text, normal_email
from pulumi_martech.platforms.sendgrid_scopes import (
    ADMIN,
    OWNER,
    normal_roles,
    parted,
)


class User(UserArguments):
    """A teammate of an account, or an API key that exists; its roles are scopes.

    Without ``sso`` a teammate is invited by mail: the invitation lasts 7 days and carries the
    roles it was sent with, less those that can be given only after acceptance.
    """

    login: str = Field(
        description="E-mail address; can never be changed. `key:ID` stands for an API key that "
        "exists.",
        min_length=1,
    )
    roles: tuple[str, ...] = Field(
        default=(),
        description="Scopes such as `mail.send`, the whole set; or `admin` alone; or, with `sso`, "
        "rights on subusers: `NAME:admin`, `NAME:restricted`, `NAME:mail.send`.",
    )
    sso: bool | None = Field(
        default=None,
        description="True: logs in by single sign-on and is there at once, without an invitation; "
        "needs both names, and cannot be switched later.",
    )
    first_name: Text | None = Field(
        default=None, description="First name, with `sso` only: others say theirs on acceptance."
    )
    last_name: Text | None = Field(default=None, description="Last name, with `sso` only.")

    @field_validator("login")
    @classmethod
    def _address_or_key(cls, value: str) -> str:
        value = value.strip().lower()
        if not value.startswith(KEY_LOGIN):
            return normal_email(value)
        if not re.fullmatch(r"key:[a-z0-9_.-]+", value):
            raise ValueError(f"{value!r} is no API key: write key: and the key's id")
        return value

    @field_validator("roles")
    @classmethod
    def _as_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return normal_roles(value)

    @model_validator(mode="after")
    def _sso_and_the_rest(self) -> Self:
        on_subusers = [role for role in self.roles if parted(role)[0]]
        if self.login.startswith(KEY_LOGIN):
            if self.sso or self.first_name or self.last_name or on_subusers:
                raise ValueError("an API key has scopes and nothing else")
            if {ADMIN, OWNER} & set(self.roles):
                raise ValueError("an API key is no administrator: name its scopes")
        elif self.sso:
            if not (self.first_name and self.last_name):
                raise ValueError("with sso=True SendGrid wants `first_name` and `last_name`")
        elif self.first_name or self.last_name:
            raise ValueError("only with sso=True: others say their names when they accept")
        elif on_subusers:
            raise ValueError(
                f"SendGrid's API gives access to subusers ({', '.join(on_subusers)}) to teammates "
                "of single sign-on only: say sso=True"
            )
        return self
