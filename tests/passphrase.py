"""The passphrase of the stacks of tests, and a salt that was made with it.

A stack that finds a salt in its settings makes none, which takes a quarter of a second.
"""

PASSPHRASE = "toy"
SALT = "v1:mu7oPyylIGM=:v1:zxvIggbFOX45OPXx:bvp8SSWVDyoBmidjPhN0XQGMG2U12Q=="
SETTINGS = f"encryptionsalt: {SALT}\n"
"""What lies in Pulumi.STACK.yaml before the stack is made."""
