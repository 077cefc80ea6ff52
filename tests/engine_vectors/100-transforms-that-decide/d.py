import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def gives(change, *names):
    def run(args):
        if args.name in names:
            return R(props=args.props, opts=O.merge(args.opts, change(args)))
    return run
class C(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:C", name, None, opts)
p = toy.account("p")
c = C("c")
pulumi.runtime.register_resource_transform(gives(lambda a: O(parent=c, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]), "g"))
g = toy.Group("g", title="g2", note="n")
h = toy.Group("h", title="h", note="m")
u = toy.User("u", login="u", note="m")
w = toy.User("w", login="w", roles=["b"])
k = toy.User("k", login="k", opts=O(transforms=[gives(lambda a: O(protect=False), "k")]))
