import toy
toy.Group("team", title="Team")
