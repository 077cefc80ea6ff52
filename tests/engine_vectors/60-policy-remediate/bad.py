import pulumi, toy
ann = toy.User("ann", login="ann", roles=["owner"], office="Oslo")
team = toy.Group("team", title="Team", owner=ann.handle)
