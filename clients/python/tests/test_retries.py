"""Deadlines, cancels and retries, against a scripted teacher."""

import pickle
import random
import socket
import threading

import pytest
from docent_client import Client, Code, DocentError, retry
from docent_client.proto.docent.v1 import docent_pb2 as wire
from scripted import ScriptedTeacher, go_away, reply, status


@pytest.fixture
def quick(monkeypatch):
    """Backoff of next to nothing."""
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)
    monkeypatch.setattr(retry, "RECONNECT_SECONDS", 1e-4)


def answer(session):
    session.welcome()
    session.write(reply(session.read()))


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_backoff_grows_by_a_factor_of_1_6_to_its_limit_with_a_fifth_of_jitter(monkeypatch, jitter, factor):
    monkeypatch.setattr(random, "uniform", lambda low, high: low + (high - low) * jitter)
    pauses = [retry.backoff(0.05, failures) for failures in (1, 2, 3, 4)]
    assert pauses == pytest.approx([factor * seconds for seconds in (0.05, 0.08, 0.128, 0.2048)])
    assert retry.backoff(1, 30, 120) == pytest.approx(120 * factor)


@pytest.mark.parametrize("code", list(Code))
def test_only_two_statuses_are_tried_again(code):
    again = retry.pause(DocentError(code, ""), 1, 4, None) is not None
    assert again == (code in (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED))


def test_a_call_is_tried_five_times_at_most_never_before_retry_after_and_never_after_its_deadline():
    full = DocentError(Code.RESOURCE_EXHAUSTED, "full", 7.5)
    assert retry.pause(full, 4, 99, 8.0) == 7.5
    assert retry.pause(full, 5, 99, 8.0) is None
    assert retry.pause(full, 4, 3, 8.0) is None
    assert retry.pause(full, 1, 4, 7.5) is None
    assert retry.pause(DocentError(Code.UNAVAILABLE, ""), 1, 4, None) < 0.07


def test_an_error_reaches_another_process_as_it_is():
    error = DocentError(Code.RESOURCE_EXHAUSTED, "full", 7.5, unstarted=True)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (DocentError, "RESOURCE_EXHAUSTED: full", vars(error))


def test_a_refused_call_is_sent_again_and_only_its_refused_part(quick):
    def script(session):
        session.welcome(rows=2)
        first, second = session.read(), session.read()
        session.write(reply(first), status(second.call, wire.RESOURCE_EXHAUSTED, "full", 100))
        third = session.read()
        assert third.call == 3 and third.infer.observations == second.infer.observations
        session.write(status(third.call, wire.UNAVAILABLE))
        session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.infer("m", [[1.0], [2.0], [3.0]]).outputs.ravel().tolist() == [1, 2, 3]


def test_the_fifth_failure_is_the_last_and_its_status_is_raised(quick):
    def script(session):
        session.welcome()
        for attempt in range(5):
            session.write(status(session.read().call, wire.UNAVAILABLE, f"attempt {attempt}"))
        assert session.read() is None

    with ScriptedTeacher(script) as teacher:
        with Client(teacher.address) as client, pytest.raises(DocentError, match="UNAVAILABLE: attempt 4"):
            client.infer("m", [1.0])


def test_a_call_whose_next_attempt_would_be_too_late_ends_with_its_status(quick):
    def script(session):
        session.welcome()
        session.write(status(session.read().call, wire.RESOURCE_EXHAUSTED, "full", 3_600_000_000))
        assert session.read() is None

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match="RESOURCE_EXHAUSTED: full") as caught:
            client.infer("m", [1.0])
        assert caught.value.retry_after == 3600
        client.close()


def test_the_deadline_on_the_wire_is_what_is_left_and_spans_the_attempts(quick):
    def script(session):
        session.welcome()
        first = session.read()
        session.write(status(first.call, wire.UNAVAILABLE))
        second = session.read()
        assert 0 < second.infer.deadline_us < first.infer.deadline_us <= 60_000_000
        session.write(reply(second))
        last = session.read()
        assert last.infer.deadline_us == 0
        session.write(reply(last))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        client.infer("m", [1.0], timeout=60)
        client.infer("m", [1.0], timeout=float("inf"))


