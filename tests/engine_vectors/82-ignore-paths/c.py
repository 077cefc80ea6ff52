import pulumi, toy
from pulumi import ResourceOptions as O

toy.Group("g", title="g", m={"a": 3, "z": 1}, l=[{"x": 7}, {"x": 6}], t="v", s={"k": "x"}, opts=O(ignore_changes=["m.*", "l[*].x", "t"]))
