"""Requests of the program on the program's own thread, each a fiber that stands aside to wait.

Threads for them would take the interpreter from each other, and from the program, dozens of times
for each resource, which costs more than all that the engine does. So a request runs where the
program runs, until it waits: for a handler, for a hook, for what it wrote to outlive a power cut,
for its turn. What it waits for is done in a thread, and meanwhile the program and other requests
go on. In threads that are no fibers, as those that read or delete side by side, all of this waits
in the usual way.
"""

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")

_OF_THE_SDK = "pulumi.runtime."
"""The modules whose functions are requests; what a program has done in threads of its own is not:
it may wait for the program."""


class Fiber(greenlet):
    """A request that is under way."""

    def __init__(self, fibers: "Fibers", run: Callable[[], None]):
        """Begin nothing yet."""
        super().__init__(run)
        self.fibers = fibers
        self._resumed_by = getcurrent()

    def stand_aside(self) -> None:
        """Let the others go on; returns when somebody has this one go on."""
        self._resumed_by.switch()

    def resume(self) -> None:
        """Run it until it stands aside, or ends; only at a turn."""
        self._resumed_by = self.parent = getcurrent()  # a greenlet of the program, if it uses some
        self.switch()

    def go_on(self) -> None:
        """Have it go on, from any thread, also before it has stood aside."""
        self.fibers.go_on(self)


def _fiber() -> Fiber | None:
    current = getcurrent()
    return current if isinstance(current, Fiber) else None


class Fibers(ThreadPoolExecutor):
    """Does the requests of a program, so many at once; each has threads for what it waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, at_once: int):
        """Take the loop of the program and how many requests are under way at once."""
        super().__init__(at_once)
        self._others = ThreadPoolExecutor(4 * at_once)  # which may all wait for requests
        self._loop = loop
        self._thread = threading.get_ident()
        self._asked: deque[Callable[[], None]] = deque()
        self._idle = at_once  # so many more can be under way
        self._open = 0  # requests
        self._ready: SimpleQueue[Fiber] = SimpleQueue()
        self._turn_comes = False
        self._at_the_end: list[Callable[[], None]] = []
        self._loop_of_others: asyncio.AbstractEventLoop | None = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a request done, or, in a thread, whatever else the program asks for."""
        if not (getattr(fn, "__module__", None) or "").startswith(_OF_THE_SDK):
            return self._others.submit(fn, *args, **kwargs)
        # One of the loop's own futures: nothing has to cross threads.
        answer: Any = self._loop.create_future()

        def do() -> None:
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                if not answer.cancelled():
                    answer.set_exception(error)
            else:
                if not answer.cancelled():
                    answer.set_result(result)
            self._open -= 1
            self._idle += 1
            self._have_a_turn()

        self._asked.append(do)
        self._open += 1
        self._have_a_turn()
        return answer  # type: ignore[no-any-return]

    # ------------------------------------------------------------------ turns

    def go_on(self, fiber: Fiber) -> None:
        """Have a fiber go on at its turn; from any thread."""
        self._ready.put(fiber)
        if threading.get_ident() == self._thread:
            self._have_a_turn()
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody waits for answers any more
                self._loop.call_soon_threadsafe(self._turn)

    def at_the_end_of_a_turn(self, do: Callable[[], None]) -> None:
        """Have something done when all requests wait, or the program has to go on."""
        self._at_the_end.append(do)

    def _have_a_turn(self) -> None:
        if not self._turn_comes:
            self._turn_comes = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Let all go on that are ready, and begin others."""
        self._turn_comes = False
        for _ in range(self._ready.qsize()):
            with suppress(Empty):
                self._ready.get_nowait().resume()
        while self._asked and self._idle > 0:
            self._idle -= 1
            fiber = Fiber(self, self._asked.popleft())
            fiber.resume()
            if fiber.dead:  # nothing to wait for: the program takes the answer first
                break
        ends, self._at_the_end = self._at_the_end, []
        for do in ends:
            do()

    def finish(self) -> None:
        """Do to the end what the program has asked for, when its loop does not run any more.

        Nothing else of the program goes on.
        """
        while self._open:
            if self._ready.empty() and not (self._asked and self._idle > 0):
                self._ready.put(self._ready.get())
            self._turn()
        self._others.shutdown()
        self.shutdown()

    # ------------------------------------------------------------------ waiting

    def in_thread(self, fiber: Fiber, do: Callable[[], T]) -> T:
        """Have something done in a thread while a fiber stands aside."""
        done = super().submit(do)
        done.add_done_callback(lambda _: fiber.go_on())
        fiber.stand_aside()
        return done.result()

    @contextmanager
    def room_for_another(self) -> Iterator[None]:
        """Let another request be under way while one waits."""
        self._idle += 1
        self._have_a_turn()
        try:
            yield
        finally:
            self._idle -= 1

    @contextmanager
    def loop_out_of_sight(self) -> Iterator[None]:
        """Have this thread look as one of others, who find no loop there but one they left."""
        running = asyncio._get_running_loop()  # none does when the program has failed
        asyncio._set_running_loop(None)
        asyncio.set_event_loop(self._loop_of_others)
        try:
            yield
        finally:
            try:
                self._loop_of_others = asyncio.get_event_loop()
            except RuntimeError:  # they left none
                self._loop_of_others = None
            asyncio.set_event_loop(self._loop)
            asyncio._set_running_loop(running)


def on_own_stack(do: Callable[[], T]) -> T:
    """Do something with nothing of this program below it.

    The SDK notes every frame of the stack for each resource, at the cost of a fifth of the rest.
    """
    fresh = greenlet(do)
    fresh.gr_context = copy_context()
    done: T = fresh.switch()
    return done


def aside(do: Callable[[], T]) -> T:
    """Do what may take its time: in a thread for a request on the program's thread, else here."""
    fiber = _fiber()
    return do() if fiber is None else fiber.fibers.in_thread(fiber, do)


