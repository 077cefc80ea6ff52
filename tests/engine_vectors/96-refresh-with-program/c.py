import pulumi
import toy

O = pulumi.ResourceOptions


class Team(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("toy:index:Team", name)
        self.lead = toy.User(f"{name}-lead", login="lead", roles=["reader"], opts=O(parent=self))
        self.register_outputs({"lead": self.lead.handle})


acme = toy.account("acme", account="acme")
ann = toy.User("ann", login="ann", account="acme", roles=["reader"], opts=O(provider=acme))
bob = toy.User("bob", login="bobby", roles=["reader"], note="one")
dan = toy.User("daniel", login="dan", roles=["reader"], opts=O(aliases=[pulumi.Alias(name="dan")]))
group = toy.Group("staff", title="staff")
toy.Grant("grant", user=bob.handle, group=group.handle, level="editor")
team = Team("crew")
pulumi.export("bob", bob.handle)
