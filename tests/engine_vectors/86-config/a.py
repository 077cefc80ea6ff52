import pulumi, toy
from pulumi import ResourceOptions as O

c = pulumi.Config(); d = c.require_object("data")
toy.Group("g", title="g", data={k: v for k, v in d.items() if k != "key"}, key=c.require_secret_object("data").apply(lambda v: v["key"]), flag=c.get_bool("flag"), pw=c.require_secret("pw"), x=pulumi.Config("other").get("x"))
