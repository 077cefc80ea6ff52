import pulumi, toy
from pulumi import Alias, ResourceOptions as O
u = toy.User("u", login="u")
g = toy.Group("g", title="g", by=u.handle, note="n")
