import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def opts(change):
    def run(args):
        return R(props=args.props, opts=O.merge(args.opts, change(args))) if args.custom and args.type_.startswith("pulumi-python:") else None
    return run

[pulumi.ResourceHook(n, lambda a: pulumi.log.info("say " + a.name)) for n in ("bu", "bd", "bc", "own")]
w = toy.User("w", login="w", roles=["h"])
