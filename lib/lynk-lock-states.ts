import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  Chain,
  Choice,
  Condition,
  Fail,
  type IChainable,
  type INextable,
  JitterType,
  JsonPath,
  Parallel,
  Pass,
  QueryLanguage,
  type State,
  type StateMachineFragment,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { addressOf } from './connection.js';
import {
  acquiredKnowledge,
  acquireRequest,
  jsonata,
  lookRequest,
  releaseRequest,
  type SharedByStates,
  seenKnowledge,
} from './entry-requests.js';
import { CONDITION_FAILED, EntryTask, type EntryTaskProps } from './entry-task.js';
import { type Known, refuseUnknown } from './known-props.js';
import { LockFragment } from './lock-fragment.js';
import { onlyNames, patternOf, validateName } from './lock-names.js';
import { lost, notGranted } from './lock-outcomes.js';
import { KNOWN_STATES_OPTIONS } from './lynk-lock-states-options.js';
import type { LynkLockStatesProps } from './lynk-lock-states-props.js';
import { injected } from './property-injection.js';
import { refusal, shown } from './refusal.js';
import { leaseSecondsOf, START_SECONDS, waitSecondsOf } from './state-lease.js';
import { stateNameOf, validateStateNames } from './state-names.js';
import { LONGEST_PAUSE_SECONDS, retriesWithin } from './state-retries.js';
import type { GraphJson } from './worst-duration.js';

const KNOWN: Known<LynkLockStatesProps> = { table: true, ...KNOWN_STATES_OPTIONS };

const INPUT = jsonata('$states.input');

/**
 * A lock that steps of a state machine hold, without a Lambda function: states that take it, wait for it, take
 * it over from holders that died, and release it, through Step Functions' own DynamoDB integrations. Lambda
 * functions and Python processes respect its entries, whose holder is the execution's id.
 *
 * Each is one lock in one place of one state machine.
 *
 * @example
 * import { Duration, type Stack } from 'aws-cdk-lib';
 * import { DefinitionBody, StateMachine, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
 * import { LynkLockStates, LynkLockTable } from 'cdk-lynk';
 *
 * declare const stack: Stack;
 * declare const post: TaskStateBase; // with a `taskTimeout`
 *
 * const table = new LynkLockTable(stack, 'Locks');
 * const lock = new LynkLockStates(stack, 'Ledger', { table, name: 'ledger', waitDuration: Duration.minutes(10) });
 * new StateMachine(stack, 'Posting', { definitionBody: DefinitionBody.fromChainable(lock.protect(post)) });
 */
export class LynkLockStates extends Construct {
  /** Identifies this class to `PropertyInjectors`. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-lynk.LynkLockStates';

  /**
   * Takes the lock, or fails with `LockNotGrantedError`. Its output is its input. Chain what it is for, and
   * then `release`.
   */
  readonly acquire: StateMachineFragment;

  /**
   * Releases the lock, or fails with `LockLostError` where the lease was over, and others have taken the lock.
   * Its output is its input.
   */
  readonly release: StateMachineFragment;

  /**
   * Releases the lock after an error, and fails with that error: for the `addCatch` of each state between
   * `acquire` and `release`. Its input is the error, as a catch without a `resultPath` passes it on.
   */
  readonly releaseAndFail: State;

  private readonly props: LynkLockStatesProps;
  private readonly shared: SharedByStates;
  private readonly waitSeconds: number;
  private readonly failed: Fail;
  private steps: Parallel | undefined;

  /**
   * @throws ValidationError where `name` is empty, longer than 2,048 bytes or not well-formed Unicode; where
   * `waitDuration` is longer than a year, or a token; where the table is not in this Region; where `names` is empty or holds what is no lock's name; where
   * the names of its states would be longer than 80 characters. When the state machine is made, also where
   * `leaseDuration` is out of its range, is a token, or is left out and no steps are protected; and where `name` is
   * a path of JSONPath in a state machine of JSONata.
   */
  constructor(scope: Construct, id: string, props: LynkLockStatesProps) {
    super(scope, id);
    this.props = injected(scope, id, LynkLockStates.PROPERTY_INJECTION_ID, props);
    refuseUnknown(this, this.props, KNOWN, 'LynkLockStates');
    validateName(this, this.props.name);
    this.waitSeconds = waitSecondsOf(this, this.props.waitDuration);
    // A variable of an inner scope cannot have the name of one of an outer scope.
    const variable = `$lynk_${this.node.addr.slice(-8)}`;
    this.shared = { tableName: addressOf(this.props.table, this), variable };
    this.failed = this.makeFailed();
    this.releaseAndFail = this.makeReleaseAndFail();
    this.acquire = this.makeAcquire();
    this.release = this.makeRelease();
  }

