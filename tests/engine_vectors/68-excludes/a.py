import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a"); g = toy.Group("g", title="g", opts=O(depends_on=[a]))
toy.Grant("x", user=a.handle, group=g.handle)
