import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", roles=["r"], hush=pulumi.Output.secret("s"), opts=O(protect=True))
