import pulumi, toy
from pulumi import ResourceOptions as O

import sys
u = toy.User("u", login="u")
sys.exit(3)
