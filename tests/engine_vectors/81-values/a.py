import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u")
toy.Group("g", title="g", props={"a.b": 1, "q\"t": True, "sp ace": None, "nested": {"list": [1, u.handle, {"deep": pulumi.Output.secret("s")}], "empty": {}}},
          empty=[], text="", zero=0, false=False, big=1234567890123, frac=0.25, hush=pulumi.Output.secret({"k": ["v", 1]}))
pulumi.export("out", {"u": u.handle, "n": None, "l": [1, None], "s": pulumi.Output.secret([1])})
