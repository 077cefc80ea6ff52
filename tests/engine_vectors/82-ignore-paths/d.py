import pulumi, toy
from pulumi import ResourceOptions as O

toy.Group("g", title="g", m={"a": 4}, l=[{"x": 5}], t="w", s={"k": "x"}, opts=O(ignore_changes=["m.b.c", "l[*].x", "l[1]", "t.*"]))
