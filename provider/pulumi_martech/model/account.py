"""One tenant of a platform, with references to its credentials."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema

from pulumi_martech.model.capability import DataClass
from pulumi_martech.model.content import Declared
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import normal_url
from pulumi_martech.model.values import Frozen


def _reference(given: Any) -> Any:
    """Refuse what is no reference without repeating it: it may be the secret itself."""
    if isinstance(given, str) and re.match(r"(env|file|keyring):.", given):
        return given
    raise InvalidDeclaration(
        "use a credential",
        "where it lies is written env:NAME, file:PATH or keyring:SERVICE/USER, and this is none of "
        "them (not shown: it may be the secret itself)",
        "nothing was done",
        "put the secret into an environment variable, a file or the keyring, and name that here",
    )


Reference = Annotated[
    str,
    BeforeValidator(_reference),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(env|file|keyring):.+$",
            "examples": ["env:CRM_TOKEN", "file:~/.crm-token"],
        }
    ),
]
"""Where a credential lies, never the credential: ``env:NAME``, ``file:PATH`` or
``keyring:SERVICE/USER``."""


class Bearer(Frozen):
    """A token sent as ``Authorization: Bearer``."""

    kind: Literal["bearer"] = "bearer"
    """A token."""
    token: Reference
    """Where the token lies."""
    scheme: str = "Bearer"
    """The word before the token; some platforms want another."""


class Basic(Frozen):
    """A user name and a password (WordPress: an application password)."""

    kind: Literal["basic"] = "basic"
    """User name and password."""
    username: str
    """The user name."""
    password: Reference
    """Where the password lies."""


class OAuth2Client(Frozen):
    """OAuth 2 client credentials: an access token is fetched and renewed."""

    kind: Literal["oauth2"] = "oauth2"
    """OAuth 2 client credentials."""
    token_url: str
    """Where access tokens are fetched."""
    client_id: str
    """The id of the client."""
    client_secret: Reference
    """Where its secret lies."""
    token_scope: str = ""
    """What the token is asked for, in the words of OAuth."""


class SignedJwt(Frozen):
    """A short-lived JWT signed for each call (``header_scheme``: the word before it)."""

    kind: Literal["jwt"] = "jwt"
    """A JWT that is signed for each call."""
    key_id: str = ""
    """Which key it is, for the platform."""
    key: Reference
    """Where the key lies."""
    algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    """How it is signed."""
    issuer: str = ""
    """Who says that it is issued."""
    audience: str = ""
    """Whom it is for."""
    lifetime: int = Field(default=300, ge=30, le=3600)
    """Seconds."""
    header_scheme: str = "Bearer"
    """The word before it."""


class ByHand(Frozen):
    """No credentials: a person works on the screens of an attested platform.

    ``operator`` is our id of whoever carries out what is asked there, and attests none of it.
    """

    kind: Literal["by hand"] = "by hand"
    """A person on the screens of the platform."""
    operator: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    """Who carries it out, by key."""


Credentials = Annotated[
    Bearer | Basic | OAuth2Client | SignedJwt | ByHand, Field(discriminator="kind")
]


AccountData = Literal["personal", "sensitive"]
"""The highest class of data that an account may declare; it raises what personal data counts."""


MemberSource = Literal["direct", "idp"]
"""Who says who is in an account: whoever writes to it, or an identity provider."""


class AccountConfig(Frozen):
    """What a process needs to know to work on one account; holds references, never secrets.

    ``key`` is the account's name in code and in every URN. ``administrators`` names the native
    roles that administer this account, besides those of the manifest; ``protected`` the logins
    that are never removed or lose an administrating role; ``own_login`` the login behind the
    credentials, where the platform cannot tell. ``breaker`` is the number of removals after which
    one process writes nothing more. ``per_second`` lowers the platform's rate limit.
    ``successor`` is the login that takes over what a removed user owns, unless its own resource
    names another. ``tenant`` is the platform's own id of the account (a HubSpot portal, say), where
    credentials of another one are to be refused. ``renamed_from`` is the key the account had
    before, so that a new key is no new account.
    ``read_credentials`` is used for reading where given, so that a preview needs no write right.
    ``role_content`` says what native roles of this account allow, where only a person can tell;
    ``portable_roles`` which native roles stand for a portable role here; ``data_class`` is
    *sensitive* where the account holds health data, data of children, free text or the like.
    ``membership`` is *idp* where an identity provider owns who is in the account: nothing is
    written then, and a refusal names the group of ``groups`` (by native role) to change.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    platform: str
    url: str
    credentials: Credentials
    read_credentials: Credentials | None = None
    administrators: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    own_login: str = ""
    successor: str = ""
    tenant: str = ""
    renamed_from: str = ""
    breaker: int = Field(default=10, ge=0)
    per_second: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds to wait for one answer."""
    role_content: Mapping[str, Declared] = Field(default_factory=dict)
    portable_roles: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    data_class: AccountData = "personal"
    membership: MemberSource = "direct"
    groups: Mapping[str, str] = Field(default_factory=dict)

    @property
    def highest_data(self) -> DataClass:
        """The highest class of data that the account holds."""
        return DataClass.SENSITIVE if self.data_class == "sensitive" else DataClass.PERSONAL

    @property
    def operator(self) -> str:
        """Who carries out what is asked on an attested platform; empty on the others."""
        return self.credentials.operator if isinstance(self.credentials, ByHand) else ""

    def same_tenant(self, other: "AccountConfig", shared_address: bool) -> bool:
        """Tell whether another account is the same tenant, as far as both say.

        One address is one tenant, unless both name a ``tenant`` and these differ. Where all tenants
        of a platform share an address, it is one only by the same ``tenant`` or credentials.
        """
        if self.platform != other.platform or normal_url(self.url) != normal_url(other.url):
            return False
        if self.tenant.strip() and other.tenant.strip():
            return self.tenant.strip() == other.tenant.strip()
        return not shared_address or self.credentials == other.credentials

    def inputs(self) -> dict[str, str]:
        """Return the account as inputs of its provider resource: names and references, no secrets.

        One key a field that people compare; the rest is one JSON text without its defaults.
        """
        own = {"key", "platform", "url", "credentials", "read_credentials"}
        rest = self.model_dump(mode="json", exclude=own, exclude_defaults=True)
        if self.read_credentials is not None:
            rest["read_credentials"] = self.read_credentials.model_dump()  # its kind is a default
        return {
            "martech:account": self.key,
            "martech:platform": self.platform,
            "martech:url": self.url,
            "martech:credentials": json.dumps(self.credentials.model_dump(), sort_keys=True),
            "martech:settings": json.dumps(rest, sort_keys=True),
        }

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> "AccountConfig | None":
        """Return the account that `inputs` wrote down, or ``None`` if there is none in them."""
        key = inputs.get("martech:account")
        if not isinstance(key, str):
            return None
        credentials: Any = TypeAdapter(Credentials).validate_json(inputs["martech:credentials"])
        return cls(
            key=key,
            platform=inputs["martech:platform"],
            url=inputs["martech:url"],
            credentials=credentials,
            **json.loads(inputs.get("martech:settings") or "{}"),
        )


INPUT_KEYS = tuple(
    f"martech:{name}" for name in ("account", "platform", "url", "credentials", "settings")
)
"""Names of the inputs of an account's provider resource."""
