import pulumi, toy
from pulumi import ResourceOptions as O

toy.User("o", login="o"); pulumi.export("plain", {"a": [2]}); pulumi.export("hush", pulumi.Output.secret("t"))
