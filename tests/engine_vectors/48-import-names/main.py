"""An account, a user and a group of one name, and another account."""
import pulumi
import toy

acme = toy.account("acme", account="acme")
toy.account("zeta", account="zeta")
within = pulumi.ResourceOptions(provider=acme)
toy.User("acme", account="acme", login="ann", roles=["admin"], opts=within)
toy.Group("acme", account="acme", title="Team", owner="ann#1", opts=within)
