import pulumi, toy
from pulumi import Alias, ResourceOptions as O
d = toy.User("d", login="d3")
g = toy.Group("g", title="g2")
x = toy.Grant("x", user="d", group=g.handle, opts=O(depends_on=[d]))
