import pulumi, toy
from pulumi import ResourceOptions as O

config = {"toy:on": True, "toy:count": 3, "toy:list": [1, "x", None], "toy:object": {"a": {"b": None}}}
own = pulumi.ProviderResource("pulumi-python", "own", {**config, "toy:key": pulumi.Output.secret("k")})
toy.User("u", login="u", opts=O(provider=own))
