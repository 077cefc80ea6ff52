import pulumi, toy
from pulumi import ResourceOptions as O

u = toy.User("u", login="u")
print("printed"); pulumi.log.warn("w", u); pulumi.log.info("i")
