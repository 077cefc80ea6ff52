import pulumi, toy
from pulumi import ResourceOptions as O

r = pulumi.StackReference("organization/toyland/nowhere"); toy.Group("g", title="g", plain=r.get_output("plain"))
