import toy
from pulumi import ResourceOptions as O

toy.User("u", login="u", note="b", roles=["x"], opts=O(additional_secret_outputs=["note"]))
toy.Group("g", title="h", note={"deep": 1}, opts=O(additional_secret_outputs=["note", "handle"]))
