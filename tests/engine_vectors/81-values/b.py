import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u")
toy.Group("g", title="g", props={"a.b": 2, "q\"t": False, "sp ace": "x", "nested": {"list": [u.handle, {"deep": "s"}], "empty": {"k": 1}}},
          empty=[[]], text="t", zero=1, false=True, big=1, frac=0.5, hush={"k": ["v", 1]})
pulumi.export("out", {"u": u.handle})
