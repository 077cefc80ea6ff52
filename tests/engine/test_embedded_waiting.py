"""The threads in which requests of a program are done: all at once, and never far ahead of it."""

import asyncio
import threading
import time

from pulumi_martech.engine.embedded.waiting import Paced

THREADS = 3


def test_answers_do_not_pile_up_before_a_program_that_takes_none() -> None:
    loop = asyncio.new_event_loop()
    done: list[int] = []
    with Paced(loop, THREADS) as requests:
        answers = [requests.submit(done.append, number) for number in range(20)]
        time.sleep(0.2)  # the program is busy: its loop does not turn
        assert len(done) == 2 * THREADS

        async def take() -> None:
            await asyncio.gather(*map(asyncio.wrap_future, answers))

        loop.run_until_complete(take())
        assert sorted(done) == list(range(20))
    loop.close()


def test_as_many_requests_as_there_are_threads_are_done_at_once() -> None:
    loop = asyncio.new_event_loop()
    meeting = threading.Barrier(THREADS, timeout=10)
    with Paced(loop, THREADS) as requests:
        for _ in range(2):  # answers of the first ones still wait when the others are done
            answers = [requests.submit(meeting.wait) for _ in range(THREADS)]
            assert sorted(answer.result() for answer in answers) == list(range(THREADS))
    loop.close()


def test_requests_end_when_the_loop_of_the_program_is_closed() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with Paced(loop, THREADS) as requests:
        answers = [requests.submit(int, "1") for _ in range(20)]
        assert [answer.result(timeout=10) for answer in answers] == [1] * 20


def test_a_request_that_fails_does_not_keep_its_place() -> None:
    loop = asyncio.new_event_loop()

    async def ask() -> list[object]:
        asked = [loop.run_in_executor(requests, int, "no number") for _ in range(20)]
        return await asyncio.gather(*asked, return_exceptions=True)

    with Paced(loop, THREADS) as requests:
        answers = loop.run_until_complete(asyncio.wait_for(ask(), 10))
    assert [type(answer) for answer in answers] == [ValueError] * 20
    loop.close()
