"""What holds for all tests."""

import os
import signal

from hypothesis import settings

# How long an example takes says nothing on a busy machine.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# What a person has set for daily work must not change what a test sees.
for name in [name for name in os.environ if name.startswith("MARTECH_")]:
    if name not in ("MARTECH_REQUIRE_PRODUCTS", "MARTECH_RECORD", "MARTECH_SHARED"):
        del os.environ[name]

# What a shell runs in the background ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
