import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u"); v = toy.User("v", login="v")
g = toy.Group("g", title="g", opts=O(parent=u)); toy.Grant("x", user="v", group="g#1", opts=O(depends_on=[v, g]))
pulumi.export("g", g.handle)
