import io.github.cdklynk.*;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.Dashboard;
import software.amazon.awscdk.services.cloudwatch.GraphWidget;
import software.amazon.awscdk.services.cloudwatch.MetricOptions;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.dynamodb.Billing;
import software.amazon.awscdk.services.dynamodb.ContributorInsightsMode;
import software.amazon.awscdk.services.dynamodb.ContributorInsightsSpecification;
import software.amazon.awscdk.services.dynamodb.MaxThroughputProps;
import software.amazon.awscdk.services.dynamodb.MultiRegionConsistency;
import software.amazon.awscdk.services.dynamodb.Operation;
import software.amazon.awscdk.services.dynamodb.PointInTimeRecoverySpecification;
import software.amazon.awscdk.services.dynamodb.ReplicaTableProps;
import software.amazon.awscdk.services.dynamodb.TableEncryptionV2;
import software.amazon.awscdk.services.dynamodb.WarmThroughput;
import software.amazon.awscdk.services.iam.AccountPrincipal;
import software.amazon.awscdk.services.iam.PolicyDocument;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.lambda.Code;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.Runtime;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.stepfunctions.DefinitionBody;
import software.amazon.awscdk.services.stepfunctions.IChainable;
import software.amazon.awscdk.services.stepfunctions.Pass;
import software.amazon.awscdk.services.stepfunctions.StateMachine;

/** Uses everything that the package has for stacks, as app.mjs does. */
public class Everything {
  private static Stack stack;

  private static Function newFunction(final String id) {
    return Function.Builder.create(stack, id)
        .runtime(Runtime.PYTHON_3_12)
        .handler("index.handler")
        .code(Code.fromInline("def handler(event, context): pass"))
        .timeout(Duration.seconds(30))
        .build();
  }

  private static PolicyStatement statement(final String sid) {
    return PolicyStatement.Builder.create()
        .sid(sid)
        .actions(List.of("dynamodb:DescribeTable"))
        .principals(List.of(new AccountPrincipal("210987654321")))
        .resources(List.of("*"))
        .build();
  }

  private static StateMachine newMachine(final String id, final IChainable steps) {
    return StateMachine.Builder.create(stack, id).definitionBody(DefinitionBody.fromChainable(steps)).build();
  }

  private static void output(final String id, final String value) {
    CfnOutput.Builder.create(stack, id).value(value).build();
  }

  private static LynkGrantOptions names(final String name) {
    return LynkGrantOptions.builder().names(List.of(name)).build();
  }

