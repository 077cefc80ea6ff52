import pulumi, toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a"); b = toy.User("b", login="b"); g = toy.Group("g", title="g", by=a.handle); h = toy.Group("h", title="h", by=b.handle)
