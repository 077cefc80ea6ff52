import pulumi, toy
from pulumi import ResourceOptions as O

def say(name):
    def hook(args):
        pulumi.log.info(f"{name} {args.name} {sorted((args.new_inputs or {}).keys() - {'__provider'})} {(args.new_outputs or {}).get('title')} {(args.old_outputs or {}).get('title')}")
    return pulumi.ResourceHook(name, hook)
def fail(name):
    def hook(args):
        raise ValueError(f"{name} says no")
    return pulumi.ResourceHook(name, hook)
bad, late = fail("bad"), fail("late")
every = dict(before_create=[say("bc")], after_create=[say("ac")], before_update=[say("bu")], after_update=[say("au")], before_delete=[say("bd")], after_delete=[say("ad")])
toy.Group("g", title="h", note="n", opts=O(hooks=pulumi.ResourceHookBinding(**every)))
