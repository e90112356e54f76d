import { type INextable, State, StateMachineFragment } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** The prefixes of the states' names, by lock. */
const prefixes = new WeakMap<Construct, Set<string>>();

/** A part of a lock's states, with its start and its ends. */
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

  /** The name that `toSingleState` gives the state. It is unique in a state machine; the construct's own id is not. */
  override get id(): string {
    return this.stateId;
  }

  /** Adds a prefix to all states of the lock, once. The states belong to the lock, not to this construct. */
  override prefixStates(prefix = `${this.id}: `): StateMachineFragment {
    const before = prefixes.get(this.lock) ?? new Set([`${this.lock.node.id}: `]);
    if (!before.has(prefix)) State.prefixStates(this.lock, prefix);
    prefixes.set(this.lock, before.add(prefix));
    return this;
  }
}
