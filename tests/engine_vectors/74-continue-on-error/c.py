import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a", roles=["r"]); g = toy.Group("g", title="g", note="n", by=a.handle)
