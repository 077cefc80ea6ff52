import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u"); x = toy.Grant("x", user=u.handle, group="g", opts=O(protect=True))
r = toy.Group("r", title="r", opts=O(protect=True, retain_on_delete=True, depends_on=[x])); o = toy.Group("o", title="o", opts=O(protect=True, depends_on=[r]))
