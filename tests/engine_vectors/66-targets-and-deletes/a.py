import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a"); b = toy.User("b", login="b", opts=O(depends_on=[a])); c = toy.User("c", login="c")
g = toy.Group("g", title="g"); toy.Grant("x", user=c.handle, group=g.handle, opts=O(depends_on=[b]))
