import toy
from pulumi import ResourceOptions as O

a = toy.User("a", login="a")
toy.Group("d", title="d", by=a.handle, opts=O(depends_on=[a]))
toy.Group("r", title="r", opts=O(replace_with=[a], parent=a))
toy.Group("w", title="w", opts=O(deleted_with=a))
