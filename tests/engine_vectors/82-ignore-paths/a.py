import pulumi, toy
from pulumi import ResourceOptions as O

toy.Group("g", title="g", m={"a": 1, "b": {"c": 1}}, l=[{"x": 1}, {"x": 2}], t="t", s=pulumi.Output.secret({"k": "v"}))
