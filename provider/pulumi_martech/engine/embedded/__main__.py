"""`python -m pulumi_martech.engine.embedded`: the command line of the embedded engine."""

import os
import sys

if __name__ == "__main__":
    # What the program can import must not depend on the folder the command was given in.
    if not sys.flags.safe_path and sys.path[0] == os.getcwd():
        del sys.path[0]

    from pulumi_martech.engine.embedded.cli import main

    sys.exit(main(sys.argv[1:]))
