import pulumi, toy
from pulumi import ResourceOptions as O

team = pulumi.ComponentResource("my:Team", "team", {"size": 1})
toy.User("out", login="out", opts=O(depends_on=[team]))
