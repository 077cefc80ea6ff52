"""``python -m pulumi_martech.sandbox --tenant crm:scim --tenant site:wordpress``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pulumi_martech.sandbox.serve import serve
from pulumi_martech.sandbox.server import PLATFORMS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pulumi_martech.sandbox",
        description="Serve platforms' APIs on loopback, faithful to their dialect.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument("--db", type=Path, help="file that keeps everything (default: memory only)")
    parser.add_argument(
        "--tenant",
        action="append",
        default=[],
        metavar="KEY:PLATFORM",
        help=f"an account to serve; platforms: {', '.join(PLATFORMS)}",
    )
    given = parser.parse_args(arguments)
    try:
        serve(given.tenant, given.port, given.db)
    except (ValueError, OSError) as error:
        parser.exit(1, f"The sandbox could not start: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