class Slots:
    """So many at once, in order of arrival; fibers and threads."""

    def __init__(self, count: int):
        """All are free."""
        self._free = count
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            wait, go_on = _waiter()
            self._waiting.append(go_on)
        wait()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            go_on = self._waiting.popleft()  # who gets the slot
        go_on()


class UnderWay:
    """What is under way, by name; fibers and threads may wait until it is not."""

    def __init__(self) -> None:
        """Nothing is."""
        self._count = 0
        self._names: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._waiting: list[tuple[Set[str] | None, Callable[[], None]]] = []

    def __enter__(self) -> None:
        self.begin()

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, names: Iterable[str] = ()) -> None:
        """Count one more."""
        with self._lock:
            self._count += 1
            self._names.update(names)

    def end(self, names: Iterable[str] = ()) -> None:
        """Count one less; who waited for that goes on."""
        with self._lock:
            self._count -= 1
            self._names.subtract(names)
            ready = [go_on for awaited, go_on in self._waiting if not self._busy(awaited)]
            self._waiting = [entry for entry in self._waiting if self._busy(entry[0])]
        for go_on in ready:
            go_on()

    @property
    def any(self) -> bool:
        """Whether anything is."""
        return self._count > 0

    def of(self, names: Iterable[str]) -> set[str]:
        """Return those that are under way."""
        with self._lock:
            return {name for name in names if self._names[name] > 0}

    def _busy(self, names: Set[str] | None) -> bool:
        if names is None:
            return self._count > 0
        return any(self._names[name] > 0 for name in names)

    def wait(self, names: Set[str] | None = None) -> None:
        """Return when none of these is under way; nothing at all by default."""
        with self._lock:
            if not self._busy(names):
                return
            wait, go_on = _waiter()
            self._waiting.append((names, go_on))
        fiber = _fiber()
        if fiber is None:
            wait()
        else:  # what is under way may need other requests, by way of a hook
            with fiber.fibers.room_for_another():
                wait()


def _waiter() -> tuple[Callable[[], object], Callable[[], None]]:
    """Return how to wait, and how to have whoever waits go on."""
    fiber = _fiber()
    if fiber is not None:
        return fiber.stand_aside, fiber.go_on
    gate = threading.Lock()
    gate.acquire()
    return gate.acquire, gate.release


@dataclass
class _Ask:
    fiber: Fiber
    served: bool = False
    error: Exception | None = None


class Shared:
    """Something that is done once for all fibers that ask for it meanwhile."""

    def __init__(self, do: Callable[[], None]):
        """Take what is done; it must serve everybody who asked before it began."""
        self._do = do
        self._asks: list[_Ask] = []
        self._under_way = False

    def __call__(self) -> None:
        """Return when it was done after this was asked for; raise what it raised."""
        fiber = _fiber()
        if fiber is None:
            self._do()
            return
        ask = _Ask(fiber)
        self._asks.append(ask)
        if self._under_way:
            fiber.stand_aside()
        if not ask.served:
            self._serve(fiber)
        if ask.error is not None:
            raise ask.error

    def _serve(self, fiber: Fiber) -> None:
        self._under_way = True
        fiber.fibers.at_the_end_of_a_turn(fiber.go_on)  # until then more may ask
        fiber.stand_aside()
        asks, self._asks = self._asks, []
        error = None
        try:
            aside(self._do)
        except Exception as raised:
            error = raised
        for ask in asks:
            ask.served, ask.error = True, error
            if ask.fiber is not fiber:
                ask.fiber.go_on()
        if self._asks:
            self._asks[0].fiber.go_on()  # serves the next ones
        else:
            self._under_way = False


_A_WAIT = 0.0001  # seconds; what only computes does not wait, unless the machine is busy
_FEW = 0.2  # of the last calls
_LAST = 8  # calls, about


class Short:
    """Calls that mostly wait for nothing: done where they are asked for, once that has shown.

    What waits may wait for the program, or for another request, so it is done in a thread.
    """

    def __init__(self) -> None:
        """Know nothing of them yet."""
        self._waited = 1.0  # the share of the last calls that did

    def __call__(self, do: Callable[[], T]) -> T:
        """Do one; it sees no loop but its own."""
        fiber = _fiber()
        if fiber is None:
            return do()
        if self._waited > _FEW:
            return fiber.fibers.in_thread(fiber, lambda: self._observed(do))
        with fiber.fibers.loop_out_of_sight():
            return self._observed(do)

    def _observed(self, do: Callable[[], T]) -> T:
        began = time.perf_counter() - time.thread_time()
        try:
            return do()
        finally:
            waited = time.perf_counter() - time.thread_time() - began > _A_WAIT
            self._waited += (waited - self._waited) / _LAST
