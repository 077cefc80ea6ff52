import pulumi, toy
cfg = pulumi.Config()
ann = toy.User("ann", login="ann", roles=["admin", "writer"], office=cfg.get_secret("pass") or "Rome")
team = toy.Group("team", title="Team", owner=ann.handle, meta={"a": [1, True, None, "x"], "b": {}})
toy.Grant("lead", user=ann.handle, group=team.handle)