def test_calls_survive_a_lost_connection(quick):
    def cut(session):
        session.welcome()
        session.read(), session.read()

    def again(session):
        session.welcome()
        frames = [session.read(), session.read()]
        assert [frame.call for frame in frames] == [1, 2]
        session.write(*map(reply, frames))

    with ScriptedTeacher(cut, again) as teacher, Client(teacher.address) as client:
        calls = [client.submit("m", [1.0]), client.submit("m", [2.0])]
        results = []
        workers = [threading.Thread(target=lambda call=call: results.append(call.result())) for call in calls]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(10)
        assert sorted(result.outputs.item() for result in results) == [1, 2]


def test_calls_above_a_goaway_move_to_a_new_connection_at_once_and_uncounted(monkeypatch):
    monkeypatch.setattr(retry, "pause", lambda *_: pytest.fail("a call that was never begun made a pause"))

    def leave(session):
        session.welcome()
        first, _ = session.read(), session.read()
        session.write(go_away(1), reply(first))
        assert session.read() is None

    with ScriptedTeacher(leave, answer) as teacher, Client(teacher.address) as client:
        kept, moved = client.submit("m", [1.0]), client.submit("m", [2.0])
        assert moved.result().outputs.tolist() == [2]
        assert kept.result().outputs.tolist() == [1]


def test_a_call_that_every_server_sends_away_fails_in_the_end(quick):
    def leave(session):
        session.welcome()
        session.read()
        session.write(go_away(0))

    # As often as there are retries it does not count, and then five attempts do.
    with ScriptedTeacher(*[leave] * (4 + 5)) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match="UNAVAILABLE: draining"):
            client.infer("m", [1.0])


def test_a_cancelled_call_ends_at_once_while_another_thread_waits_for_it():
    waiting = threading.Event()

    def script(session):
        session.welcome()
        call = session.read().call
        session.write(wire.Frame(ping=wire.Ping(payload=1)))
        session.read()  # The pong: somebody waits for the socket.
        waiting.set()
        assert session.read() == wire.Frame(call=call, cancel=wire.Cancel())
        session.write(status(call, wire.CANCELLED), reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        call = client.submit("m", [1.0], timeout=float("inf"))
        threading.Thread(target=lambda: (waiting.wait(10), call.cancel())).start()
        for _ in range(2):
            with pytest.raises(DocentError, match="CANCELLED"):
                call.result()
        assert client.infer("m", [2.0]).outputs.tolist() == [2]


def test_a_cancel_ends_the_pause_before_an_attempt(monkeypatch):
    refused = threading.Event()
    monkeypatch.setattr(retry, "pause", lambda *_: refused.set() or 3600.0)

    def script(session):
        session.welcome()
        session.write(status(session.read().call, wire.UNAVAILABLE))
        assert session.read() is None

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        call = client.submit("m", [1.0], timeout=float("inf"))
        threading.Thread(target=lambda: (refused.wait(10), call.cancel())).start()
        with pytest.raises(DocentError, match="CANCELLED"):
            call.result()
        client.close()


def test_an_answered_call_cannot_be_cancelled():
    with ScriptedTeacher(answer) as teacher, Client(teacher.address) as client:
        call = client.submit("m", [1.0])
        first = call.result()
        call.cancel()
        assert call.result() is first


def test_an_alias_is_moved_again_under_one_request_id(quick):
    def script(session):
        session.welcome()
        first = session.read()
        session.write(status(first.call, wire.UNAVAILABLE))
        second = session.read()
        assert second.alias == first.alias and len(first.alias.request_id) == 32
        session.write(wire.Frame(call=second.call, alias_reply=wire.AliasReply(to=2)))
        third = session.read()
        assert third.alias.request_id == "mine"
        session.write(wire.Frame(call=third.call, alias_reply=wire.AliasReply(to=2)))

    with ScriptedTeacher(script) as teacher, Client(teacher.address, retries=1) as client:
        assert client.alias("m", "stable", 2) == (0, 2)
        client.alias("m", "stable", 2, request_id="mine")


def test_a_client_that_waits_for_ready_gets_a_server_that_comes_later(quick):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    attempts, started = [], []

    def backoff(initial, failures, most):
        attempts.append(failures)
        if failures == 3:
            started.append(ScriptedTeacher(answer, port=port))
        return 1e-4

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "backoff", backoff)
        with Client(f"127.0.0.1:{port}", wait_for_ready=True) as client:
            assert client.infer("m", [1.0]).outputs.tolist() == [1]
    assert attempts == [1, 2, 3]
    with started[0]:
        pass


