import toy
b = toy.Group("team", title="Team", more=1)
