import { Duration, Lazy, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { ContributorInsightsMode, MultiRegionConsistency } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  DefinitionBody,
  type IChainable,
  JsonPath,
  Pass,
  QueryLanguage,
  State,
  StateMachine,
  StateMachineType,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import {
  LynkLockMonitoring,
  type LynkLockMonitoringProps,
  LynkLockStates,
  LynkLockTable,
  type LynkLockTableAttributes,
  type LynkLockTableProps,
  LynkLockTables,
  type LynkProtectOptions,
} from '../../lib/index.js';
import { ENV, newFunction, newStack } from '../lib/stack.js';
import { type Provocation, wrong } from './provocation.js';

const REPLICAS = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];
const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/my-locks';

const stackOf = (): Stack => newStack({ env: ENV });

/** Of a new table's props. */
const table = (when: string, props: LynkLockTableProps): Provocation => ({
  when,
  provoke: () => new LynkLockTable(stackOf(), 'Locks', props),
});

/** Of a table that is imported. */
const imported = (when: string, attributes: LynkLockTableAttributes): Provocation => ({
  when,
  provoke: () => LynkLockTable.fromLynkLockTableAttributes(stackOf(), 'Locks', attributes),
});

/** Of what is done with a table. */
const used = (when: string, use: (locks: LynkLockTable, stack: Stack) => unknown): Provocation => ({
  when,
  provoke: () => {
    const stack = stackOf();
    return use(new LynkLockTable(stack, 'Locks'), stack);
  },
});

const grant = (when: string, names: string[]): Provocation =>
  used(when, (locks, stack) =>
    locks.grantLock(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }), { names }),
  );

const monitoring = (when: string, props: LynkLockMonitoringProps): Provocation =>
  used(when, (locks, stack) => new LynkLockMonitoring(stack, 'Monitoring', { ...props, table: locks }));

const machine = (stack: Stack, steps: IChainable): StateMachine =>
  new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(steps) });

const work = (stack: Stack, seconds = 5): Wait =>
  new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(seconds)) });

/** Of a lock on steps of a state machine. */
const protectedSteps = (when: string, options: Partial<LynkProtectOptions>, seconds?: number): Provocation =>
  used(when, (locks, stack) =>
    machine(stack, locks.protect(work(stack, seconds), { name: 'nightly', id: 'Ledger', ...options })),
  );

