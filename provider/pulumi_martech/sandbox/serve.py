"""Serving a sandbox as a process of its own."""

from collections.abc import Sequence
from pathlib import Path

from pulumi_martech.sandbox.server import Sandbox


def serve(tenants: Sequence[str], port: int = 0, database: Path | None = None) -> None:
    """Serve tenants (``key:platform``) until SIGTERM or Ctrl-C, after printing how to reach them.

    Tenants that the database knows already are served too. Raises ``ValueError`` for a tenant that
    cannot be opened, ``OSError`` for a port that is taken.
    """
    sandbox = Sandbox(database, port)
    for tenant in tenants:
        key, _, platform = tenant.partition(":")
        sandbox.tenant(key, platform)

    def ready() -> None:
        print(f"# The sandbox answers at {sandbox.url}. Ctrl-C ends it.")
        for tenant in sandbox.tenants.values():
            print(f"\n# {tenant.key}: {tenant.platform} at {tenant.base_url}\n{tenant.exports()}")
        print("\n# the side door, for changes by hand: POST /_side/<tenant>/<verb>")
        print(f"export MARTECH_SANDBOX_URL='{sandbox.url}'")
        print(f"export MARTECH_SANDBOX_TOKEN='{sandbox.side_token}'", flush=True)

    sandbox.serve_forever(ready)
