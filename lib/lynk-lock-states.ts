import { Lazy, Stack, Token } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  Chain,
  Fail,
  type IChainable,
  JsonPath,
  Parallel,
  QueryLanguage,
  type State,
  type StateMachineFragment,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { type AcquiringProps, acquiring } from './acquiring.js';
import { acquiringPermit } from './acquiring-permit.js';
import { addressOf } from './connection.js';
import { acquireRequest, isStillProtected, jsonata, releaseRequest } from './entry-requests.js';
import { CONDITION_FAILED, type EntryTask } from './entry-task.js';
import { type Known, refuseUnknown } from './known-props.js';
import { LockFragment } from './lock-fragment.js';
import { onlyNames, patternOf, validateName } from './lock-names.js';
import { lost } from './lock-outcomes.js';
import { INPUT, isSo, LockStateFactory } from './lock-state-factory.js';
import { KNOWN_STATES_OPTIONS } from './lynk-lock-states-options.js';
import type { LynkLockStatesProps } from './lynk-lock-states-props.js';
import { PERMIT_STATES_ACTIONS, STATES_ACTIONS } from './permissions.js';
import { injected } from './property-injection.js';
import { refusal, shown } from './refusal.js';
import { leaseSecondsOf, waitSecondsOf } from './state-lease.js';
import { validateStateNames } from './state-names.js';
import type { GraphJson } from './worst-duration.js';

const KNOWN: Known<LynkLockStatesProps> = { table: true, ...KNOWN_STATES_OPTIONS };

