"""Uses everything that the package has for stacks, as app.mjs does."""
from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk.aws_cloudwatch import Alarm, Dashboard, GraphWidget
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_dynamodb import (
    Billing,
    ContributorInsightsMode,
    ContributorInsightsSpecification,
    MultiRegionConsistency,
    Operation,
    PointInTimeRecoverySpecification,
    ReplicaTableProps,
    TableEncryptionV2,
    WarmThroughput,
)
from aws_cdk.aws_iam import AccountPrincipal, PolicyDocument, PolicyStatement
from aws_cdk.aws_kms import Key
from aws_cdk.aws_lambda import Code, Function, Runtime
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_stepfunctions import DefinitionBody, Pass, StateMachine
from cdk_lynk import LynkLockGrants, LynkLockMonitoring, LynkLockStates, LynkLockTable, LynkLockTables

app = App()
stack = Stack(app, "Everything", env={"account": "123456789012", "region": "eu-west-1"})
key = Key(stack, "Key")


def new_function(id):
    return Function(
        stack,
        id,
        runtime=Runtime.PYTHON_3_12,
        handler="index.handler",
        code=Code.from_inline("def handler(event, context): pass"),
        timeout=Duration.seconds(30),
    )


def statement(sid):
    return PolicyStatement(
        sid=sid,
        actions=["dynamodb:DescribeTable"],
        principals=[AccountPrincipal("210987654321")],
        resources=["*"],
    )


locks = LynkLockTable(
    stack,
    "Locks",
    table_name="locks",
    billing=Billing.on_demand(max_read_request_units=100),
    encryption=TableEncryptionV2.customer_managed_key(key),
    point_in_time_recovery_specification=PointInTimeRecoverySpecification(
        point_in_time_recovery_enabled=True, recovery_period_in_days=3
    ),
    deletion_protection=True,
    removal_policy=RemovalPolicy.RETAIN,
    time_to_live=True,
    warm_throughput=WarmThroughput(read_units_per_second=13000, write_units_per_second=5000),
    contributor_insights_specification=ContributorInsightsSpecification(
        enabled=True, mode=ContributorInsightsMode.ACCESSED_AND_THROTTLED_KEYS
    ),
    resource_policy=PolicyDocument(statements=[statement("Described")]),
    tags={"team": "billing"},
    lease_duration=Duration.seconds(20),
    wait_duration=Duration.seconds(5),
    clock_tolerance=Duration.seconds(4),
)
locks.add_to_resource_policy(statement("Added"))

replicated = LynkLockTable(
    stack,
    "Replicated",
    table_name="replicated",
    replicas=[ReplicaTableProps(region="eu-west-2")],
    witness_region="eu-central-1",
    multi_region_consistency=MultiRegionConsistency.STRONG,
)
elsewhere = Stack(app, "Elsewhere", env={"account": "123456789012", "region": "eu-west-2"})
replica = replicated.replica(elsewhere, "Replica")
CfnOutput(elsewhere, "Name", value=replica.table_name)
by_default = LynkLockTable(stack, "ByDefault")

by_name = LynkLockTable.from_lynk_lock_table_name(stack, "ByName", "from-python")
by_arn = LynkLockTable.from_lynk_lock_table_arn(
    stack, "ByArn", "arn:aws:dynamodb:eu-west-1:210987654321:table/of-others"
)
by_name_of_attributes = LynkLockTable.from_lynk_lock_table_attributes(stack, "ByAttributes", table_name="known")
by_attributes = LynkLockTable.from_lynk_lock_table_attributes(
    stack,
    "ByAllAttributes",
    table_arn="arn:aws:dynamodb:eu-west-1:123456789012:table/global",
    encryption_key=key,
    replica_regions=["eu-west-2"],
    lease_duration=Duration.seconds(30),
    wait_duration=Duration.seconds(6),
    clock_tolerance=Duration.seconds(5),
)

worker = new_function("Worker")
locks.connect(worker, names=["account/*"])
replicated.connect(
    worker,
    variable_prefix="GLOBAL",
    lease_duration=Duration.seconds(15),
    wait_duration=Duration.seconds(2),
    clock_tolerance=Duration.seconds(3),
)
by_default.connect(new_function("ByDefaultWorker"))
by_name.connect(new_function("ByNameWorker"))
by_name_of_attributes.connect(new_function("ByAttributesWorker"))
by_attributes.connect(new_function("ByAllAttributesWorker"))

