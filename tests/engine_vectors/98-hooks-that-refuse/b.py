import asyncio
import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceHookBinding as B

def hook(name, fails=False):
    async def run(args):
        pulumi.log.info(f"{name} {args.name} {args.id}")
        if fails:
            await asyncio.sleep(0.5)  # until what needs nothing of this is done
            raise ValueError(f"{name} says no")
    return pulumi.ResourceHook(name, run)

ok = hook("ok")
no = hook("no", fails=True)
u = toy.User("u", login="u", roles=["a"], opts=O(hooks=B(before_update=[ok, no], before_delete=[ok])))
d = toy.User("d", login="d", opts=O(hooks=B(before_delete=[ok])))
g = toy.Group("g", title="g", note="1", opts=O(hooks=B(before_delete=[ok])))
r = toy.Grant("r", user=u.handle, group=g.handle, level="owner")
x = toy.Grant("x", user=d.handle, group="x", level="owner")
