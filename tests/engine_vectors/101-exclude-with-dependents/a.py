import pulumi, toy
from pulumi import Alias, ResourceOptions as O
a = toy.User("a", login="a")
g = toy.Group("g", title="g", by=a.handle)
r = toy.Grant("r", user=a.handle, group=g.handle)
d = toy.User("d", login="d", opts=O(depends_on=[a]))
w = toy.User("w", login="w", opts=O(deleted_with=a))
c = pulumi.ComponentResource("my:C", "c")
i = toy.User("i", login="i", opts=O(parent=c))
o = toy.User("o", login="o")
l = toy.User("l", login="l", note=a.handle)
