import pulumi, toy
from pulumi import Alias, ResourceOptions as O
a = toy.User("a", login="a2")
g = toy.Group("g", title="g2", by=a.handle)
r = toy.Grant("r", user=a.handle, group=g.handle)
d = toy.User("d", login="d", roles=["x"], opts=O(depends_on=[a]))
w = toy.User("w", login="w", roles=["x"], opts=O(deleted_with=a))
c = pulumi.ComponentResource("my:C", "c")
i = toy.User("i", login="i2", opts=O(parent=c))
o = toy.User("o", login="o2")
l = toy.User("l", login="l", note=a.handle)
n = toy.User("n", login="n", note=o.handle)
