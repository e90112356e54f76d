import { Choice, Condition, JsonPath, Pass, type PassJsonataProps } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { jsonata, type SharedByStates } from './entry-requests.js';
import { EntryTask, type EntryTaskProps } from './entry-task.js';
import { stateNameOf } from './state-names.js';

/** The output of a state that returns its input. */
export const INPUT = jsonata('$states.input');

/** The props that differ from task to task. */
export interface EntryTaskPart extends Pick<EntryTaskProps, 'action' | 'request' | 'policies'> {
  /** The new value of the variable, from the answer. */
  readonly assign?: string;
  readonly output?: string;
}

/** Creates the states of one lock. Each is named after what it does, and all share a variable. */
export class LockStateFactory {
  constructor(
    readonly scope: Construct,
    readonly shared: SharedByStates,
  ) {}

  task(does: string, { assign, output = INPUT, ...rest }: EntryTaskPart): EntryTask {
    return new EntryTask(this.scope, does, {
      ...rest,
      stateName: this.stateName(does),
      output,
      ...(assign !== undefined && { assign: this.knowing(assign) }),
    });
  }

  choice(does: string, outputs: Record<string, string>): Choice {
    return Choice.jsonata(this.scope, does, { stateName: this.stateName(does), outputs });
  }

  pass(does: string, props: PassJsonataProps = {}): Pass {
    return Pass.jsonata(this.scope, does, { stateName: this.stateName(does), ...props });
  }

  /** Creates the state that draws the hold. It has no retries, so every later attempt uses the same hold. */
  draw(name: string): Pass {
    const drawn = { name, isMalformed: false };
    const stateName = this.stateName('draw');
    if (JsonPath.isEncodedJsonPath(name)) {
      const waitsSince = JsonPath.stringAt('$$.State.EnteredTime');
      const assign = this.knowing({ ...drawn, hold: JsonPath.uuid(), waitsSince });
      return Pass.jsonPath(this.scope, 'draw', { stateName, assign });
    }
    const waitsSince = jsonata('$states.context.State.EnteredTime');
    const assign = this.knowing({ ...drawn, hold: jsonata('$uuid()'), waitsSince });
    return Pass.jsonata(this.scope, 'draw', { stateName, assign });
  }

  stateName(does: string): string {
    return stateNameOf(this.scope, does);
  }

  /** Assigns a new value to the variable. */
  private knowing<Value>(value: Value): Record<string, Value> {
    return { [this.shared.variable.slice(1)]: value };
  }
}

/** A condition of a choice. */
export function isSo(condition: string): Condition {
  return Condition.jsonata(jsonata(condition));
}
