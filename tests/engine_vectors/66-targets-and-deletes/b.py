import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a"); b = toy.User("b", login="b", roles=["r"], opts=O(depends_on=[a]))
g = toy.Group("g", title="g")
