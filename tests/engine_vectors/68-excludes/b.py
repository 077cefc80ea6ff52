import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a", roles=["r"]); g = toy.Group("g", title="g", note="n", opts=O(depends_on=[a]))
toy.Grant("x", user=a.handle, group=g.handle)
