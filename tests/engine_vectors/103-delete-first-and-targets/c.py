import pulumi, toy
from pulumi import Alias, ResourceOptions as O
a = toy.User("a", login="a3", opts=O(delete_before_replace=False))
b = toy.Group("b", title="b3", by=a.handle, opts=O(delete_before_replace=True, replace_on_changes=["by"]))
c = toy.Grant("c", user=a.handle, group=b.handle, opts=O(delete_before_replace=False))
d = toy.User("d", login="d3", opts=O(depends_on=[c]))
