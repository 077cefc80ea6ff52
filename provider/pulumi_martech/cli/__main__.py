"""`python -m pulumi_martech.cli` is `martech`."""

import sys

from pulumi_martech.cli import main

sys.exit(main())
