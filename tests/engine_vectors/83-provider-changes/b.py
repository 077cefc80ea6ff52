import pulumi, toy
from pulumi import ResourceOptions as O

p = pulumi.ProviderResource("pulumi-python", "q", {"toy:account": "acme"}, O(aliases=[pulumi.Alias(name="p")])); u = toy.User("u", login="u", opts=O(provider=p)); toy.Group("g", title="g", by=u.handle, opts=O(provider=p))
