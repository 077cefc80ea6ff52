import pulumi, toy
from pulumi import ResourceOptions as O

class T(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:Team", name, {}, opts)
        self.register_outputs({})
t = T("s"); n = T("n", O(depends_on=[t]))
u = toy.User("s-u", login="u", opts=O(parent=n, aliases=[pulumi.Alias(parent=t)])); toy.Group("g", title="g", by=u.handle, opts=O(parent=u))
