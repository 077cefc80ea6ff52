import pulumi, toy
from pulumi import ResourceOptions as O

p = toy.account("q", account="zeta"); n = pulumi.ProviderResource("pulumi-python", "n", {"toy:account": "zeta"}, O(depends_on=[p])); u = toy.User("u", login="u", opts=O(provider=n)); toy.Group("g", title="g", by=u.handle, opts=O(provider=p, depends_on=[u]))
