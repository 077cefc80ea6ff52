import pulumi, toy
from pulumi import ResourceOptions as O

def stack(args):
    args.props["note"] = "stack"
    return pulumi.ResourceTransformResult(props=args.props, opts=args.opts)
pulumi.runtime.register_resource_transform(lambda a: stack(a) if a.type_.endswith("Group") else None)
def own(args):
    return pulumi.ResourceTransformResult(props={**args.props, "roles": ["t"]}, opts=O.merge(args.opts, O(protect=True)))
u = toy.User("u", login="u", opts=O(transforms=[own]))
toy.Group("g", title="g", by=u.handle)
