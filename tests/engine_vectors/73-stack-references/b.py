import pulumi, toy
from pulumi import ResourceOptions as O

r = pulumi.StackReference("organization/toyland/other"); toy.Group("g", title="g", plain=r.get_output("plain"), hush=r.get_output("hush"), none=r.get_output("nothing"))
pulumi.export("n", r.require_output("plain"))
