import type { State } from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import { refusal, shown } from './refusal.js';

/** Step Functions' limit for the name of a state, in characters. */
const LONGEST_STATE_NAME = 80;
const MOST = `a state's name has ${LONGEST_STATE_NAME} characters at most`;

/** The name of the state of a lock that does this. Throws if the name is too long. */
export function stateNameOf(lock: IConstruct, does: string): string {
  const name = `${lock.node.id}: ${does}`;
  if (name.length <= LONGEST_STATE_NAME) return name;
  throw refusal(lock, `\`id\` is ${shown(lock.node.id)}, too long for ${shown(name)}: ${MOST}`);
}

/** Whether the names of states that begin with this id are too long. */
export function isTooLongForStates(id: string): boolean {
  return `${id}: release after error`.length > LONGEST_STATE_NAME;
}

/** Throws if a prefix makes a name too long. Prefixes are added after the states are created. */
export function validateStateNames(lock: IConstruct): void {
  const states = lock.node.findAll().filter((child): child is State => 'stateId' in child);
  const long = states.find(({ stateId }) => stateId.length > LONGEST_STATE_NAME);
  if (!long) return;
  const way = 'give a shorter `id`, or a shorter prefix';
  throw refusal(lock, `with its prefixes, a state is called ${shown(long.stateId)}, too long: ${MOST}; ${way}`);
}
