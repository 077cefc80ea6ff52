import pulumi, toy
from pulumi import ResourceOptions as O

class T(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:Team", name, {}, opts)
        self.u = toy.User(f"{name}-u", login="u", opts=O(parent=self))
        self.register_outputs({"u": self.u.handle})
t = T("t"); toy.Group("g", title="g", by=t.u.handle, opts=O(parent=t.u))
