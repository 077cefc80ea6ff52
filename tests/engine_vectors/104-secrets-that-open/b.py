import pulumi, toy
from pulumi import Alias, ResourceOptions as O
s = pulumi.Output.secret("s")
u = toy.User("u", login="u")
v = toy.User("v", login="v", note="s", opts=O(additional_secret_outputs=["handle"]))
w = toy.User("w", login="w", note={"a": "s", "b": ["s", "t"], "c": {"d": s}})
x = toy.User("x", login="x", note=u.handle, other=v.note)
pulumi.export("u", u.handle); pulumi.export("v", v.note); pulumi.export("w", w.note)
