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
d = toy.User("d", login="d3")
g = toy.Group("g", title="g2")
x = toy.Grant("x", user="d", group=g.handle, opts=O(depends_on=[d]))
