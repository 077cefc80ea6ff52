import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceHookBinding as B

def hook(name, fails=False):
    def run(args):
        pulumi.log.info(f"{name} {args.name} {args.id}")
        if fails:
            raise ValueError(f"{name} says no")
    return pulumi.ResourceHook(name, run)

ok = hook("ok")
u = toy.User("u", login="u", opts=O(hooks=B(before_update=[ok], before_delete=[ok])))
d = toy.User("d", login="d", opts=O(hooks=B(before_delete=[ok])))
g = toy.Group("g", title="g", opts=O(hooks=B(before_delete=[ok])))
r = toy.Grant("r", user=u.handle, group=g.handle)
x = toy.Grant("x", user=d.handle, group="x")
