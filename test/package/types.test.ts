import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer, PEERS } from './consumer.js';
import { COMPILER_LINES, type CompilerLine, compilerOf } from './toolchains.js';

const consumer = new Consumer();
/** One whose packages are as old as may be. */
const late = new Consumer();
beforeAll(async () => {
  await consumer.install([...PEERS, '@types/aws-lambda', '@types/node']);
  await late.installLowest(['@types/aws-lambda', '@types/node']);
});
afterAll(() => {
  consumer.remove();
  late.remove();
});

const CONSTRUCT = { construct: 'cdk-lynk', core: 'aws-cdk-lib' };
const CLIENT = {
  client: 'cdk-lynk/runtime',
  light: 'cdk-lynk/runtime/light',
  testing: 'cdk-lynk/testing',
  powertools: 'cdk-lynk/runtime/powertools',
  middy: 'cdk-lynk/runtime/middy',
  tracing: 'cdk-lynk/runtime/opentelemetry',
};

/**
 * Uses every entry point. Were a declaration not found, or of no use, its names would be of type `any`: then the
 * mistakes would be none, and each `@ts-expect-error` be one.
 */
const USE_CONSTRUCT = `
const stack = new core.Stack(new core.App(), 'Billing');
const table: construct.ILynkLockTable = new construct.LynkLockTable(stack, 'Locks', { leaseDuration: core.Duration.seconds(20) });
new construct.LynkLockMonitoring(stack, 'Monitoring', { table });
// @ts-expect-error a number is no duration
new construct.LynkLockTable(stack, 'Wrong', { leaseDuration: 20 });
`;
const USE_CLIENT = `
const factory: client.LockFactory = client.getLockFactory('my-locks', {
  leaseSeconds: 10,
  ...powertools.lockPowertools({ serviceName: 'billing' }),
  observers: [tracing.lockTracing()],
});
// @ts-expect-error a text is no number of seconds
client.getLockFactory('my-locks', { leaseSeconds: '10' });

export const result: Promise<number> = factory.withLock('a', async (held: client.HeldLock) => {
  held.assertHeld({ forSeconds: 2 });
  // @ts-expect-error nobody makes a hold of a lost one
  held.isHeld = true;
  return held.remainingSeconds;
});
// @ts-expect-error what the work resolves to is a number
export const text: Promise<string> = factory.withLock('a', async () => 1);

export const outcome = factory.tryWithLock('a', async () => 1).then((tried) => {
  // @ts-expect-error there is a value only where the lock was acquired
  tried.value;
  return tried.acquired ? tried.value : String(tried.holder);
});

export const lightly: Promise<number> = light.withLock('a', { waitSeconds: 1 }, () => 1);
// @ts-expect-error the light client takes no client of the SDK
light.getLockFactory('my-locks', { client: {} });

export const handler = client.makeLocked(async (event: { id: string }, _: client.InvocationContext) => event.id, {
  name: (event) => event.id,
});
// @ts-expect-error the event has an id
handler({}, { awsRequestId: 'a', getRemainingTimeInMillis: () => 1 });

export class Jobs {
  @client.locked({ name: (id: string) => id })
  async run(id: string): Promise<string> {
    return id;
  }
}

export const middleware = middy.lockMiddleware<{ id: string }>({ name: (event) => event.id });
// @ts-expect-error the event has an id, and no name
middy.lockMiddleware<{ id: string }>({ name: (event) => event.name });
// @ts-expect-error a text is no provider
tracing.lockTracing({ tracerProvider: 'global' });

export async function tested(): Promise<Date> {
  using locks = testing.createTestLocks({ time: 'virtual' });
  await locks.simulate.heldByOther('a', { leaseSeconds: 10 });
  await locks.time.advance(1);
  // @ts-expect-error there are no minutes
  locks.time.advance('1m');
  return locks.time.now();
}
export async function disposed(): Promise<boolean> {
  await using held = await factory.createLock('a').acquire({ waitSeconds: 1 });
  return held.isHeld;
}
export const explained = (error: unknown): client.LockLostReason | undefined =>
  error instanceof client.LockLostError ? error.reason : undefined;
`;

