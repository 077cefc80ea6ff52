import pulumi, toy
from pulumi import ResourceOptions as O

p = toy.account("q", account="zeta"); u = toy.User("u", login="u", opts=O(provider=p)); toy.Group("g", title="g", by=u.handle, opts=O(provider=p))
