import pulumi, toy
from pulumi import ResourceOptions as O

def own(args):
    return pulumi.ResourceTransformResult(props={**args.props, "roles": ["t", "u"]}, opts=args.opts)
class T(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:Team", name, {}, opts)
        self.u = toy.User("c", login="c", opts=O(parent=self))
u = toy.User("u", login="u", opts=O(protect=False))
T("t", O(transforms=[lambda a: own(a) if a.custom else None], depends_on=[u]))
toy.Group("g", title="g", by=u.handle)
