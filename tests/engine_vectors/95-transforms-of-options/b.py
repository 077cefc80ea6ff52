import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def opts(change):
    def run(args):
        return R(props=args.props, opts=O.merge(args.opts, change(args))) if args.custom and args.type_.startswith("pulumi-python:") else None
    return run

p = toy.account("p")
w = toy.User("w", login="w")
u = toy.User("new", login="u", opts=O(transforms=[opts(lambda a: O(aliases=[Alias(name="old")], protect=True))]))
toy.Group("g", title="g", by=u.handle, opts=O(transforms=[opts(lambda a: O(depends_on=[w], provider=p, deleted_with=w, retain_on_delete=True, ignore_changes=["note"], replace_on_changes=["by"], additional_secret_outputs=["handle"], custom_timeouts=pulumi.CustomTimeouts(create="5m"), delete_before_replace=True))]))
