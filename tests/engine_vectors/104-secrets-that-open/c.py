import pulumi, toy
from pulumi import Alias, ResourceOptions as O
u = toy.User("u", login="u", roles=["a"])
v = toy.User("v", login="v", note="s")
w = toy.User("w", login="w", note={"a": "s", "b": ["s", "t"], "c": {"d": "s"}}, roles=["a"])
x = toy.User("x", login="x", note=u.handle, other=pulumi.Output.unsecret(v.note))
pulumi.export("u", u.handle); pulumi.export("v", pulumi.Output.unsecret(v.note)); pulumi.export("w", w.note)
