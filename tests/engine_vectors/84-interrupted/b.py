import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", roles=["r"]); g = toy.Group("g", title="g", by=u.handle)
