import pulumi, toy
from pulumi import ResourceOptions as O

d = toy.User("d", login="d", roles=["x"]); g = toy.Group("g", title="g", note="m"); e = toy.Group("e", title="e", opts=O(depends_on=[g]))
