import pulumi, toy
from pulumi import ResourceOptions as O

g = toy.Group("g", title="g", note="n")
