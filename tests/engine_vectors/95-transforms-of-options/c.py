import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def opts(change):
    def run(args):
        return R(props=args.props, opts=O.merge(args.opts, change(args))) if args.custom and args.type_.startswith("pulumi-python:") else None
    return run

p = toy.account("p")
w = toy.User("w", login="w")
async def slow(args):
    import asyncio
    await asyncio.sleep(0.01)
    return R(props={**args.props, "note": "slow"}, opts=args.opts)
def stack(args):
    if args.type_.endswith("Group"):
        return R(props={**args.props, "by": args.props["by"], "extra": w.handle, "hidden": pulumi.Output.secret("s")}, opts=O.merge(args.opts, O(protect=False, depends_on=[w], deleted_with=w)))
pulumi.runtime.register_resource_transform(stack)
u = toy.User("new", login="u", opts=O(protect=False, transforms=[slow]))
class C(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:C", name, {"n": 1}, opts)
        self.g = toy.Group("g", title="g", by=u.handle, opts=O(parent=self, aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))
C("c", O(transforms=[opts(lambda a: O(provider=p))], depends_on=[w]))
