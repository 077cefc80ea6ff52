import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a"); b = toy.User("b", login="b", roles=["r"], about=a.handle, opts=O(replace_on_changes=["about"]))
m = toy.Group("m", title="m", of=b.handle); x = toy.Grant("x", user=b.handle, group="m"); y = toy.Group("y", title="y", opts=O(depends_on=[x]))
