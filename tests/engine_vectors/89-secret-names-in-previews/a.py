import toy
from pulumi import ResourceOptions as O

toy.User("u", login="u", note="a", opts=O(additional_secret_outputs=["note", "none"]))
toy.Group("g", title="g", note={"deep": 1}, opts=O(additional_secret_outputs=["note", "handle"]))
