import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceHookBinding as B

def hook(name, fails=False, **options):
    def run(args):
        known = {k: sorted((getattr(args, k) or {}).keys() - {'__provider'}) for k in ('new_inputs', 'old_inputs', 'new_outputs', 'old_outputs')}
        pulumi.log.info(f"{name} {args.name} {args.id} {known}")
        if fails:
            raise ValueError(f"{name} says no")
    return pulumi.ResourceHook(name, run, pulumi.ResourceHookOptions(**options) if options else None)
every = lambda **o: {w + '_' + k: [hook(w + k, **o)] for w in ('before', 'after') for k in ('create', 'update', 'delete')}

h = every(on_dry_run=True)
g = toy.Group("g", title="g", opts=O(hooks=B(**h)))
u = toy.User("u", login="u", boss="x", opts=O(hooks=B(**h)))
c = pulumi.ComponentResource("my:C", "c", {"n": 1}, O(hooks=B(**h)))
c.register_outputs({"o": g.handle})