/** What the constructs refuse, at synth. */
export const CONSTRUCT: readonly Provocation[] = [
  table('a table’s name is not allowed in DynamoDB', { tableName: 'my/locks' }),
  table('a lease is not a whole number of seconds', { leaseDuration: Duration.millis(1500) }),
  table('a wait is longer than a day', { waitDuration: Duration.days(2) }),
  table('the tolerance is too small', { clockTolerance: Duration.seconds(1) }),
  table('there is a `witnessRegion`, but no `replicas`', { witnessRegion: 'eu-west-3' }),
  table('there is a `multiRegionConsistency`, but no `replicas`', {
    multiRegionConsistency: MultiRegionConsistency.STRONG,
  }),
  table('two Regions could both acquire a lock', {
    replicas: REPLICAS,
    multiRegionConsistency: MultiRegionConsistency.EVENTUAL,
  }),
  table('there are too few Regions', { replicas: REPLICAS.slice(0, 1) }),
  table('the witness is in the Region of a replica', { replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-west-2' }),
  table('TTL is on for strongly consistent replicas', { replicas: REPLICAS, timeToLive: true }),
  table('a throughput is not a whole number of units', { warmThroughput: { writeUnitsPerSecond: 0.5 } }),
  table('Contributor Insights are off, but have a mode', {
    contributorInsightsSpecification: { enabled: false, mode: ContributorInsightsMode.THROTTLED_KEYS },
  }),
  table('the removal policy of a table is `SNAPSHOT`', { removalPolicy: RemovalPolicy.SNAPSHOT }),
  table('the tag by which lock tables are found has another value', { tags: { lynk: 'mine' } }),
  table('a tag is reserved for AWS', { tags: { 'aws:team': 'billing' } }),
  table('a prop is unknown', wrong({ tableNam: 'my-locks' })),
  imported('an imported table has no name', {}),
  imported('an imported table has two names', { tableName: 'my-locks', tableArn: ARN }),
  imported('the ARN of an imported table is not an ARN of a table', { tableArn: 'my-locks' }),
  grant('`names` is not a list', wrong('nightly')),
  grant('`names` is an empty list', []),
  grant('a name in `names` is empty', ['']),
  grant('a name in `names` is too long', ['é'.repeat(1025)]),
  grant('a name in `names` is a path into the input of an execution', [JsonPath.stringAt('$.accountId')]),
  used('a granted action is not an action of DynamoDB', (locks, stack) => {
    locks.grant(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }), 'PutItem');
  }),
  used('you ask for a replica in a Region that has none', (locks, stack) => {
    locks.replica(stack, 'Replica', 'us-east-1');
  }),
  used('two tables are connected to one function', (locks, stack) => {
    const fn = newFunction(stack);
    locks.connect(fn);
    new LynkLockTable(stack, 'Reports').connect(fn);
  }),
  used('one table is connected twice, with different settings', (locks, stack) => {
    const fn = newFunction(stack);
    locks.connect(fn, { leaseDuration: Duration.seconds(5) });
    locks.connect(fn, { leaseDuration: Duration.seconds(6) });
  }),
  {
    when: 'a function is in a Region without a replica of the table',
    provoke: () => {
      const stack = stackOf();
      const tableArn = ARN.replace('eu-west-1', 'us-east-1');
      LynkLockTable.fromLynkLockTableArn(stack, 'Locks', tableArn).connect(newFunction(stack));
    },
  },
  used('you have set the environment variable yourself', (locks, stack) => {
    locks.connect(newFunction(stack, 'Billing', { environment: { LYNK_TABLE_NAME: 'my-locks' } }));
  }),
  used('you connect something that is not a function', (locks, stack) => {
    locks.connect(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  }),
  used('`variablePrefix` cannot begin the name of a variable', (locks, stack) => {
    locks.connect(newFunction(stack), { variablePrefix: 'with-dash' });
  }),
  monitoring('the threshold of an alarm is not a number of events', wrong({ lockLostThreshold: 0 })),
  monitoring('there is a `dashboardName`, but no dashboard', wrong({ dashboard: false, dashboardName: 'locks' })),
  {
    when: 'the name of a resource group is not allowed',
    provoke: () => new LynkLockTables(stackOf(), 'Tables', { groupName: 'aws-locks' }),
  },
  protectedSteps('a state machine’s lock has no name', { name: '' }),
  protectedSteps('the name of a state machine’s lock is too long', { name: 'é'.repeat(1025) }),
  used('the name is in JSONPath, but the state machine uses JSONata', (locks, stack) => {
    const definitionBody = DefinitionBody.fromChainable(
      locks.protect(work(stack), { name: JsonPath.stringAt('$.accountId'), id: 'Ledger' }),
    );
    return new StateMachine(stack, 'Machine', { definitionBody, queryLanguage: QueryLanguage.JSONATA });
  }),
  protectedSteps('the number of permits is not a whole number', { permits: 0.5 }),
  protectedSteps('the number of permits is a token', { permits: Lazy.number({ produce: () => 3 }) }),
  protectedSteps('the lease of a state machine’s lock leaves no time for a step', {
    leaseDuration: Duration.seconds(30),
  }),
  protectedSteps('the lease of a state machine’s lock is shorter than its steps may take', {
    leaseDuration: Duration.seconds(34),
  }),
  protectedSteps('the lease of a state machine’s lock is a token', {
    leaseDuration: Duration.seconds(Lazy.number({ produce: () => 60 })),
  }),
  protectedSteps('`waitDuration` of a state machine’s lock is longer than a year', {
    waitDuration: Duration.days(400),
  }),
  protectedSteps('the `id` makes the names of the states too long', { id: 'x'.repeat(70) }),
  used('a prefix makes the names of the states too long', (locks, stack) => {
    const steps = locks.protect(work(stack), { name: 'nightly', id: 'Ledger' });
    State.prefixStates(stack, 'x'.repeat(70));
    return machine(stack, steps);
  }),
  protectedSteps('the steps take longer than a lease can last', {}, 90_000),
  used('the length of a protected step is not known at synth', (locks, stack) => {
    const wait = new Wait(stack, 'Work', { time: WaitTime.secondsPath('$.seconds') });
    return machine(stack, locks.protect(wait, { name: 'nightly', id: 'Ledger' }));
  }),
  used('states are chained by hand, without a `leaseDuration`', (locks, stack) => {
    const lock = new LynkLockStates(stack, 'Ledger', { table: locks, name: 'nightly' });
    return machine(stack, lock.acquire.next(new Pass(stack, 'Work')).next(lock.release));
  }),
  used('`protect` is called twice for one `LynkLockStates`', (locks, stack) => {
    const lock = new LynkLockStates(stack, 'Ledger', { table: locks, name: 'nightly' });
    lock.protect(work(stack));
    lock.protect(new Pass(stack, 'Again'));
  }),
  used('`releaseEndedExecutions` gets neither a state machine nor a durable function', (locks, stack) => {
    locks.releaseEndedExecutions(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  }),
  used('the executions of the `target` are in another Region', (locks, stack) => {
    const arn = 'arn:aws:states:us-east-1:123456789012:stateMachine:Elsewhere';
    locks.releaseEndedExecutions(StateMachine.fromStateMachineArn(stack, 'Elsewhere', arn));
  }),
  used('the `target` is an express state machine', (locks, stack) => {
    const definitionBody = DefinitionBody.fromChainable(new Pass(stack, 'Work'));
    const stateMachineType = StateMachineType.EXPRESS;
    locks.releaseEndedExecutions(new StateMachine(stack, 'Machine', { definitionBody, stateMachineType }));
  }),
  used('`after` is a token', (locks, stack) => {
    const after = Duration.seconds(Lazy.number({ produce: () => 60 }));
    locks.releaseEndedExecutions(machine(stack, new Pass(stack, 'Work')), { after });
  }),
  used('`after` is longer than 15 minutes', (locks, stack) => {
    locks.releaseEndedExecutions(machine(stack, new Pass(stack, 'Work')), { after: Duration.hours(1) });
  }),
  used('`after` has two values for one `target`', (locks, stack) => {
    const ending = machine(stack, new Pass(stack, 'Work'));
    locks.releaseEndedExecutions(ending);
    locks.releaseEndedExecutions(ending, { after: Duration.minutes(1) });
  }),
];