def test_a_call_may_wait_for_ready_where_its_client_does_not(quick):
    def cut(session):
        session.welcome()
        session.read()

    with ScriptedTeacher(cut) as teacher:
        port = int(teacher.address.rpartition(":")[2])
        # Waiting for a server is no attempt, so no retry is needed for it.
        client = Client(teacher.address, retries=0)
        with pytest.raises(DocentError, match="UNAVAILABLE"):
            client.infer("m", [1.0])
    with client:
        with pytest.raises(DocentError, match="DEADLINE_EXCEEDED: no connection to .* in time: no teacher at"):
            client.infer("m", [1.0], wait_for_ready=True, timeout=0.05)
        call = client.submit("m", [1.0], wait_for_ready=True)
        with ScriptedTeacher(answer, port=port):
            assert call.result().outputs.tolist() == [1]


def test_connecting_is_not_tried_again_before_its_pause_is_over(monkeypatch):
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)
    monkeypatch.setattr(retry, "backoff", lambda initial, *_: {1e-4: 1e-4, 1.0: 3600.0}[initial])

    def cut(session):
        session.welcome()

    with ScriptedTeacher(cut) as teacher:
        port = int(teacher.address.rpartition(":")[2])
        client = Client(teacher.address)
    with client:
        with pytest.raises(DocentError, match="UNAVAILABLE"):
            client.infer("m", [1.0])
        with socket.create_server(("127.0.0.1", port)) as listener:
            with pytest.raises(DocentError, match="UNAVAILABLE: no teacher at"):
                client.infer("m", [1.0])
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()


def test_a_refused_token_is_not_waited_for(quick):
    def refuse(session):
        session.read()
        session.write(go_away(0, wire.UNAUTHENTICATED, "token unknown"))

    with ScriptedTeacher(refuse) as teacher, pytest.raises(DocentError, match="UNAUTHENTICATED: token unknown"):
        Client(teacher.address, wait_for_ready=True)


def test_threads_share_a_connection():
    threads, calls = 8, 50

    def script(session):
        session.welcome()
        for _ in range(threads * calls):
            session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        wrong = []

        def work(index):
            for number in range(calls):
                value = float(index * calls + number)
                if client.infer("m", [value]).outputs.tolist() != [value]:
                    wrong.append(value)

        workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert wrong == [] and not any(worker.is_alive() for worker in workers)


def test_a_thread_whose_reply_came_first_does_not_wait_for_the_others():
    together = threading.Barrier(3)

    def script(session):
        session.welcome()
        first, second = session.read(), session.read()
        together.wait(10)
        session.write(reply(second))
        assert session.read().infer.model == "after the second"
        session.write(reply(first))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        calls = [client.submit("m", [1.0]), client.submit("m", [2.0])]

        def first():
            together.wait(10)
            calls[0].result()

        def second():
            together.wait(10)
            calls[1].result()
            client.submit("after the second", [1.0])

        workers = [threading.Thread(target=first), threading.Thread(target=second)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(10)
        assert not any(worker.is_alive() for worker in workers)
