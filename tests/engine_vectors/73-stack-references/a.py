import pulumi, toy
from pulumi import ResourceOptions as O

toy.User("o", login="o"); pulumi.export("plain", {"a": [1, None, "x"]}); pulumi.export("hush", pulumi.Output.secret("s"))
