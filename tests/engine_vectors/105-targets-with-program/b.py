import pulumi, toy
from pulumi import Alias, ResourceOptions as O
a = toy.Group("a", title="a")
d = toy.Group("d", title="d")
e = toy.Group("e", title="e2", opts=O(depends_on=[d]))
