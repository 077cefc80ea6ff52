import pulumi, toy

u = toy.User("u", login="u", note="new"); toy.Group("h", title="h", by=u.handle)
pulumi.ProviderResource("pulumi-python", "own", {"toy:name": "own"})
pulumi.export("new", u.handle)
