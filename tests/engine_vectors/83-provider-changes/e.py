import pulumi, toy
from pulumi import ResourceOptions as O

n = toy.account("n", account="zeta"); u = toy.User("u", login="u", opts=O(provider=n))
