import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceHookBinding as B

def hook(name, fails=False):
    def run(args):
        pulumi.log.info(f"{name} {args.name} {args.id}")
        if fails:
            raise ValueError(f"{name} says no")
    return pulumi.ResourceHook(name, run)

no = hook("no", fails=False)
d = toy.User("d", login="d2", opts=O(hooks=B(before_delete=[no])))
g = toy.Group("g", title="g", opts=O(hooks=B(before_delete=[no])))
x = toy.Grant("x", user=d.handle, group="x")
