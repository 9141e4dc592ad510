"""The real service, serving a policy that Stable-Baselines3 trained on CartPole."""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


def program(variable, name):
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        pytest.fail(f"set {variable} to the path of {name}, for instance .build/release/{name}")
    return found


@pytest.fixture(scope="session")
def fixture_folder():
    """`policy.safetensors` and `reference.json`."""
    return ROOT / "Tests/NeuralTests/Fixtures"


@pytest.fixture(scope="session")
def reference(fixture_folder):
    """Observations, and the logits and values that PyTorch computed for them."""
    return json.loads((fixture_folder / "reference.json").read_text())


@pytest.fixture(scope="session")
def registry(tmp_path_factory, fixture_folder):
    """The policy twice: versions 1 (stable) and 2 of `cartpole`."""
    path = tmp_path_factory.mktemp("registry") / "teacher.sqlite"
    for _ in range(2):
        command = ["models", "import", "--registry", path, "--safetensors", fixture_folder / "policy.safetensors"]
        command += ["--environment", "CartPole-v1", "--model", "cartpole", "--activation", "tanh"]
        subprocess.run([program("DOCENT", "docent"), *command], check=True, capture_output=True, text=True)
    return path


def start_service(registry, listen="127.0.0.1:0"):
    """The process of a teacher service, and the address that it says itself: port 0 takes a free one."""
    command = [program("DOCENT_TEACHER", "docent-teacher"), "serve", "--registry", registry, "--listen", listen]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return process, listening_address(process)


@pytest.fixture(scope="session")
def address(registry):
    process, address = start_service(registry)
    try:
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


def listening_address(process, seconds=30):
    """The HOST:PORT in what the service prints when it is ready."""
    printed, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.2)[0]:
            printed += os.read(process.stdout.fileno(), 4096)
        for port in re.findall(rb"127\.0\.0\.1:(\d+)", printed):
            if int(port):
                return f"127.0.0.1:{int(port)}"
        if process.poll() is not None:
            break
    pytest.fail(f"docent-teacher is not ready: {printed.decode()}")
