"""Messages after a retraining, at a real endpoint, through a real block of Prefect."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.testing.utilities import prefect_test_harness

from flows import notifications, overlay
from flows import pipeline as pipeline_module
from flows.retrain import retrain
from llmvis.errors import StageFailed
from llmvis.model_registry.provenance import Version

VERSION = Version(
    name="llmvis",
    version=3,
    model_fingerprint="abc",
    run_id="run",
    gate="passed: It is the first model.",
)


@pytest.fixture(scope="module")
def endpoint():
    """Where messages arrive: the address, and a list of what arrived."""
    arrived = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self):
            arrived.append(
                json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", arrived
        server.shutdown()


@pytest.fixture(scope="module")
def blocks(endpoint):
    """A Prefect that has the blocks `ops`, `broken`, and one of another kind."""
    with prefect_test_harness(server_startup_timeout=120):
        for name in ("ops", "broken"):
            CustomWebhookNotificationBlock(
                name=name,
                url=f"{endpoint[0]}/{name}",
                json_data={"subject": "{{subject}}", "body": "{{body}}"},
            ).save(name)
        Secret(value="a secret").save("ops")
        yield


@pytest.fixture
def arrived(endpoint):
    endpoint[1].clear()
    return endpoint[1]


@pytest.fixture
def notify(project, monkeypatch):
    """Names a block in the params of a project that registers version 3."""
    monkeypatch.setattr(pipeline_module, "register", lambda _: VERSION)
    monkeypatch.setattr(pipeline_module.runs, "run_url", lambda run: f"http://m/{run}")

    def notify(block):
        project.write("params.yaml", overlay.merged({"up": {"notify": block}}))

    return notify


@pytest.mark.usefixtures("blocks")
def test_the_decision_of_the_gate_is_told_after_a_retraining(notify, arrived):
    notify("custom-webhook/ops")
    retrain()

    assert arrived == [
        {"subject": "llmvis 3: passed", "body": "It is the first model."}
    ]


@pytest.mark.usefixtures("blocks")
def test_a_failure_is_told_with_its_reason(notify, arrived, project):
    notify("custom-webhook/ops")
    project.write(
        "train.py", "from flows import progress; progress.fail('Out of ink.'); 1 / 0"
    )
    with pytest.raises(StageFailed):
        retrain()

    [message] = arrived
    assert message["subject"] == "The retraining failed"
    assert "Out of ink." in message["body"]


@pytest.mark.usefixtures("blocks")
def test_where_nobody_is_named_nothing_is_told(notify, arrived, capsys):
    notify(None)
    retrain()
    notifications.check()

    assert arrived == []
    assert "Nobody" not in capsys.readouterr().err


@pytest.mark.usefixtures("blocks")
def test_a_message_that_does_not_arrive_stops_nothing(notify, arrived, capsys):
    notify("custom-webhook/broken")

    assert retrain() == VERSION
    assert len(arrived) == 1
    assert "Nobody was told `llmvis 3: passed`: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("custom-webhook/nobody", "Prefect has no such block. `prefect block ls`"),
        ("nothing/ops", "Prefect has no such block. `prefect block ls`"),
        ("secret/ops", "secret/ops, which is no block for notifications"),
    ],
)
@pytest.mark.usefixtures("blocks")
def test_what_cannot_tell_anybody_is_said_before_it_is_needed(
    notify, capsys, block, says
):
    notify(block)
    notifications.check()

    assert says in capsys.readouterr().err
