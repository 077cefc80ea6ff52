import pulumi, toy
from pulumi import Alias, ResourceOptions as O
p = toy.account("p"); u = toy.User("old", login="u"); w = toy.User("w", login="w"); toy.Group("g", title="g", by=u.handle)
