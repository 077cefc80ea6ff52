import pulumi, toy

u = toy.User("u", login="u"); toy.Group("g", title="g", by=u.handle)
pulumi.export("old", u.handle)
