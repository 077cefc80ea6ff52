import pulumi, toy
from pulumi import Alias, ResourceOptions as O
a = toy.Group("a", title="a")
d = toy.Group("d", title="d", by=a.handle)
e = toy.Group("e", title="e", opts=O(depends_on=[d]))
