import pulumi, toy
from pulumi import ResourceOptions as O

pulumi.Config().require("nothing")
