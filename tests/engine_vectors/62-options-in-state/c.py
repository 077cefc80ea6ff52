import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", roles=["r"], opts=O(replacement_trigger="2"))
g = toy.Group("g", title="g", opts=O(replace_with=[u], depends_on=[u]))
