import pulumi, toy
ann = toy.User("ann", login="ann", roles=["admin", "reader"], office="Oslo")
team = toy.Group("team", title="Team", owner=ann.handle)
toy.Grant("lead", user=ann.handle, group=team.handle)
