import { type INextable, type State, StateMachineFragment } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** A piece of a state machine, by its start and its ends. */
export class LockFragment extends StateMachineFragment {
  constructor(
    scope: Construct,
    id: string,
    readonly startState: State,
    readonly endStates: INextable[],
  ) {
    super(scope, id);
  }
}
