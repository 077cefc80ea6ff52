import pulumi, toy
from pulumi import ResourceOptions as O

def again(args):
    pulumi.log.info(f"{args.failed_operation} {args.name} {len(args.errors)}")
    return len(args.errors) < 3
toy.Group("g", title="g", note="1", opts=O(hooks=pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", again)])))
