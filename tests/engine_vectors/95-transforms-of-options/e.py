import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def opts(change):
    def run(args):
        return R(props=args.props, opts=O.merge(args.opts, change(args))) if args.custom and args.type_.startswith("pulumi-python:") else None
    return run

def hook(n):
    def run(args):
        pulumi.log.info(f"{n} {args.name} {args.id}")
    return pulumi.ResourceHook(n, run)
bu, bd, bc = hook("bu"), hook("bd"), hook("bc")
from pulumi import ResourceHookBinding as B
pulumi.runtime.register_resource_transform(opts(lambda a: O(hooks=B(before_update=[bu], before_create=[bc]))))
w = toy.User("w", login="w", roles=["h"], opts=O(hooks=B(before_update=[hook("own")])))
u = toy.User("new", login="u", roles=["y"], opts=O(transforms=[opts(lambda a: O(hooks=B(before_delete=[bd])))]))
