import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u")
g = toy.Group("g", title="g", opts=O(depends_on=[u]))
toy.Grant("x", user=u.handle, group=g.handle)
p = toy.Group("p", title="p", opts=O(protect=True, depends_on=[g]))
