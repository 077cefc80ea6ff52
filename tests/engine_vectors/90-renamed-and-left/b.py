import toy
from pulumi import Alias
from pulumi import ResourceOptions as O

toy.User("b", login="a", opts=O(aliases=[Alias(name="a")]))
