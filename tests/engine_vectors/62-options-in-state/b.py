import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", roles=["r"], opts=O(custom_timeouts=pulumi.CustomTimeouts(update="1m30s"), hide_diffs=["roles"], replacement_trigger="1"))
g = toy.Group("g", title="g", opts=O(replace_with=[u], depends_on=[u]))
