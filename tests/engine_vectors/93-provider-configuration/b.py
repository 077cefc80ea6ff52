import pulumi, toy
from pulumi import ResourceOptions as O

own = pulumi.ProviderResource("pulumi-python", "own", {"toy:on": False, "toy:list": pulumi.Output.secret([2])})
toy.User("u", login="u", note="n", opts=O(provider=own))
