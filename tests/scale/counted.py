"""Run a command of the embedded engine, and print how many calls it came to.

python counted.py WORDS
"""

import itertools
import sys
import threading


def main(words):
    """Count calls of functions, of Python and of C, in all threads."""
    from pulumi_martech.engine.embedded import operations  # noqa: F401 - loading is not counted
    from pulumi_martech.engine.embedded.cli import main

    counter = itertools.count()

    def count(frame, event, argument):
        if event in ("call", "c_call"):
            next(counter)

    threading.setprofile(count)
    sys.setprofile(count)
    code = main(words)
    sys.setprofile(None)
    print(f"calls: {next(counter)}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
