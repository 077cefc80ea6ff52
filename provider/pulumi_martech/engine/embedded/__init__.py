"""An engine for Python programs on Pulumi's own SDK protocols and state format.

It needs nothing but Python, runs one operation a process and speaks the part of the command line
of the real `pulumi` that `pulumi.automation` uses: `python -m pulumi_martech.engine.embedded`.
"""
