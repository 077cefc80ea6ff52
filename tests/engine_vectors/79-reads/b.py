import pulumi, toy
from pulumi import ResourceOptions as O

e = toy.User.get("e", "user/two"); g = toy.Group("g", title="g", by=e.handle)
