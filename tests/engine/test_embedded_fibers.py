"""Requests of a program on the program's thread: side by side wherever they wait, else in turns."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from greenlet import greenlet

from pulumi_martech.engine.embedded.fibers import Fibers, Shared, Short, Slots, UnderWay, aside

AT_ONCE = 3


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def asked(loop: asyncio.AbstractEventLoop, *requests: Callable[[], Any]) -> list[Any]:
    """Have the requests done as the SDK has them done; return answers and errors."""

    async def ask() -> list[Any]:
        answers = [loop.run_in_executor(None, of_the_sdk(request)) for request in requests]
        return await asyncio.gather(*answers, return_exceptions=True)

    with fibers_of(loop):
        return loop.run_until_complete(asyncio.wait_for(ask(), 20))


@contextmanager
def fibers_of(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Have requests of a program done by fibers; what was asked for is done in the end."""
    fibers = Fibers(loop, AT_ONCE)
    loop.set_default_executor(fibers)
    try:
        yield
    finally:
        fibers.finish()


def of_the_sdk(do: Callable[[], Any]) -> Callable[[], Any]:
    def request() -> Any:
        return do()

    request.__module__ = "pulumi.runtime._context"
    return request


def test_requests_wait_side_by_side_and_no_more_than_said(loop: asyncio.AbstractEventLoop) -> None:
    meeting = threading.Barrier(AT_ONCE, timeout=10)
    under_way: list[int] = []
    most = []

    def request() -> str:
        under_way.append(1)
        most.append(len(under_way))
        aside(meeting.wait)
        under_way.pop()
        return threading.current_thread().name

    assert asked(loop, *[request] * (4 * AT_ONCE)) == ["MainThread"] * 4 * AT_ONCE
    assert max(most) == AT_ONCE


def test_the_program_goes_on_while_a_request_waits_for_it(loop: asyncio.AbstractEventLoop) -> None:
    said = threading.Event()

    async def program() -> None:
        said.set()

    def request() -> bool:
        asyncio.run_coroutine_threadsafe(program(), loop)
        return aside(lambda: said.wait(10))  # as for a hook, a function of the program

    assert asked(loop, request) == [True]


def test_what_a_program_does_in_threads_of_its_own_is_done_in_threads(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def program() -> str:
        return threading.current_thread().name

    def work() -> str:  # would wait for ever on the program's own thread
        return asyncio.run_coroutine_threadsafe(program(), loop).result(10)

    with fibers_of(loop):
        done = asyncio.wait_for(loop.run_in_executor(None, work), 20)
        assert loop.run_until_complete(done) == "MainThread"


def test_what_a_program_does_in_threads_may_wait_for_requests(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """More of it than requests at once; they have threads of their own."""

    async def ask() -> str:
        return await loop.run_in_executor(None, of_the_sdk(lambda: aside(lambda: "made")))

    def work() -> str:
        return asyncio.run_coroutine_threadsafe(ask(), loop).result(10)

    async def program() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(work) for _ in range(3 * AT_ONCE)))

    with fibers_of(loop):
        assert loop.run_until_complete(program()) == ["made"] * 3 * AT_ONCE


def test_requests_that_wait_for_what_is_under_way_leave_room_for_what_that_needs(
    loop: asyncio.AbstractEventLoop,
) -> None:
    under_way = UnderWay()

    async def hook() -> str:
        return await loop.run_in_executor(None, of_the_sdk(lambda: aside(lambda: "made")))

    def change() -> str:
        with under_way:
            return aside(lambda: asyncio.run_coroutine_threadsafe(hook(), loop).result(10))

    waiting = [under_way.wait] * (AT_ONCE - 1)
    assert asked(loop, change, *waiting) == ["made", *[None] * len(waiting)]


def test_a_request_that_fails_does_not_keep_its_place(loop: asyncio.AbstractEventLoop) -> None:
    def at_once() -> None:
        raise ValueError("at once")

    def later() -> int:
        return aside(lambda: int("no number"))

    answers = asked(loop, *[at_once, later] * 10)
    assert [type(answer) for answer in answers] == [ValueError] * 20


