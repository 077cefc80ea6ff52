import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u"); x = toy.Grant("x", user=u.handle, group="g", opts=O(protect=True))
o = toy.Group("o", title="o", opts=O(protect=True, depends_on=[x]))