/** How each kind of module imports. */
const IMPORTING = {
  esm: ([name, from]: readonly [string, string]) => `import * as ${name} from '${from}';`,
  cjs: ([name, from]: readonly [string, string]) => `import ${name} = require('${from}');`,
};
const MODULE_OF = { nodenext: 'nodenext', bundler: 'preserve', node10: 'commonjs' };

interface Project {
  readonly moduleResolution: keyof typeof MODULE_OF;
  readonly uses: 'everything' | 'client';
  /** Beside what every project has. */
  readonly options: Readonly<Record<string, boolean>>;
}

/** What this compiler says of a project of the consumer that has an ES module and a CommonJS one. */
async function compiled(line: CompilerLine, described: Project, user = consumer): Promise<string> {
  const { moduleResolution, uses, options } = described;
  const project = [line, moduleResolution, uses, ...Object.keys(options)].join('-');
  const names = uses === 'everything' ? { ...CONSTRUCT, ...CLIENT } : CLIENT;
  const code = uses === 'everything' ? USE_CONSTRUCT + USE_CLIENT : USE_CLIENT;
  for (const kind of ['esm', 'cjs'] as const) {
    const folder = join(project, kind);
    mkdirSync(join(user.folder, folder), { recursive: true });
    user.write(join(folder, 'package.json'), JSON.stringify({ type: kind === 'esm' ? 'module' : 'commonjs' }));
    user.write(join(folder, 'use.ts'), [...Object.entries(names).map(IMPORTING[kind]), code].join('\n'));
  }
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable', 'esnext.decorators'],
    module: MODULE_OF[moduleResolution],
    moduleResolution,
    types: ['node'],
    noEmit: true,
    strict: true,
    ...options,
  };
  const include = ['esm/use.ts', 'cjs/use.ts'];
  user.write(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }));
  return user.run(process.execPath, [compilerOf(line), '-p', project]);
}

/** Stricter than strict. The declarations of aws-cdk-lib do not stand up to it themselves, and are not looked at. */
const STRICTEST = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true };

describe.each(COMPILER_LINES)('TypeScript %s', (line) => {
  test.each(['nodenext', 'bundler'] as const)('compiles what uses every entry point, found as by %s', async (by) => {
    expect(await compiled(line, { moduleResolution: by, uses: 'everything', options: STRICTEST })).toBe('');
  });

  test('finds no fault in the declarations of the client', async () => {
    expect(await compiled(line, { moduleResolution: 'nodenext', uses: 'client', options: {} })).toBe('');
  });
});

test.each(COMPILER_LINES)(
  'TypeScript %s needs no newer library than ES2022’s for our own declarations',
  async (line) => {
    const folder = `lean-${line}`;
    mkdirSync(join(consumer.folder, folder));
    // Neither has types of Node.js or of the SDK, which would bring the newer parts with them.
    const imports = "import * as light from 'cdk-lynk/runtime/light';\nimport * as testing from 'cdk-lynk/testing';\n";
    consumer.write(join(folder, 'use.ts'), `${imports}console.log(light, testing);\n`);
    const compilerOptions = { target: 'es2022', module: 'nodenext', types: [], noEmit: true, strict: true };
    consumer.write(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['use.ts'] }));
    expect(await consumer.run(process.execPath, [compilerOf(line), '-p', folder])).toBe('');
  },
);

test('TypeScript 5.9 finds every entry point as CDK apps of old have it, which know no exports map', async () => {
  expect(await compiled('5.9', { moduleResolution: 'node10', uses: 'everything', options: STRICTEST })).toBe('');
});

test('nor is there one in those of the construct', async () => {
  // By the one compiler that gets through those of aws-cdk-lib in seconds.
  expect(await compiled('7', { moduleResolution: 'nodenext', uses: 'everything', options: {} })).toBe('');
});

test('nor with the lowest versions of all peers', async () => {
  expect(await compiled('7', { moduleResolution: 'nodenext', uses: 'everything', options: {} }, late)).toBe('');
});
