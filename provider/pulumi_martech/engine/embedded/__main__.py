"""`python -m pulumi_martech.engine.embedded`: the command line of the embedded engine."""

import os
import sys
from contextlib import suppress

if __name__ == "__main__":
    # What the program can import must not depend on the folder the command was given in.
    with suppress(FileNotFoundError):  # it may be gone
        if not sys.flags.safe_path and sys.path[0] == os.getcwd():
            del sys.path[0]

    from pulumi_martech.engine.interrupts import hear_endings

    hear_endings()
    try:
        from pulumi_martech.engine.embedded.cli import main
    except KeyboardInterrupt:  # while it is loaded
        sys.exit(8)

    sys.exit(main(sys.argv[1:]))