def test_requests_end_though_the_program_has_failed(loop: asyncio.AbstractEventLoop) -> None:
    """What a platform was asked for is waited for, and nothing else of the program goes on."""
    went_on: list[str] = []
    tasks: list[asyncio.Future[None]] = []
    made: list[int] = []

    def request(number: int) -> None:
        aside(lambda: time.sleep(0.05))
        made.append(number)

    async def other() -> None:
        await loop.run_in_executor(None, of_the_sdk(lambda: request(0)))
        went_on.append("to the next resource")

    async def program() -> None:
        for number in range(1, 8):
            loop.run_in_executor(None, of_the_sdk(lambda number=number: request(number)))
        tasks.append(asyncio.ensure_future(other()))
        await asyncio.sleep(0)
        raise RuntimeError("the program")

    with fibers_of(loop), pytest.raises(RuntimeError, match="the program"):
        loop.run_until_complete(program())
    assert sorted(made) == list(range(8))
    assert not went_on


def test_answers_do_not_pile_up_before_a_program_that_takes_none(
    loop: asyncio.AbstractEventLoop,
) -> None:
    waiting: list[int] = []
    most = []

    async def ask() -> None:
        await loop.run_in_executor(None, of_the_sdk(lambda: waiting.append(1)))
        most.append(len(waiting))
        waiting.pop()

    async def program() -> None:
        await asyncio.gather(*(ask() for _ in range(50)))

    with fibers_of(loop):
        loop.run_until_complete(program())
    assert max(most) <= 2 * AT_ONCE


def test_slots_are_given_in_order_to_fibers_and_threads(loop: asyncio.AbstractEventLoop) -> None:
    slots = Slots(1)
    inside: list[int] = []
    order: list[int] = []

    def request(number: int) -> None:
        with slots:
            inside.append(number)
            aside(lambda: time.sleep(0.01))
            order.extend(inside)
            inside.clear()

    threads = [threading.Thread(target=request, args=(number,)) for number in range(10, 13)]
    for thread in threads:
        thread.start()
    asked(loop, *[lambda number=number: request(number) for number in range(6)])
    for thread in threads:
        thread.join(10)
    fibers = [number for number in order if number < 10]
    assert fibers == list(range(6))  # one each: never two inside
    assert sorted(order) == [*range(6), *range(10, 13)]


def test_fibers_and_threads_wait_until_nothing_is_under_way(
    loop: asyncio.AbstractEventLoop,
) -> None:
    under_way = UnderWay()
    told: list[str] = []

    def work(seconds: float) -> None:
        with under_way:
            aside(lambda: time.sleep(seconds))
            told.append("done")

    def wait() -> None:
        under_way.wait()
        told.append("over")

    under_way.wait()  # returns at once
    thread = threading.Thread(target=lambda: (time.sleep(0.01), wait()))
    thread.start()
    asked(loop, lambda: work(0.03), lambda: work(0.05), wait)
    thread.join(10)
    assert told == ["done", "done", "over", "over"]


def test_one_settling_serves_all_who_ask_before_it_begins(loop: asyncio.AbstractEventLoop) -> None:
    written: list[int] = []
    settled: list[int] = []
    rounds = []

    def settle() -> None:
        reached = list(written)
        time.sleep(0.02)
        settled[:] = reached
        rounds.append(len(reached))

    shared = Shared(settle)

    def request(number: int) -> bool:
        written.append(number)
        shared()
        return number in settled

    requests = [lambda number=number: request(number) for number in range(12)]
    assert asked(loop, *requests) == [True] * 12
    assert len(rounds) < 12
    assert rounds[-1] == 12


