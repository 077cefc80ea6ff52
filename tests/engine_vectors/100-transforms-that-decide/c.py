import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def gives(change, *names):
    def run(args):
        if args.name in names:
            return R(props=args.props, opts=O.merge(args.opts, change(args)))
    return run
p = toy.account("p")
g = toy.Group("g", title="g2", note="n")
h = toy.Group("h", title="h", note="m")
u = toy.User("u", login="u", note="m")
w = toy.User("w", login="w", roles=["b"], opts=O(provider=p, transforms=[gives(lambda a: O(provider=None), "w")]))
k = toy.User("k", login="k2", opts=O(protect=False, depends_on=[g, h, u, w], transforms=[gives(lambda a: O(protect=True), "k")]))
