import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u")
