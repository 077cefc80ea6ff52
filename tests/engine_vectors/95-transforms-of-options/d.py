import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def opts(change):
    def run(args):
        return R(props=args.props, opts=O.merge(args.opts, change(args))) if args.custom and args.type_.startswith("pulumi-python:") else None
    return run

def bad(args):
    if args.name == "new":
        raise ValueError("no " + args.name)
pulumi.runtime.register_resource_transform(bad)
w = toy.User("w", login="w")
u = toy.User("new", login="u", roles=["x"], opts=O(depends_on=[w]))