  /**
   * Wraps steps: they run while the lock is held, and it is released when they are through, and when they fail,
   * with their own error. Input and output of the whole are theirs. Every task among them needs a
   * `taskTimeout`, as the lease has to outlast them; loops and maps are refused.
   *
   * @throws ValidationError where it was called before. When the state machine is made, also where nobody can
   * tell how long the steps take at worst, where `leaseDuration` does not outlast that by 30 seconds, and where it
   * would be longer than a day.
   */
  protect(steps: IChainable): StateMachineFragment {
    if (this.steps) throw refusal(this, '`protect` was called before; each lock takes a `LynkLockStates` of its own');
    // In a state of its own, a `Succeed` or `Fail` among the steps does not go past the release.
    this.steps = new Parallel(this, 'Protected', { stateName: this.stateName('protected') }).branch(steps);
    // Which `States.ALL` does not include.
    this.steps.addCatch(this.releaseAndFail, { errors: ['States.DataLimitExceeded'] });
    this.steps.addCatch(this.releaseAndFail);
    const { startState, endStates } = Chain.start(this.acquire).next(this.steps).next(this.release);
    return new LockFragment(this, 'Locked', this.node.id, startState, endStates);
  }

  /**
   *     draw ──► acquire ──────────────► time left ──► …
   *               ▲   │ others hold it       │ no, and too late
   *               │   ▼                      ▼
   *               │  look ──► wait on ──► release and fail
   *               └───────────────┘
   */
  private makeAcquire(): StateMachineFragment {
    const { shared } = this;
    const draw = this.makeDraw();
    const acquire = this.task('acquire', {
      action: 'updateItem',
      request: (language) => {
        this.validateLanguage(language);
        validateStateNames(this);
        return acquireRequest(shared, this.leaseSeconds());
      },
      assign: acquiredKnowledge(shared),
      policies: this.policies(),
    });
    acquire.addRetry({
      errors: [CONDITION_FAILED],
      interval: Duration.seconds(1),
      maxDelay: Duration.seconds(LONGEST_PAUSE_SECONDS),
      jitterStrategy: JitterType.FULL,
      maxAttempts: retriesWithin(this.waitSeconds),
    });
    acquire.retryInTransit(3);
    const look = this.task('look', {
      action: 'getItem',
      request: () => lookRequest(shared),
      assign: seenKnowledge(shared),
    });
    look.retryInTransit(3);
    const waitOn = this.choice('wait on', notGranted(shared, this.waitSeconds));
    const timeLeft = this.choice('time left', notGranted(shared, this.waitSeconds));
    const patienceMs = `$toMillis(${shared.variable}.waitsSince) + ${this.waitSeconds * 1000}`;
    const hasPatience = isSo(`$not(${shared.variable}.isMalformed) and $millis() < ${patienceMs}`);

    draw.next(acquire);
    acquire.addCatch(look, { errors: [CONDITION_FAILED], outputs: INPUT });
    acquire.addCatch(this.releaseAndFail).next(timeLeft);
    look.addCatch(this.releaseAndFail).next(waitOn);
    waitOn.when(hasPatience, acquire, { outputs: INPUT }).otherwise(this.releaseAndFail);
    const end: INextable = {
      next: (next) => {
        // The request that took the lock may be long ago, where its answer got lost or Step Functions stood
        // still. Then it is taken again, as a refresh would, before the first step.
        const isFresh = isSo(`$millis() - ${shared.variable}.sentMs <= ${START_SECONDS * 1000}`);
        timeLeft
          .when(isFresh, next, { outputs: INPUT })
          .when(hasPatience, acquire, { outputs: INPUT })
          .otherwise(this.releaseAndFail);
        return Chain.sequence(timeLeft, next);
      },
    };
    return new LockFragment(this, 'Acquiring', `${this.node.id}: acquiring`, draw, [end]);
  }

  /** A state without retries: what is drawn stays the same in every attempt to come. */
  private makeDraw(): Pass {
    const { name } = this.props;
    const variable = this.shared.variable.slice(1);
    const stateName = this.stateName('draw');
    if (JsonPath.isEncodedJsonPath(name)) {
      const waitsSince = JsonPath.stringAt('$$.State.EnteredTime');
      const drawn = { name, hold: JsonPath.uuid(), waitsSince, isMalformed: false };
      return Pass.jsonPath(this, 'draw', { stateName, assign: { [variable]: drawn } });
    }
    const waitsSince = jsonata('$states.context.State.EnteredTime');
    const drawn = { name, hold: jsonata('$uuid()'), waitsSince, isMalformed: false };
    return Pass.jsonata(this, 'draw', { stateName, assign: { [variable]: drawn } });
  }

