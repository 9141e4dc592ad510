"""When a call or a connection is tried again: gRPC's backoff, as pure functions of what failed."""

import random
import threading
import time

from .errors import Code, DocentError

CODES = (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED)
ATTEMPTS_MAX = 5
CALL_SECONDS = 0.05
RECONNECT_SECONDS, RECONNECT_SECONDS_MAX = 1.0, 120.0
_FACTOR, _JITTER = 1.6, 0.2


def backoff(initial: float, failures: int, most: float = float("inf")) -> float:
    """Seconds to wait after so many failures, counted from 1, in a row."""
    return min(initial * _FACTOR ** (failures - 1), most) * random.uniform(1 - _JITTER, 1 + _JITTER)


def pause(error: DocentError, attempts: int, retries: int, left: float | None) -> float | None:
    """Seconds until a call that failed so many times is sent again.

    None where it is not: for another status than UNAVAILABLE and RESOURCE_EXHAUSTED, after the last attempt, and where
    the call's deadline, `left` seconds from now, would not be later.
    """
    if error.code not in CODES or attempts > min(retries, ATTEMPTS_MAX - 1):
        return None
    seconds = min(max(backoff(CALL_SECONDS, attempts), error.retry_after), threading.TIMEOUT_MAX)
    return None if left is not None and seconds >= left else seconds


def seconds_left(deadline: float | None) -> float | None:
    """From now, never below 0; None where there is no deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())
