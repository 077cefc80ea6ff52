import pulumi, toy
from pulumi import ResourceOptions as O


def fail(args):
    raise ValueError(f"{args.name} says no")


no = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("no", fail)])
team = pulumi.ComponentResource("my:Team", "team", {"size": 1}, O(hooks=no))
toy.User("in", login="in", opts=O(parent=team))
toy.User("out", login="out")
