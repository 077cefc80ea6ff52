import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", roles=["x"], hush=pulumi.Output.secret("s")); n = toy.Group("n", title="n", by=u.handle, opts=O(depends_on=[u]))
