"""Credentials as a program writes them: references, checked without ever raising.

What is wrong is noted with its place, like everything that a person writes, so that one secret in
the place of a reference does not hide the other problems of the program. It is never repeated.
"""

from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from pulumi_martech.model import account
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.wording import in_words
from pulumi_martech.resources.program import program

Kind = TypeVar("Kind", account.Bearer, account.Basic, account.OAuth2Client, account.SignedJwt)

NOWHERE = "env:INVALID"
"""Stands for a reference that cannot be used: the gate refuses a program that has one."""


def Bearer(token: str, scheme: str = "Bearer") -> account.Bearer:
    """Return a token sent in the ``Authorization`` header after ``scheme``.

    Args:
        token: where it lies: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.
        scheme: the word before the token; some platforms want another.
    """
    return _checked(account.Bearer, {"scheme": scheme}, token=token)


def Basic(username: str, password: str) -> account.Basic:
    """Return a user name and a password (WordPress: an application password).

    Args:
        username: the log-in, in the clear.
        password: where it lies: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.
    """
    return _checked(account.Basic, {"username": username}, password=password)


def OAuth2Client(
    token_url: str, client_id: str, client_secret: str, token_scope: str = ""
) -> account.OAuth2Client:
    """Return OAuth 2 client credentials: an access token is fetched and renewed.

    Args:
        token_url: where access tokens are given out.
        client_id: id of the client, in the clear.
        client_secret: where it lies: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.
        token_scope: what OAuth calls *scope*.
    """
    plain = {"token_url": token_url, "client_id": client_id, "token_scope": token_scope}
    return _checked(account.OAuth2Client, plain, client_secret=client_secret)


def SignedJwt(
    key: str,
    *,
    key_id: str = "",
    algorithm: Literal["HS256", "RS256", "ES256"] = "HS256",
    issuer: str = "",
    audience: str = "",
    lifetime: int = 300,
    header_scheme: str = "Bearer",
) -> account.SignedJwt:
    """Return a short-lived JWT that is signed for each call.

    Args:
        key: where the key lies: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.
        key_id: id of the key, the JWT's ``kid``.
        algorithm: how it is signed.
        issuer: the JWT's ``iss``.
        audience: the JWT's ``aud``.
        lifetime: seconds, 30 to 3600.
        header_scheme: the word before the JWT in the ``Authorization`` header.
    """
    plain = {
        "key_id": key_id,
        "algorithm": algorithm,
        "issuer": issuer,
        "audience": audience,
        "lifetime": lifetime,
        "header_scheme": header_scheme,
    }
    return _checked(account.SignedJwt, plain, key=key)


def by_hand(operator: str) -> account.ByHand:
    """Return what stands for credentials where a person, ``operator``, works on the screens."""
    try:
        return account.ByHand(operator=operator)
    except ValidationError:
        program().problem(
            f"operator={operator!r} is not our id of a person: lower-case letters, digits, '.', "
            f"'_' and '-', at most 64, as in MartechUser"
        )
    return account.ByHand(operator="nobody")


def _checked(kind: type[Kind], plain: dict[str, Any], **secret: str) -> Kind:
    """Return the credentials, or ones that lead nowhere after noting what is wrong with them."""
    reference: dict[str, Any] = dict(secret)
    try:
        return kind(**plain, **reference)
    except InvalidDeclaration as error:
        (name,) = secret
        program().problem(f"{kind.__name__}({name}=...): {error.said}; {error.todo}")
    except ValidationError as error:
        for name, words in in_words(error):
            program().problem(f"{kind.__name__}: {name} {words}")
    return kind.model_construct(None, **plain, **dict.fromkeys(reference, NOWHERE))
