import pulumi, toy
from pulumi import Alias, ResourceOptions as O
a = toy.User("a", login="a2")
b = toy.Group("b", title="b", by=a.handle, opts=O(delete_before_replace=True, replace_on_changes=["by"]))
c = toy.Grant("c", user=a.handle, group=b.handle)
d = toy.User("d", login="d", opts=O(depends_on=[c]))
e = toy.User("e", login="e", note=a.handle)
