import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="v", roles=["s"], opts=O(hide_diffs=["roles"], replacement_trigger=["2", {"k": 3}]))
g = toy.Group("g", title="g", opts=O(replace_with=[u], depends_on=[u]))
