import pulumi, toy
from pulumi import ResourceOptions as O

p = toy.account("p", account="acme"); u = toy.User("u", login="u", opts=O(provider=p)); toy.Group("g", title="g", by=u.handle, opts=O(provider=p))
