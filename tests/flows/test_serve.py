"""The retraining as Prefect serves it; with real servers in the slow tests."""

from pathlib import Path

from flows import serve
from llmvis import config, sections

ROOT = Path(__file__).parents[2]


def test_one_machine_and_a_work_pool_retrain_at_the_same_times():
    served = serve.deployment(config.read(ROOT / "params.yaml").up)
    declared, _ = sections.read_yaml(ROOT / "prefect.yaml")["deployments"]

    [schedule], [trigger] = served.schedules, served.triggers
    [time], [event] = declared["schedules"], declared["triggers"]
    assert time == {"cron": schedule.schedule.cron, "timezone": "UTC"}
    assert trigger.match.root == event["match"]
    assert trigger.expect == set(event["expect"])
    assert declared["entrypoint"] == "flows/retrain.py:retrain"
    assert declared["name"] == served.name
    assert declared["concurrency_limit"] == {
        "limit": served.concurrency_limit,
        "collision_strategy": served.concurrency_options.collision_strategy,
    }


def test_beside_every_worker_of_the_team_stands_a_watch():
    compose = sections.read_yaml(ROOT / "compose.yaml")

    command = compose["services"]["worker"]["command"]
    assert "python -m flows.watch & exec prefect worker start" in command


def test_both_let_a_person_promote_a_version_and_say_why():
    served = serve.approval_deployment()
    _, declared = sections.read_yaml(ROOT / "prefect.yaml")["deployments"]

    assert declared["entrypoint"] == "flows/promote.py:promote"
    assert (declared["name"], served.flow_name) == (served.name, "promote")
    assert served._parameter_openapi_schema.required == ["version", "reason"]
