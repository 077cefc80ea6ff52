import pulumi, toy
from pulumi import ResourceOptions as O

pulumi.export("n", 1)
