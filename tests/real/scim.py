"""A real SCIM 2.0 service, scim2-server, on a free loopback port."""

import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.real.keeper import Kept, Unavailable, answers, free_port, wait


@dataclass(frozen=True)
class ScimServer:
    """A running service: the address of its API, ending in ``/v2``, and a token it takes."""

    origin: str
    token: str

    @property
    def api(self) -> str:
        """Return the base URL of the API."""
        return f"{self.origin}/v2"

    def administrator(self) -> httpx.Client:
        """Return a plain client with the token: the way of a person's hand."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.api, headers=headers, timeout=30)

    def reset(self) -> None:
        """Remove everybody and every group."""
        with self.administrator() as client:
            for kind in ("Groups", "Users"):
                for record in client.get(f"/{kind}").json().get("Resources", []):
                    client.delete(f"/{kind}/{record['id']}")


@contextlib.contextmanager
def running() -> Iterator[ScimServer]:
    """Start an empty service, and end it."""
    program = shutil.which("scim2-server", path=str(Path(sys.executable).parent))
    if program is None:
        raise Unavailable("scim2-server is not installed here (`make setup` installs it)")
    port, token = free_port(), secrets.token_urlsafe(24)
    origin = f"http://127.0.0.1:{port}"
    command = [program, "--hostname", "127.0.0.1", "--port", str(port), "--bearer-token", token]
    with tempfile.TemporaryDirectory(prefix="martech-scim-") as work:
        kept = Kept(command, Path(work) / "log")
        try:
            wait(lambda: answers(f"{origin}/v2/ServiceProviderConfig"), kept)
            yield ScimServer(origin, token)
        finally:
            kept.end()