grantee = new_function("Grantee")
locks.grant_lock(grantee, names=["order/*"])
locks.grant_inspect(grantee)
locks.grant_break(grantee, names=["stuck"])
by_arn.grant_lock(grantee)
by_name.grant(grantee, "dynamodb:DescribeTable", "dynamodb:Scan")
by_attributes.grants.actions(grantee, "dynamodb:Query")
by_attributes.grants.hold_locks(grantee, names=["nightly"])
by_attributes.grants.inspect_locks(grantee)
by_attributes.grants.break_locks(grantee)
try:
    by_name.connect(grantee, variable_prefix="9")
    raise AssertionError("a prefix that begins with a digit is taken")
except RuntimeError as refused:
    # Where Python users look it up, it is called so.
    assert "`variable_prefix` is" in str(refused), refused

grants = LynkLockGrants(
    table=by_default,
    encryption_key=key,
    policy_resource=by_default.table,
    replica_table_arns=["arn:aws:dynamodb:eu-west-2:123456789012:table/elsewhere"],
    replica_key_arns=["arn:aws:kms:eu-west-2:123456789012:key/two"],
)
grants.hold_locks(new_function("Granted"))

action = SnsAction(Topic(stack, "Alarms"))
monitoring = LynkLockMonitoring(
    stack,
    "Monitoring",
    table=locks,
    alarm_actions=[action],
    lock_lost_threshold=2,
    throttled_threshold=3,
    system_errors_threshold=4,
    latency_threshold=Duration.millis(50),
    contention_threshold=100,
    dashboard=True,
    dashboard_name="locks",
)
for alarm in monitoring.alarms:
    alarm.add_ok_action(action)
if monitoring.dashboard:
    CfnOutput(stack, "Board", value=monitoring.dashboard.dashboard_name)
LynkLockMonitoring(stack, "Unseen", table=by_name, dashboard=False)

Dashboard(
    stack,
    "Metrics",
    widgets=[
        [
            GraphWidget(
                left=[
                    locks.metric_contention(),
                    locks.metric_latency(operation=Operation.PUT_ITEM),
                    locks.metric_lock_acquired(period=Duration.minutes(1)),
                    locks.metric_lock_held_time(),
                    locks.metric_lock_lost(),
                    locks.metric_lock_not_granted(),
                    locks.metric_lock_taken_over(),
                    locks.metric_lock_unavailable(),
                    locks.metric_lock_wait_time(),
                    locks.metric_system_errors(),
                    locks.metric_throttled(),
                    locks.metric("LockAcquired"),
                    locks.metric_consumed_read_capacity_units(),
                    locks.metric_consumed_write_capacity_units(),
                ]
            )
        ]
    ],
)
Alarm(stack, "Lost", metric=by_name.metric_lock_lost(), threshold=1, evaluation_periods=1)

StateMachine(
    stack,
    "Protected",
    definition_body=DefinitionBody.from_chainable(
        locks.protect(
            Pass(stack, "Work"),
            id="Short",
            name="ledger",
            names=["ledger"],
            lease_duration=Duration.seconds(60),
            wait_duration=Duration.minutes(10),
        )
    ),
)
wrapping = LynkLockStates(stack, "Wrapping", table=locks, name="nightly", permits=3, otherwise=Pass(stack, "Later"))
nightly = Pass(stack, "Nightly")
definition_body = DefinitionBody.from_chainable(wrapping.protect(nightly))
wrapped = StateMachine(stack, "Wrapped", definition_body=definition_body)
ended = locks.release_ended_executions(wrapped, after=Duration.minutes(5))
by_name.release_ended_executions(wrapped)
CfnOutput(stack, "Ended", value=f"{ended.handler.function_name} {ended.dead_letter_queue.queue_name}")
states = LynkLockStates(
    stack,
    "States",
    table=replicated,
    name="{% $states.input.account %}",
    names=["account/*"],
    lease_duration=Duration.seconds(45),
    wait_duration=Duration.seconds(0),
)
work = Pass.jsonata(stack, "Charge")
StateMachine(
    stack,
    "ByHand",
    definition_body=DefinitionBody.from_chainable(states.acquire.next(work).next(states.release)),
)
CfnOutput(stack, "Failing", value=states.release_and_fail.id)

group = LynkLockTables(stack, "Tables", group_name="all-locks")
CfnOutput(stack, "Group", value=f"{group.group_name} {group.group_arn}")
CfnOutput(stack, "Names", value=f"{locks.table_name} {by_arn.table_name} {replicated.table_arn}")
CfnOutput(stack, "Injected", value=LynkLockTable.PROPERTY_INJECTION_ID)
if locks.encryption_key:
    CfnOutput(stack, "EncryptedWith", value=locks.encryption_key.key_arn)

app.synth()
