import pulumi, toy
from pulumi import ResourceOptions as O

toy.Group("g", title="g", m={"a": 2, "b": {"c": 2}, "new": 1}, l=[{"x": 9}, {"x": 8}], t="u", s={"k": "w"}, opts=O(ignore_changes=["m.a", "m.new", "l[1].x", "s.k", "none.at.all"]))
