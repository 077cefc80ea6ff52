import pulumi, toy
from pulumi import ResourceOptions as O

e = toy.User("e", login="mine"); g = toy.Group("g", title="g", by=e.handle)
