import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceHookBinding as B
h = pulumi.ResourceHook('h', lambda args: pulumi.log.info(f"{args.name} is done"))
toy.User("slow", login="slow", roles=["x"], opts=O(hooks=B(after_update=[h])))
w = toy.Group("w", title="w", note="x")
toy.Group("g", title="h", opts=O(protect=True, depends_on=[w]))
