import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a", roles=["r"]); b = toy.User("b", login="b", roles=["r"])
g = toy.Group("g", title="g", note="n", by=a.handle); late = toy.Group("late", title="late", by=b.handle)
