import { Comment, CommentTag, ReflectionKind } from 'typedoc';

/**
 * Under which heading an entry point's page shows what it exports, in this order: the first that fits.
 * @type {readonly (readonly [category: string, names: RegExp])[]}
 */
const CATEGORIES = [
  [
    'Constructs',
    /^Lynk(LockTable|LockTables|LockMonitoring|LockStates|LockGrants)$|^LynkLock(TableBase|Metrics)$|^ILynk/,
  ],
  ['Taking locks', /^(withLocks?|tryWithLock|singleFlight|getLockFactory|LockFactory|Lock|Semaphore)$/],
  ['Taking locks', /^(tryWith|with)Durable\w+$/],
  [
    'Tests',
    /^(createTestLocks|TestLocks|VirtualTestLocks|TestTime|Simulation|OtherHolder|Fault|LockRequest|LossReason)$/,
  ],
  ['Errors', /Error(Details)?$|^LockNotGrantedDetails$|^LockLostReason$/],
  ['Logs, metrics and events', /Event(Of)?$|Observer$|Metrics?$|^Logger$|^LockAttempt$|Tracing|Powertools|^emf|^Emf/],
  ['In Lambda', /^(locked|makeLocked|stickyLock|StickyLock|StickyHold|InvocationContext|OnNotGranted|lockMiddleware)$/],
  ['In Lambda', /^(heldLock|Middy\w+|LockMiddleware|Locked(Decorator)|LockableMethod)$/],
  [
    'While a lock is held',
    /^(currentHold|HeldLocks?|DurableHeldLock|Work\w*|DurableWork|TransactionItem|LockConditionCheck)$/,
  ],
  ['While a lock is held', /^(Durable(Step|Child)Work|StepContextOf)$/],
  ['Who holds a lock', /^(LockHolder|LockInspection|TryOutcome|DurableTryOutcome)$/],
  ['Options', /(Options(With)?|Settings|Props|Attributes|Defaults)$|^Lease$|^CredentialsProvider$|^AwsCredentials$/],
  ['Parts of the durable SDK', /^(StepSerdes\w*|RetryDecision|DurableStepConfig|DurableDuration|DurableContext)$/],
];

export const CATEGORY_ORDER = [...new Set(CATEGORIES.map(([category]) => category)), '*'];

/**
 * Puts what each entry point exports under its heading.
 * @param {import('typedoc').ProjectReflection} project
 */
export function categorize(project) {
  const unknown = [];
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    for (const child of module.children ?? []) {
      const category = CATEGORIES.find(([, names]) => names.test(child.name))?.[0];
      if (category === undefined) unknown.push(`${module.name}: ${child.name}`);
      child.comment ??= new Comment();
      child.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category ?? 'Other' }]));
    }
  }
  if (unknown.length > 0) throw new Error(`docs/site/categories.mjs has no category for ${unknown.join(', ')}`);
}