  private makeRelease(): StateMachineFragment {
    // The output of protected steps is in a list, as the one branch's of a parallel state.
    const output = Lazy.string({ produce: () => (this.steps ? jsonata('$states.input[0]') : INPUT) });
    const release = this.task('release', { action: 'deleteItem', request: () => releaseRequest(this.shared), output });
    const whetherLost = this.choice('lost', lost(this.shared));
    const left = Pass.jsonata(this, 'left', { stateName: this.stateName('left') });
    release.addRetry({ errors: [CONDITION_FAILED], maxAttempts: 0 });
    release.retryInTransit(5);
    release.addCatch(whetherLost, { errors: [CONDITION_FAILED], outputs: output });
    // The work is done: what stays behind is free when its lease is over.
    release.addCatch(left, { outputs: output });
    // Within the lease nobody could take it: an earlier attempt has released it, and its answer got lost.
    const { variable } = this.shared;
    whetherLost
      .when(isSo(`$millis() <= ${variable}.sentMs + ${variable}.leaseMs`), left, { outputs: INPUT })
      .otherwise(this.failed);
    return new LockFragment(this, 'Releasing', `${this.node.id}: releasing`, release, [release, left]);
  }

  private makeReleaseAndFail(): State {
    const release = this.task('release after error', {
      action: 'deleteItem',
      request: () => releaseRequest(this.shared),
    });
    release.addRetry({ errors: [CONDITION_FAILED], maxAttempts: 0 });
    // Whatever becomes of the release, the error to tell is the first.
    release.retryInTransit(5).addCatch(this.failed, { outputs: INPUT }).next(this.failed);
    return release;
  }

  /** The execution ends with the error that is the input. */
  private makeFailed(): Fail {
    return Fail.jsonata(this, 'failed', {
      stateName: this.stateName('failed'),
      error: jsonata('$states.input.Error'),
      cause: jsonata('$exists($states.input.Cause) ? $states.input.Cause : ""'),
    });
  }

  private task(does: string, props: EntryTaskPart): EntryTask {
    const { assign, output = INPUT, ...rest } = props;
    const variable = this.shared.variable.slice(1);
    return new EntryTask(this, does, {
      ...rest,
      stateName: this.stateName(does),
      output,
      ...(assign !== undefined && { assign: { [variable]: assign } }),
    });
  }

  private choice(does: string, outputs: Record<string, string>): Choice {
    return Choice.jsonata(this, does, { stateName: this.stateName(does), outputs });
  }

  private stateName(does: string): string {
    return stateNameOf(this, does);
  }

  /** To JSONata, a path is a text: all would ask for one lock, which is called by the path. */
  private validateLanguage(language: QueryLanguage | undefined): void {
    const { name } = this.props;
    if (language !== QueryLanguage.JSONATA || !JsonPath.isEncodedJsonPath(name)) return;
    const given = shown(Stack.of(this).resolve(name));
    const way = "in a state machine of JSONata, it is {% … %}, such as {% 'account/' & $states.input.accountId %}";
    throw refusal(this, `\`name\` is ${given}, of JSONPath; ${way}`);
  }

  /** For the lease that is written; asked for when the state machine is made, and the steps are complete. */
  private leaseSeconds(): number {
    const rendered = this.steps?.toStateJson() as { readonly Branches: readonly GraphJson[] } | undefined;
    return leaseSecondsOf(this, this.props.leaseDuration, rendered?.Branches[0]);
  }

  private policies(): PolicyStatement[] {
    const { table, name, names } = this.props;
    const isKnown = !JsonPath.isEncodedJsonPath(name) && !isJsonata(name);
    const conditions = onlyNames(this, names ?? (isKnown ? [patternOf(name)] : undefined));
    return table.grants._statementsForStates(conditions);
  }
}

/** What the tasks differ in. */
interface EntryTaskPart extends Pick<EntryTaskProps, 'action' | 'request' | 'policies'> {
  /** What is known from the answer. */
  readonly assign?: string;
  readonly output?: string;
}

function isSo(condition: string): Condition {
  return Condition.jsonata(jsonata(condition));
}

function isJsonata(name: string): boolean {
  return !JsonPath.isEncodedJsonPath(name) && /^\{%.*%\}$/s.test(name);
}
