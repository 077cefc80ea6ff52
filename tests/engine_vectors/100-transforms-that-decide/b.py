import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceTransformResult as R

def gives(change, *names):
    def run(args):
        if args.name in names:
            return R(props=args.props, opts=O.merge(args.opts, change(args)))
    return run
p = toy.account("p")
pulumi.runtime.register_resource_transform(gives(lambda a: O(delete_before_replace=True), "g"))
pulumi.runtime.register_resource_transform(gives(lambda a: O(replace_on_changes=["note"]), "h"))
pulumi.runtime.register_resource_transform(gives(lambda a: O(ignore_changes=["note"]), "u"))
pulumi.runtime.register_resource_transform(gives(lambda a: O(additional_secret_outputs=["handle"], provider=p), "w"))
pulumi.runtime.register_resource_transform(gives(lambda a: O(protect=True), "k"))
g = toy.Group("g", title="g2", note="n")
h = toy.Group("h", title="h", note="m")
u = toy.User("u", login="u", note="m")
w = toy.User("w", login="w", roles=["b"])
k = toy.User("k", login="k")
s = toy.User("s", login="s", note=w.handle)
pulumi.export("w", w.handle)
