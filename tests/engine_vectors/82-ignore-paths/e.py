import pulumi, toy
from pulumi import ResourceOptions as O

toy.Group("g", title="g", m=[1], l={"x": 1}, s={"k": "x"}, opts=O(ignore_changes=["m.a", "l[0]", "t", "s[\"k\"]", ""]))
