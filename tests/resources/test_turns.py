"""Resources are registered so many at a time, and one that fails stops no other."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from pulumi_martech.resources.turns import take_turns


class Registered:
    """Stands for a resource: its id comes when it is settled."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.settled: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.id = self

    async def future(self) -> str:
        return await self.settled


def test_no_more_than_so_many_are_open_and_all_get_their_turn() -> None:
    async def run() -> tuple[list[int], int]:
        made: list[Registered] = []
        most = 0

        def register(number: int) -> Callable[[], Any]:
            def one() -> Registered:
                nonlocal most
                made.append(Registered(number))
                most = max(most, sum(not each.settled.done() for each in made))
                return made[-1]

            return one

        turns = asyncio.ensure_future(take_turns(deque(map(register, range(20))), 4))
        while not turns.done():
            await asyncio.sleep(0)
            open_ = [each for each in made if not each.settled.done()]
            if len(open_) == 4 or (len(made) == 20 and open_):
                last = open_[-1]  # in another order than they began in
                if last.number % 5 == 0:
                    last.settled.set_exception(ValueError("refused"))
                else:
                    last.settled.set_result("id")
        await turns
        assert all(each.settled.done() for each in made)
        return [each.number for each in made], most

    order, most = asyncio.run(run())
    assert order == list(range(20)) and most == 4
