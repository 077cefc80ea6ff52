import pulumi, toy
from pulumi import ResourceOptions as O

x = = 1