/**
 * A lock that steps of a state machine hold, without a Lambda function. Its states acquire the lock, wait for it, take
 * it over from dead holders, and release it. They use Step Functions' DynamoDB integrations. Lambda functions and
 * Python processes respect its entries. The holder in an entry is the execution's id.
 *
 * Use one instance for one lock in one place of one state machine.
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
   * Acquires the lock, or fails with `LockNotGrantedError`. Its output is its input. Chain the steps that need the lock
   * after it, and then `release`.
   */
  readonly acquire: StateMachineFragment;

  /**
   * Releases the lock, or fails with `LockLostError` if the lease was over and others have taken the lock.
   * Its output is its input.
   */
  readonly release: StateMachineFragment;

  /**
   * Releases the lock after an error, and fails with that error. Pass it to `addCatch` of each state between `acquire`
   * and `release`. Its input is the error, so the catch must not have a `resultPath`.
   */
  readonly releaseAndFail: State;

  private readonly props: LynkLockStatesProps;
  private readonly states: LockStateFactory;
  private readonly failed: Fail;
  private steps: Parallel | undefined;
  /** The pieces that are part of a state machine. */
  private readonly chained = new Set<'acquire' | 'release'>();

  /**
   * @throws ValidationError if `name` is empty, longer than 2,048 bytes or not well-formed Unicode; if `waitDuration`
   * is longer than a year, or a token; if the table is neither in this Region nor replicated to it; if `names` is empty
   * or contains an invalid lock name; if `permits` is out of range, or a token; if the names of its states would be
   * longer than 80 characters. When the state machine is created, also if `leaseDuration` is out of range or a token;
   * if it is missing and no steps are protected; and if `name` is a JSONPath in a state machine that uses JSONata.
   *
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param props The table, and the lock that the steps hold.
   */
  constructor(scope: Construct, id: string, props: LynkLockStatesProps) {
    super(scope, id);
    this.props = injected(scope, id, LynkLockStates.PROPERTY_INJECTION_ID, props);
    refuseUnknown(this, this.props, KNOWN, 'LynkLockStates');
    validateName(this, this.props.name);
    validatePermits(this, this.props);
    // A variable of an inner scope cannot have the same name as one of an outer scope.
    const variable = `$lynk_${this.node.addr.slice(-8)}`;
    this.states = new LockStateFactory(this, { tableName: addressOf(this.props.table, this), variable });
    this.failed = this.makeFailed();
    this.releaseAndFail = this.makeReleaseAndFail();
    this.acquire = this.makeAcquire();
    this.release = this.makeRelease();
    this.node.addValidation({ validate: () => this.unchained() });
  }

  /**
   * Wraps steps, so that they run while the lock is held. The lock is released when the steps succeed or fail. Their
   * input, output and error are passed on unchanged. Every task needs a `taskTimeout`, because the lease has to be
   * longer than the steps can take. Loops and maps are not allowed.
   *
   * @param steps A state, or a chain of states.
   * @throws ValidationError if it was called before. When the state machine is created, also if it is unknown how long
   * the steps can take; if `leaseDuration` is not at least 30 seconds longer than that; and if the lease would be
   * longer than a day.
   * @example
   * import { Duration, type Stack } from 'aws-cdk-lib';
   * import { DefinitionBody, StateMachine, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
   * import { type ILynkLockTable, LynkLockStates } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const locks: ILynkLockTable;
   * declare const charge: TaskStateBase; // with a `taskTimeout`
   *
   * const lock = new LynkLockStates(stack, 'Ledger', { table: locks, name: 'ledger', waitDuration: Duration.minutes(5) });
   * new StateMachine(stack, 'Billing', { definitionBody: DefinitionBody.fromChainable(lock.protect(charge)) });
   */
  protect(steps: IChainable): StateMachineFragment {
    if (this.steps) throw refusal(this, '`protect` was called before; each lock takes a `LynkLockStates` of its own');
    // The steps run in a parallel state, so that a `Succeed` or `Fail` among them does not skip the release.
    this.steps = new Parallel(this, 'Protected', { stateName: this.states.stateName('protected') }).branch(steps);
    // `States.ALL` does not include this error.
    this.steps.addCatch(this.releaseAndFail, { errors: ['States.DataLimitExceeded'] });
    this.steps.addCatch(this.releaseAndFail);
    const { startState, endStates } = Chain.start(this.acquire).next(this.steps).next(this.release);
    const ends = [...endStates, ...(this.props.otherwise?.endStates ?? [])];
    return new LockFragment(this, 'Locked', this.node.id, startState, ends);
  }

  private makeAcquire(): StateMachineFragment {
    const { name, waitDuration, permits, otherwise } = this.props;
    const props: AcquiringProps = {
      name,
      waitSeconds: waitSecondsOf(this, waitDuration),
      request: (language) => {
        this.chained.add('acquire');
        this.validateLanguage(language);
        validateStateNames(this);
        return acquireRequest(this.states.shared, this.leaseSeconds());
      },
      policies: this.policies(),
      releaseAndFail: this.releaseAndFail,
      ...(otherwise && { releaseAndSkip: this.makeReleaseAndSkip(otherwise) }),
    };
    return permits === undefined ? acquiring(this.states, props) : acquiringPermit(this.states, props, permits);
  }

  private makeRelease(): StateMachineFragment {
    // The output of protected steps is in a list, because they are the one branch of a parallel state.
    const output = Lazy.string({ produce: () => (this.steps ? jsonata('$states.input[0]') : INPUT) });
    const { shared } = this.states;
    const release = this.releaseTask('release', output);
    const whetherLost = this.states.choice('lost', lost(shared));
    const left = this.states.pass('left');
    release.addCatch(whetherLost, { errors: [CONDITION_FAILED], outputs: output });
    // The work is done. An entry that could not be deleted becomes free when its lease ends.
    release.addCatch(left, { outputs: output });
    // Nobody else could acquire the lock. So an earlier attempt has released it, and the answer was lost.
    whetherLost.when(isSo(isStillProtected(shared)), left, { outputs: INPUT }).otherwise(this.failed);
    return new LockFragment(this, 'Releasing', `${this.node.id}: releasing`, release, [release, left]);
  }

  private makeReleaseAndFail(): State {
    const release = this.releaseTask('release after error');
    // The execution fails with the first error, even if the release fails.
    release.addCatch(this.failed, { outputs: INPUT }).next(this.failed);
    return release;
  }

  /**
   * Releases the lock before `otherwise` runs. There is only something to release if the answer to a request was lost.
   */
  private makeReleaseAndSkip(otherwise: IChainable): State {
    const release = this.releaseTask('release and skip');
    release.addCatch(otherwise, { outputs: INPUT }).next(otherwise);
    return release;
  }

  private releaseTask(does: string, output = INPUT): EntryTask {
    const request = (): object => {
      if (does === 'release') this.chained.add('release');
      return releaseRequest(this.states.shared);
    };
    const release = this.states.task(does, { action: 'deleteItem', request, output });
    release.addRetry({ errors: [CONDITION_FAILED], maxAttempts: 0 });
    return release.retryInTransit(5);
  }

  /** Fails the execution with the error in the input. */
  private makeFailed(): Fail {
    return Fail.jsonata(this, 'failed', {
      stateName: this.states.stateName('failed'),
      error: jsonata('$states.input.Error'),
      cause: jsonata('$exists($states.input.Cause) ? $states.input.Cause : ""'),
    });
  }

  /** Problems with how the pieces are chained. */
  private unchained(): string[] {
    const { chained, steps } = this;
    if (chained.has('acquire') && !chained.has('release')) {
      return ['`acquire` is in a state machine, but `release` is not: the lock is held for its whole lease'];
    }
    if (chained.has('acquire')) return [];
    const what = steps ? 'what `protect` has returned' : '`acquire`';
    const way = steps
      ? 'DefinitionBody.fromChainable(locks.protect(steps, …))'
      : 'lock.acquire.next(steps).next(lock.release)';
    return [`${what} is in no state machine, so no step runs under the lock; chain it: ${way}`];
  }

  /**
   * Throws for a JSONPath in a state machine of JSONata. JSONata treats the path as text, so all executions would use
   * the same lock, named after the path.
   */
  private validateLanguage(language: QueryLanguage | undefined): void {
    const { name } = this.props;
    if (language !== QueryLanguage.JSONATA || !JsonPath.isEncodedJsonPath(name)) return;
    const given = shown(Stack.of(this).resolve(name));
    const way = "in a state machine of JSONata, it is {% … %}, such as {% 'account/' & $states.input.accountId %}";
    throw refusal(this, `\`name\` is ${given}, of JSONPath; ${way}`);
  }

  /** The lease to write. It is computed when the state machine is created, after the steps are complete. */
  private leaseSeconds(): number {
    const rendered = this.steps?.toStateJson() as { readonly Branches: readonly GraphJson[] } | undefined;
    return leaseSecondsOf(this, this.props.leaseDuration, rendered?.Branches[0]);
  }

  private policies(): PolicyStatement[] {
    const { table, name, names, permits } = this.props;
    const isKnown = !JsonPath.isEncodedJsonPath(name) && !isJsonata(name);
    const suffix = permits === undefined ? '' : '#*';
    const conditions = onlyNames(this, names ?? (isKnown ? [patternOf(name) + suffix] : undefined));
    const actions = permits === undefined ? STATES_ACTIONS : PERMIT_STATES_ACTIONS;
    return table.grants._statementsForStates(actions, conditions);
  }
}

/** Applies the client's limit: one request reads at most 100 entries. */
function validatePermits(scope: Construct, { name, permits }: LynkLockStatesProps): void {
  if (permits === undefined) return;
  if (Token.isUnresolved(permits)) throw refusal(scope, '`permits` has to be known at synth, got a token');
  if (!Number.isInteger(permits) || permits < 1 || permits > 100) {
    throw refusal(scope, `\`permits\` is a whole number from 1 to 100, got ${shown(permits)}`);
  }
  if (!Token.isUnresolved(name) && !isJsonata(name)) validateName(scope, `${name}#${permits - 1}`);
}

function isJsonata(name: string): boolean {
  return !JsonPath.isEncodedJsonPath(name) && /^\{%.*%\}$/s.test(name);
}
