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
  table('a table’s name is none of DynamoDB’s', { tableName: 'my/locks' }),
  table('a lease is not of whole seconds', { leaseDuration: Duration.millis(1500) }),
  table('a wait is longer than a day', { waitDuration: Duration.days(2) }),
  table('the tolerance is too small', { clockTolerance: Duration.seconds(1) }),
  table('there is a witness, and nothing to witness', { witnessRegion: 'eu-west-3' }),
  table('there is consistency, and nothing to be consistent with', {
    multiRegionConsistency: MultiRegionConsistency.STRONG,
  }),
  table('two Regions could both acquire a lock', {
    replicas: REPLICAS,
    multiRegionConsistency: MultiRegionConsistency.EVENTUAL,
  }),
  table('there are too few Regions', { replicas: REPLICAS.slice(0, 1) }),
  table('a witness is where a replica is', { replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-west-2' }),
  table('strongly consistent replicas are to have TTL', { replicas: REPLICAS, timeToLive: true }),
  table('a throughput is no number of units', { warmThroughput: { writeUnitsPerSecond: 0.5 } }),
  table('insights are off, and have a mode', {
    contributorInsightsSpecification: { enabled: false, mode: ContributorInsightsMode.THROTTLED_KEYS },
  }),
  table('a table is to leave a snapshot behind', { removalPolicy: RemovalPolicy.SNAPSHOT }),
  table('the tag that lock tables are found by is given away', { tags: { lynk: 'mine' } }),
  table('a tag is one of AWS’s', { tags: { 'aws:team': 'billing' } }),
  table('a prop is unknown', wrong({ tableNam: 'my-locks' })),
  imported('an imported table has no name', {}),
  imported('it has two', { tableName: 'my-locks', tableArn: ARN }),
  imported('its ARN is none', { tableArn: 'my-locks' }),
  grant('names are no list', wrong('nightly')),
  grant('the list of names is empty', []),
  grant('a name in it is empty', ['']),
  grant('a name in it is too long', ['é'.repeat(1025)]),
  grant('a name in it is a path into an execution’s input', [JsonPath.stringAt('$.accountId')]),
  used('what is granted is no action of DynamoDB’s', (locks, stack) => {
    locks.grant(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }), 'PutItem');
  }),
  used('a replica is wanted where none is', (locks, stack) => {
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
    when: 'a function is in a Region that the table is not in',
    provoke: () => {
      const stack = stackOf();
      const tableArn = ARN.replace('eu-west-1', 'us-east-1');
      LynkLockTable.fromLynkLockTableArn(stack, 'Locks', tableArn).connect(newFunction(stack));
    },
  },
  used('a variable was set by hand', (locks, stack) => {
    locks.connect(newFunction(stack, 'Billing', { environment: { LYNK_TABLE_NAME: 'my-locks' } }));
  }),
  used('what is connected is no function', (locks, stack) => {
    locks.connect(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  }),
  used('a prefix makes no name of a variable', (locks, stack) => {
    locks.connect(newFunction(stack), { variablePrefix: 'with-dash' });
  }),
  monitoring('an alarm’s threshold is no number of events', wrong({ lockLostThreshold: 0 })),
  monitoring('there is a dashboard’s name, and no dashboard', wrong({ dashboard: false, dashboardName: 'locks' })),
  {
    when: 'a resource group’s name is none',
    provoke: () => new LynkLockTables(stackOf(), 'Tables', { groupName: 'aws-locks' }),
  },
  protectedSteps('a state machine’s lock has no name', { name: '' }),
  protectedSteps('its name is too long', { name: 'é'.repeat(1025) }),
  used('its name is of JSONPath, and the state machine of JSONata', (locks, stack) => {
    const definitionBody = DefinitionBody.fromChainable(
      locks.protect(work(stack), { name: JsonPath.stringAt('$.accountId'), id: 'Ledger' }),
    );
    return new StateMachine(stack, 'Machine', { definitionBody, queryLanguage: QueryLanguage.JSONATA });
  }),
  protectedSteps('a semaphore has half a permit', { permits: 0.5 }),
  protectedSteps('nobody knows how many permits it has', { permits: Lazy.number({ produce: () => 3 }) }),
  protectedSteps('its lease leaves no room for a step', { leaseDuration: Duration.seconds(30) }),
  protectedSteps('its lease is shorter than the steps', { leaseDuration: Duration.seconds(34) }),
  protectedSteps('its lease is a token', {
    leaseDuration: Duration.seconds(Lazy.number({ produce: () => 60 })),
  }),
  protectedSteps('it is to wait for years', { waitDuration: Duration.days(400) }),
  protectedSteps('the id is too long for the states’ names', { id: 'x'.repeat(70) }),
  used('a prefix makes them too long', (locks, stack) => {
    const steps = locks.protect(work(stack), { name: 'nightly', id: 'Ledger' });
    State.prefixStates(stack, 'x'.repeat(70));
    return machine(stack, steps);
  }),
  protectedSteps('the steps take longer than a lease can last', {}, 90_000),
  used('nobody can tell how long the steps take', (locks, stack) => {
    const wait = new Wait(stack, 'Work', { time: WaitTime.secondsPath('$.seconds') });
    return machine(stack, locks.protect(wait, { name: 'nightly', id: 'Ledger' }));
  }),
  used('states are chained by hand, without a lease', (locks, stack) => {
    const lock = new LynkLockStates(stack, 'Ledger', { table: locks, name: 'nightly' });
    return machine(stack, lock.acquire.next(new Pass(stack, 'Work')).next(lock.release));
  }),
  used('one lock is put around two pieces', (locks, stack) => {
    const lock = new LynkLockStates(stack, 'Ledger', { table: locks, name: 'nightly' });
    lock.protect(work(stack));
    lock.protect(new Pass(stack, 'Again'));
  }),
  used('locks of something else than executions are to be given back', (locks, stack) => {
    locks.releaseEndedExecutions(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  }),
  used('the executions end in another Region', (locks, stack) => {
    const arn = 'arn:aws:states:us-east-1:123456789012:stateMachine:Elsewhere';
    locks.releaseEndedExecutions(StateMachine.fromStateMachineArn(stack, 'Elsewhere', arn));
  }),
  used('the state machine is an express one', (locks, stack) => {
    const definitionBody = DefinitionBody.fromChainable(new Pass(stack, 'Work'));
    const stateMachineType = StateMachineType.EXPRESS;
    locks.releaseEndedExecutions(new StateMachine(stack, 'Machine', { definitionBody, stateMachineType }));
  }),
  used('its locks are to be given back after a token', (locks, stack) => {
    const after = Duration.seconds(Lazy.number({ produce: () => 60 }));
    locks.releaseEndedExecutions(machine(stack, new Pass(stack, 'Work')), { after });
  }),
  used('its locks are to be given back after an hour', (locks, stack) => {
    locks.releaseEndedExecutions(machine(stack, new Pass(stack, 'Work')), { after: Duration.hours(1) });
  }),
  used('its locks are to be given back after two times', (locks, stack) => {
    const ending = machine(stack, new Pass(stack, 'Work'));
    locks.releaseEndedExecutions(ending);
    locks.releaseEndedExecutions(ending, { after: Duration.minutes(1) });
  }),
];
