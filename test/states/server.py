"""moto's interpreter of the Amazon States Language, taught what it lacks.

As it comes, it evaluates no JSONata, sends the requests of its states to itself, and starts one execution at a time. Here JSONata's own
implementation evaluates, in a process of Node.js, and requests go to the DynamoDB endpoint that is given.
Usage: server.py PORT DYNAMODB_ENDPOINT
"""

import json
import subprocess
import sys
import threading

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.server import main
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsics
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
)
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

port, dynamodb_endpoint = sys.argv[1:]


class Evaluator:
    """JSONata's own implementation, one expression at a time."""

    def __init__(self):
        self.turn = threading.Lock()
        self.process = subprocess.Popen(
            ["node", "test/states/jsonata.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, expression):
        with self.turn:
            self.process.stdin.write(json.dumps(expression) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise jsonata.JSONataException("UNKNOWN", answer["error"])
        return answer.get("value")


def declarations(bindings):
    """The original leaves a quote within a text as it is."""
    return "".join(f"{name}:={json.dumps(value, default=str)};" for name, value in bindings.items())


def client_for(service, region, state_credentials=None):
    assert service == "dynamodb", service
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=dynamodb_endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


parse = AmazonStateLanguageParser.parse
one_at_a_time = threading.Lock()


def parse_alone(definition):
    """The original keeps what it is at in one place for all threads."""
    with one_at_a_time:
        return parse(definition)


AmazonStateLanguageParser.parse = staticmethod(parse_alone)
jsonata._eval_jsonata = Evaluator()
intrinsics._DECLARATION_BY_VARIABLE_REFERENCE.pop("$uuid")
states.encode_jsonata_variable_declarations = declarations
variable_store.encode_jsonata_variable_declarations = declarations
for module in (state_task_service_dynamodb, state_task_service_aws_sdk):
    module.boto_client_for = client_for
default_user_config["stepfunctions"]["execute_state_machine"] = True

main(["--host", "127.0.0.1", "--port", port])
