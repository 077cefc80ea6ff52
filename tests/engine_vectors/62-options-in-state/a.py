import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u", opts=O(custom_timeouts=pulumi.CustomTimeouts(create="5m", delete="1h"), hide_diffs=["roles"], replacement_trigger="1"))
g = toy.Group("g", title="g", opts=O(replace_with=[u], depends_on=[u]))