  public static void main(final String[] args) {
    final App app = new App();
    final Environment env = Environment.builder().account("123456789012").region("eu-west-1").build();
    stack = new Stack(app, "Everything", StackProps.builder().env(env).build());
    final Key key = new Key(stack, "Key");

    final LynkLockTable locks = LynkLockTable.Builder.create(stack, "Locks")
        .tableName("locks")
        .billing(Billing.onDemand(MaxThroughputProps.builder().maxReadRequestUnits(100).build()))
        .encryption(TableEncryptionV2.customerManagedKey(key))
        .pointInTimeRecoverySpecification(PointInTimeRecoverySpecification.builder()
            .pointInTimeRecoveryEnabled(true)
            .recoveryPeriodInDays(3)
            .build())
        .deletionProtection(true)
        .removalPolicy(RemovalPolicy.RETAIN)
        .timeToLive(true)
        .warmThroughput(WarmThroughput.builder().readUnitsPerSecond(13000).writeUnitsPerSecond(5000).build())
        .contributorInsightsSpecification(ContributorInsightsSpecification.builder()
            .enabled(true)
            .mode(ContributorInsightsMode.ACCESSED_AND_THROTTLED_KEYS)
            .build())
        .resourcePolicy(PolicyDocument.Builder.create().statements(List.of(statement("Described"))).build())
        .tags(Map.of("team", "billing"))
        .leaseDuration(Duration.seconds(20))
        .waitDuration(Duration.seconds(5))
        .clockTolerance(Duration.seconds(4))
        .build();
    locks.addToResourcePolicy(statement("Added"));

    final LynkLockTable replicated = LynkLockTable.Builder.create(stack, "Replicated")
        .tableName("replicated")
        .replicas(List.of(ReplicaTableProps.builder().region("eu-west-2").build()))
        .witnessRegion("eu-central-1")
        .multiRegionConsistency(MultiRegionConsistency.STRONG)
        .build();
    final Environment otherEnv = Environment.builder().account("123456789012").region("eu-west-2").build();
    final Stack elsewhere = new Stack(app, "Elsewhere", StackProps.builder().env(otherEnv).build());
    final ILynkLockTable replica = replicated.replica(elsewhere, "Replica");
    CfnOutput.Builder.create(elsewhere, "Name").value(replica.getTableName()).build();
    final LynkLockTable byDefault = new LynkLockTable(stack, "ByDefault");

    final ILynkLockTable byName = LynkLockTable.fromLynkLockTableName(stack, "ByName", "from-python");
    final ILynkLockTable byArn = LynkLockTable.fromLynkLockTableArn(
        stack, "ByArn", "arn:aws:dynamodb:eu-west-1:210987654321:table/of-others");
    final ILynkLockTable byNameOfAttributes = LynkLockTable.fromLynkLockTableAttributes(
        stack, "ByAttributes", LynkLockTableAttributes.builder().tableName("known").build());
    final ILynkLockTable byAttributes = LynkLockTable.fromLynkLockTableAttributes(
        stack,
        "ByAllAttributes",
        LynkLockTableAttributes.builder()
            .tableArn("arn:aws:dynamodb:eu-west-1:123456789012:table/global")
            .encryptionKey(key)
            .replicaRegions(List.of("eu-west-2"))
            .leaseDuration(Duration.seconds(30))
            .waitDuration(Duration.seconds(6))
            .clockTolerance(Duration.seconds(5))
            .build());

    final Function worker = newFunction("Worker");
    locks.connect(worker, LynkConnectOptions.builder().names(List.of("account/*")).build());
    replicated.connect(
        worker,
        LynkConnectOptions.builder()
            .variablePrefix("GLOBAL")
            .leaseDuration(Duration.seconds(15))
            .waitDuration(Duration.seconds(2))
            .clockTolerance(Duration.seconds(3))
            .build());
    byDefault.connect(newFunction("ByDefaultWorker"));
    byName.connect(newFunction("ByNameWorker"));
    byNameOfAttributes.connect(newFunction("ByAttributesWorker"));
    byAttributes.connect(newFunction("ByAllAttributesWorker"));

    final Function grantee = newFunction("Grantee");
    locks.grantLock(grantee, names("order/*"));
    locks.grantInspect(grantee);
    locks.grantBreak(grantee, names("stuck"));
    byArn.grantLock(grantee);
    byName.grant(grantee, "dynamodb:DescribeTable", "dynamodb:Scan");
    byAttributes.getGrants().actions(grantee, "dynamodb:Query");
    byAttributes.getGrants().holdLocks(grantee, names("nightly"));
    byAttributes.getGrants().inspectLocks(grantee);
    byAttributes.getGrants().breakLocks(grantee);

    final LynkLockGrants grants = LynkLockGrants.Builder.create()
        .table(byDefault)
        .encryptionKey(key)
        .policyResource(byDefault.getTable())
        .replicaTableArns(List.of("arn:aws:dynamodb:eu-west-2:123456789012:table/elsewhere"))
        .replicaKeyArns(List.of("arn:aws:kms:eu-west-2:123456789012:key/two"))
        .build();
    grants.holdLocks(newFunction("Granted"));

    final SnsAction action = new SnsAction(new Topic(stack, "Alarms"));
    final LynkLockMonitoring monitoring = LynkLockMonitoring.Builder.create(stack, "Monitoring")
        .table(locks)
        .alarmActions(List.of(action))
        .lockLostThreshold(2)
        .throttledThreshold(3)
        .systemErrorsThreshold(4)
        .latencyThreshold(Duration.millis(50))
        .contentionThreshold(100)
        .dashboard(true)
        .dashboardName("locks")
        .build();
    for (final Alarm alarm : monitoring.getAlarms()) alarm.addOkAction(action);
    if (monitoring.getDashboard() != null) output("Board", monitoring.getDashboard().getDashboardName());
    LynkLockMonitoring.Builder.create(stack, "Unseen").table(byName).dashboard(false).build();

    Dashboard.Builder.create(stack, "Metrics")
        .widgets(List.of(List.of(GraphWidget.Builder.create()
            .left(List.of(
                locks.metricContention(),
                locks.metricLatency(LynkLatencyMetricOptions.builder().operation(Operation.PUT_ITEM).build()),
                locks.metricLockAcquired(MetricOptions.builder().period(Duration.minutes(1)).build()),
                locks.metricLockHeldTime(),
                locks.metricLockLost(),
                locks.metricLockNotGranted(),
                locks.metricLockTakenOver(),
                locks.metricLockUnavailable(),
                locks.metricLockWaitTime(),
                locks.metricSystemErrors(),
                locks.metricThrottled(),
                locks.metric("LockAcquired"),
                locks.metricConsumedReadCapacityUnits(),
                locks.metricConsumedWriteCapacityUnits()))
            .build())))
        .build();
    Alarm.Builder.create(stack, "Lost").metric(byName.metricLockLost()).threshold(1).evaluationPeriods(1).build();

    newMachine(
        "Protected",
        locks.protect(
            new Pass(stack, "Work"),
            LynkProtectOptions.builder()
                .id("Short")
                .name("ledger")
                .names(List.of("ledger"))
                .leaseDuration(Duration.seconds(60))
                .waitDuration(Duration.minutes(10))
                .build()));
    final LynkLockStates wrapping =
        LynkLockStates.Builder.create(stack, "Wrapping").table(locks).name("nightly").permits(3)
            .otherwise(new Pass(stack, "Later")).build();
    final StateMachine wrapped = newMachine("Wrapped", wrapping.protect(new Pass(stack, "Nightly")));
    final ILynkEndedExecutions ended = locks.releaseEndedExecutions(
        wrapped, LynkEndedExecutionsOptions.builder().after(Duration.minutes(5)).build());
    byName.releaseEndedExecutions(wrapped);
    output("Ended", ended.getHandler().getFunctionName() + " " + ended.getDeadLetterQueue().getQueueName());
    final LynkLockStates states = LynkLockStates.Builder.create(stack, "States")
        .table(replicated)
        .name("{% $states.input.account %}")
        .names(List.of("account/*"))
        .leaseDuration(Duration.seconds(45))
        .waitDuration(Duration.seconds(0))
        .build();
    newMachine("ByHand", states.getAcquire().next(Pass.jsonata(stack, "Charge")).next(states.getRelease()));
    output("Failing", states.getReleaseAndFail().getId());

    final LynkLockTables group = LynkLockTables.Builder.create(stack, "Tables").groupName("all-locks").build();
    output("Group", group.getGroupName() + " " + group.getGroupArn());
    output("Names", locks.getTableName() + " " + byArn.getTableName() + " " + replicated.getTableArn());
    output("Injected", LynkLockTable.PROPERTY_INJECTION_ID);
    if (locks.getEncryptionKey() != null) output("EncryptedWith", locks.getEncryptionKey().getKeyArn());

    app.synth();
  }
}
