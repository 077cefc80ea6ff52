import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", hush=pulumi.Output.secret("s")); g = toy.Group("g", title="g", by=u.handle)
