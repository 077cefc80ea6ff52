"""Which addresses belong to an account, and may get its credentials."""

import ipaddress
from collections.abc import Mapping
from typing import Any

import httpx

from pulumi_martech.model.errors import InvalidDeclaration, Malformed


class Addresses:
    """Joins paths to the base address of an account.

    Args:
        base_url: root of the API; its path is kept.
        account: key of the account, for errors.

    Raises:
        InvalidDeclaration: no http(s) address, http beyond loopback, or with a password in it.
    """

    def __init__(self, base_url: str, account: str) -> None:
        tried = f"use account {account}"
        try:
            self.base = httpx.URL(base_url)
        except httpx.InvalidURL:
            raise _invalid(tried, "its url is no address") from None
        if self.base.scheme not in ("http", "https") or not self.base.host:
            raise _invalid(tried, "its url is no http or https address")
        if self.base.userinfo:
            raise _invalid(tried, "its url contains a user name or password")
        if self.base.scheme == "http" and not self.loopback:
            raise _invalid(tried, f"its url http://{self.base.host} is not encrypted")

    @property
    def loopback(self) -> bool:
        """Whether the address is on this machine."""
        host = self.base.host
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def is_own(self, url: httpx.URL) -> bool:
        """Tell whether ``url`` has the same scheme, host and port."""
        return _origin(url) == _origin(self.base)

    def of(self, path: str, params: Mapping[str, Any] | None, tried: str) -> httpx.URL:
        """Return the whole address of ``path`` (or of an absolute address of this origin).

        Raises:
            Malformed: an absolute address of another origin.
            InvalidDeclaration: a path that climbs out of the base path.
        """
        if path.startswith(("http://", "https://", "//")):
            url = self._absolute(path, tried)
        else:
            url = self._below(path, tried)
        return url.copy_merge_params(params) if params else url

    def _below(self, path: str, tried: str) -> httpx.URL:
        if not path:
            return self.base
        root = str(self.base.copy_with(query=None, fragment=None)).rstrip("/")
        steps = path.partition("?")[0].split("/")
        try:
            if "." in steps or ".." in steps:
                raise httpx.InvalidURL("climbs")
            return httpx.URL(f"{root}/{path.lstrip('/')}")
        except httpx.InvalidURL:
            said = "an identifier has characters that no address can hold"
            raise InvalidDeclaration(tried, said, "nothing was sent") from None

    def _absolute(self, address: str, tried: str) -> httpx.URL:
        try:
            url = self.base.join(address)
        except httpx.InvalidURL:
            raise Malformed(tried, "a link is no address", "it was not followed") from None
        if not self.is_own(url):
            raise Malformed(
                tried,
                f"a link leads from {_named(self.base)} to {_named(url)}",
                "it was not followed, and no credential went there",
                "if the account has moved, or its server thinks so, correct its url",
            )
        return url


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _named(url: httpx.URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}"


def _invalid(tried: str, said: str) -> InvalidDeclaration:
    return InvalidDeclaration(tried, said, "nothing was sent", "give it an https url")