def test_all_whom_a_settling_should_have_served_hear_that_it_failed(
    loop: asyncio.AbstractEventLoop,
) -> None:
    def settle() -> None:
        time.sleep(0.01)
        raise OSError("disk full")

    answers = asked(loop, *[Shared(settle)] * 7)
    assert [str(answer) for answer in answers] == ["disk full"] * 7


def of_the_program() -> bool:
    return threading.current_thread() is threading.main_thread()


def test_short_calls_are_done_on_the_thread_once_they_have_shown_not_to_wait(
    loop: asyncio.AbstractEventLoop,
) -> None:
    short = Short()
    where: list[bool] = []

    def handler(seconds: float) -> None:
        if seconds:
            time.sleep(seconds)
        where.append(of_the_program())

    def requests() -> None:
        for seconds in [0.0] * 60 + [0.05] * 9:
            short(lambda seconds=seconds: handler(seconds))

    assert asked(loop, requests) == [None]
    assert not any(where[:8])
    assert all(where[50:60])
    assert not any(where[-4:])


def test_what_waits_for_the_program_is_no_short_call(loop: asyncio.AbstractEventLoop) -> None:
    """As a check that asks a server in the event loop of the program."""

    async def serve() -> str:
        return "found"

    def ask() -> str:
        return asyncio.run_coroutine_threadsafe(serve(), loop).result(10)

    short = Short()
    assert asked(loop, *[lambda: short(ask)] * 40) == ["found"] * 40


def test_short_calls_are_done_when_the_program_has_failed(loop: asyncio.AbstractEventLoop) -> None:
    short = shown_to_be_short(loop)
    where: list[bool] = []

    async def program() -> None:
        for _ in range(9):
            loop.run_in_executor(
                None, of_the_sdk(lambda: short(lambda: where.append(of_the_program())))
            )
        raise RuntimeError("the program")

    with fibers_of(loop), pytest.raises(RuntimeError, match="the program"):
        loop.run_until_complete(program())
    assert where == [True] * 9


def shown_to_be_short(loop: asyncio.AbstractEventLoop) -> Short:
    short = Short()
    asked(loop, *[lambda: short(lambda: None)] * 60)
    return short


def test_a_short_call_finds_the_loop_that_the_last_one_left_and_no_other(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """What handlers that are called in a thread do to have a loop."""
    short = shown_to_be_short(loop)
    made: list[asyncio.AbstractEventLoop] = []

    def handler() -> bool:
        try:
            own = asyncio.get_event_loop()
        except RuntimeError:
            own = asyncio.new_event_loop()
            asyncio.set_event_loop(own)
            made.append(own)
        return own.run_until_complete(asyncio.sleep(0, of_the_program()))

    async def which() -> asyncio.AbstractEventLoop:
        return asyncio.get_event_loop()

    asyncio.set_event_loop(loop)
    try:
        assert asked(loop, *[lambda: short(handler)] * 5) == [True] * 5
        assert len(made) == 1
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        made[0].close()


def test_a_short_call_may_run_a_loop_of_its_own(loop: asyncio.AbstractEventLoop) -> None:
    async def look_up() -> str:
        await asyncio.sleep(0)
        return "found"

    short = shown_to_be_short(loop)

    def request() -> tuple[str, bool]:
        found = short(lambda: asyncio.run(look_up()))
        return found, asyncio.get_running_loop() is loop

    assert asked(loop, request, request) == [("found", True)] * 2


def test_a_program_may_use_greenlets_of_its_own(loop: asyncio.AbstractEventLoop) -> None:
    """And wait in them, as `sync_await` of the SDK does, by running the loop."""

    def request() -> str:
        return aside(lambda: "done")

    def work() -> str:
        answer = loop.run_in_executor(None, of_the_sdk(request))
        while not answer.done():
            loop._run_once()  # type: ignore[attr-defined]
        return answer.result()

    async def program() -> str:
        return greenlet(work).switch()

    with fibers_of(loop):
        done = loop.create_task(program())
        loop.call_later(10, done.cancel)
        assert loop.run_until_complete(done) == "done"
