import { type INextable, State, StateMachineFragment } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** Of each lock, what its states' names begin with. */
const prefixes = new WeakMap<Construct, Set<string>>();

/** A piece of a lock's states, by its start and its ends. */
export class LockFragment extends StateMachineFragment {
  constructor(
    private readonly lock: Construct,
    id: string,
    private readonly stateId: string,
    readonly startState: State,
    readonly endStates: INextable[],
  ) {
    super(lock, id);
  }

  /** What `toSingleState` calls the state: unique in a state machine, unlike the construct's own. */
  override get id(): string {
    return this.stateId;
  }

  /** The states are the lock's, not this construct's: each prefix is for all of them, whichever piece gets it. */
  override prefixStates(prefix = `${this.id}: `): StateMachineFragment {
    const before = prefixes.get(this.lock) ?? new Set([`${this.lock.node.id}: `]);
    if (!before.has(prefix)) State.prefixStates(this.lock, prefix);
    prefixes.set(this.lock, before.add(prefix));
    return this;
  }
}
