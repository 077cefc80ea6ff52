import pulumi, toy
from pulumi import ResourceOptions as O


def fail(args):
    raise ValueError(f"{args.name} says no to {args.new_inputs['size']}")


no = pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook("no", fail)])
team = pulumi.ComponentResource("my:Team", "team", {"size": 2}, O(hooks=no))
toy.User("out", login="out", opts=O(depends_on=[team]))
