"""The client against the real service."""

import contextlib
import io
import pathlib
import re
import shutil
import subprocess
import threading

import numpy as np
import pytest
from conftest import program, start_service
from docent_client import Client, Code, DocentError


@pytest.fixture
def client(address):
    with Client(address) as client:
        yield client


def test_logits_and_values_match_pytorch(client, reference):
    answer = client.infer("cartpole", np.float32(reference["observations"]))
    np.testing.assert_allclose(answer.outputs, np.float32(reference["logits"]), atol=1e-5, rtol=0)
    np.testing.assert_allclose(answer.values, np.float32(reference["values"]).ravel(), atol=1e-5, rtol=0)
    assert answer.version == 1


def test_rows_do_not_depend_on_their_batch(client, reference):
    rows = np.float32(reference["observations"])
    together = client.infer("cartpole", rows)
    calls = [client.submit("cartpole", row) for row in rows]
    for index, call in enumerate(calls):
        alone = call.result()
        assert alone.outputs.tobytes() == together.outputs[index].tobytes()
        assert alone.values == together.values[index]


def test_the_example_of_the_readme_solves_cartpole(address):
    readme = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
    example = re.search(r"```python\n(import gymnasium\n.*?)```", readme, re.DOTALL).group(1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example.replace("127.0.0.1:7070", address), {})
    returns = [float(value) for value in re.findall(r"return (\d+) under version 1", printed.getvalue())]
    assert len(returns) == 10 and np.mean(returns) >= 475


def test_versions_and_aliases(client):
    assert client.infer("cartpole", [0.0] * 4, version=2).version == 2
    assert client.alias("cartpole", "canary", 2, reason="a test") == (0, 2)
    assert client.infer("cartpole", [0.0] * 4, alias="canary").version == 2
    assert client.alias("cartpole", "canary", 1) == (2, 1)
    assert client.infer("cartpole", [0.0] * 4, alias="canary").version == 1
    assert client.alias("cartpole", "canary", 0) == (1, 0)
    assert client.infer("cartpole", [0.0] * 4).version == 1


def test_describe_list_and_health(client):
    described = client.describe("cartpole")
    policy = described.version.policy
    assert described.version.number == 1
    assert (policy.environment, policy.observation_width, policy.action_width) == ("CartPole-v1", 4, 2)
    assert list(policy.policy_hidden) == [64, 64]
    assert [model.name for model in client.list_models()] == ["cartpole"]
    assert client.health() == client.health("cartpole") == "SERVING"


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (dict(model="cartpole", observations=[[0.1, 0.2]]), Code.INVALID_ARGUMENT, "4"),
        (dict(model="walker", observations=[0.0] * 4), Code.NOT_FOUND, "walker"),
        (dict(model="cartpole", observations=[0.0] * 4, version=99), Code.NOT_FOUND, "99"),
        (dict(model="cartpole", observations=[0.0] * 4, alias="nobody"), Code.NOT_FOUND, "nobody"),
        (dict(model="cartpole", observations=np.zeros((0, 4))), Code.INVALID_ARGUMENT, "0"),
    ],
)
def test_a_refused_query_says_why_and_the_connection_lives(client, query, code, message):
    with pytest.raises(DocentError) as caught:
        client.infer(**query)
    assert caught.value.code == code and message in caught.value.message
    assert client.infer("cartpole", [0.0] * 4).version == 1


def test_more_rows_than_a_call_may_have(client):
    rows = np.random.default_rng(0).normal(size=(20_000, 4)).astype(np.float32)
    answer = client.infer("cartpole", rows)
    assert answer.outputs.shape == (20_000, 2) and answer.values.shape == (20_000,)
    assert answer.outputs[-1].tobytes() == client.infer("cartpole", rows[-1]).outputs.tobytes()


def test_a_seed_gives_the_same_rows_the_same_actions(client):
    rows = np.zeros((1000, 4), np.float32)
    sample = dict(actions="sampled", want=())
    first = client.infer("cartpole", rows, seed=3, **sample).actions
    np.testing.assert_array_equal(client.infer("cartpole", rows[:500], seed=3, **sample).actions, first[:500])
    assert client.infer("cartpole", rows, seed=4, **sample).actions.tolist() != first.tolist()
    many = np.zeros((20_000, 4), np.float32)
    with pytest.raises(DocentError, match="INVALID_ARGUMENT: seed=3 and 20000 rows"):
        client.infer("cartpole", many, seed=3, **sample)
    halves = np.split(client.infer("cartpole", many, **sample).actions, 2)
    assert halves[0].tolist() != halves[1].tolist()


def test_the_service_takes_as_long_a_deadline_as_the_client_sends(client):
    assert client.infer("cartpole", [0.0] * 4, timeout=1e9).version == 1


def test_a_query_too_large_for_the_service_costs_no_other_call_its_connection(client):
    others = [client.submit("cartpole", [0.0] * 4) for _ in range(10)]
    with pytest.raises(DocentError, match="INVALID_ARGUMENT: a request of .*; expected at most"):
        client.infer("cartpole", np.zeros(50_000_000, np.uint8))
    assert all(other.result().version == 1 for other in others)


def test_a_published_artefact_is_served(registry, tmp_path):
    copy, artefact = tmp_path / "teacher.sqlite", tmp_path / "policy.safetensors"
    shutil.copy(registry, copy)
    export = ["models", "export", "--registry", copy, "--model", "cartpole#1", "--out", artefact]
    subprocess.run([program("DOCENT", "docent"), *export], check=True, capture_output=True)
    process, address = start_service(copy)
    try:
        with Client(address) as client:
            assert client.publish("cartpole", artefact.read_bytes(), request_id="once") == 3
            assert client.publish("cartpole", artefact.read_bytes(), request_id="once") == 3
            rows = np.ones((2, 4), np.float32)
            published, original = (client.infer("cartpole", rows, version=version) for version in (3, 1))
            assert published.outputs.tobytes() == original.outputs.tobytes()
    finally:
        process.kill()
        process.communicate()


def test_queries_go_on_when_the_service_was_killed_and_is_back(registry):
    process, address = start_service(registry)
    answered, failed, over = [0], [], threading.Event()

    def ask(client):
        while not over.is_set():
            try:
                client.infer("cartpole", [0.0] * 4)
                answered[0] += 1
            except DocentError as error:
                failed.append(error)

    def until_answered(count):
        end = answered[0] + count
        while answered[0] < end and worker.is_alive() and failed == []:
            over.wait(0.005)

    with Client(address, wait_for_ready=True) as client:
        worker = threading.Thread(target=ask, args=(client,))
        worker.start()
        try:
            for _ in range(2):
                until_answered(20)
                process.kill()
                process.communicate()
                process, again = start_service(registry, listen=address)
                assert again == address
            until_answered(20)
        finally:
            over.set()
            worker.join(30)
            process.kill()
            process.communicate()
    assert failed == [] and answered[0] >= 60
