import pulumi, toy
from pulumi import Alias, ResourceOptions as O
p = toy.account("p")
g = toy.Group("g", title="g", note="n")
h = toy.Group("h", title="h", note="n")
u = toy.User("u", login="u", note="n")
w = toy.User("w", login="w", roles=["a"])
k = toy.User("k", login="k")
