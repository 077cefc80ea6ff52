"""Get the real products that the locked dependencies lack: ``python tests/real/install.py``.

Needs apt and dpkg, no root; afterwards the tests against real products skip nothing. Ends with 1
and the reason if a product cannot be had here.
"""

import sys
import time
from pathlib import Path

if not __package__:  # run as a file: its neighbours are found from the top of the checkout
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.real import postgres, wordpress
from tests.real.keeper import Unavailable


def main() -> int:
    """Install everything and start it once."""
    began = time.monotonic()
    try:
        folder = wordpress.install()
        with wordpress.running() as site:
            print(f"WordPress is in {folder} and answered at {site.origin}")
    except Unavailable as reason:
        print(f"WordPress cannot be had here: {reason}", file=sys.stderr)
        return 1
    try:
        folder = postgres.install()
        with postgres.running() as url:
            print(f"PostgreSQL is in {folder} and answered at {url}")
    except Unavailable as reason:
        print(f"PostgreSQL cannot be had here: {reason}", file=sys.stderr)
        return 1
    print(f"ready after {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
