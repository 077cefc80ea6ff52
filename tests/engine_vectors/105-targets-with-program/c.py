import pulumi, toy
from pulumi import Alias, ResourceOptions as O
toy.Group("other", title="other")
