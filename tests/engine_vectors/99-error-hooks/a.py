import pulumi, toy
from pulumi import Alias, ResourceOptions as O
from pulumi import ResourceHookBinding as B

def again(name, most, fails=False):
    def run(args):
        pulumi.log.info(f"{name} {args.failed_operation} {args.name} {args.id} {len(args.errors)} {args.errors[0].splitlines()[-1]}")
        if fails:
            raise ValueError(f"{name} is broken")
        return len(args.errors) < most
    return pulumi.ErrorHook(name, run)
one, two, broken = again("one", 1), again("two", 3), again("broken", 9, fails=True)

u = toy.User("u", login="u", opts=O(hooks=B(on_error=[one, two])))
g = toy.Group("g", title="g", opts=O(hooks=B(on_error=[two, one])))
h = toy.Group("h", title="h", opts=O(hooks=B(on_error=[broken, two])))
