/** Which folder may import what; asserted by test/dependencies.test.ts, which also sees it fail. */
const never = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } });
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { pathNot: [...allowed, 'node_modules'], dependencyTypesNot: ['core'] },
});

/**
 * The rooms that every lock goes through, in their order: each may import those before it. The store is no room of
 * these: it implements the port in core/, and client/ alone puts one in.
 */
const ROOMS = [
  'protocol',
  'core',
  'observe',
  'options',
  'entry',
  'hold',
  'acquire',
  'recipes',
  'admin',
  'client',
  'durable',
];
/** Hands on the table have nothing to do with holding a lock. */
const NOT_FOR_ADMIN = ['hold', 'acquire', 'recipes'];

const roomRules = ROOMS.map((room, index) => {
  const before = ROOMS.slice(0, index + 1).filter((other) => room !== 'admin' || !NOT_FOR_ADMIN.includes(other));
  const stores = room === 'client' ? ['store'] : [];
  const errors = room === 'protocol' ? [] : ['^runtime/errors\\.ts$'];
  return only(`${room}-imports-what-is-above`, `^runtime/${room}/`, [
    `^runtime/(${[...before, ...stores].join('|')})/`,
    ...errors,
  ]);
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    // Readers read one file after another, so not even types may form a circle.
    { name: 'no-circle-of-types', severity: 'error', from: { path: '^(bin|lib|runtime)/' }, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    never('runtime-without-cdk', '^runtime/', 'node_modules/(aws-cdk-lib|constructs)/'),
    only('lib-is-apart', '^lib/', ['^lib/', '^runtime/protocol/wire']),
    never('lib-without-clients', '^lib/', 'node_modules/@aws-sdk/'),
    only('runtime-is-apart', '^runtime/', ['^runtime/']),
    only('the-tool-is-a-client', '^bin/(cdk-lynk|cli/)', ['^bin/(cdk-lynk|cli/|timeline/)', '^runtime/']),
    only('a-drawing-is-a-drawing', '^bin/timeline/', ['^bin/timeline/']),
    never('the-tool-without-packages', '^bin/(cdk-lynk|cli/|timeline/)', 'node_modules'),
    ...roomRules,
    never('protocol-has-no-packages', '^runtime/protocol/', 'node_modules'),
    {
      name: 'protocol-has-no-io',
      severity: 'error',
      from: { path: '^runtime/protocol/' },
      to: { dependencyTypes: ['core'] },
    },
    only('store-implements-the-port', '^runtime/store/', [
      '^runtime/(store|protocol)/',
      '^runtime/core/store\\.ts$',
      '^runtime/errors\\.ts$',
    ]),
    only('errors-know-no-room', '^runtime/errors', ['^runtime/protocol/']),
    never('only-a-client-has-a-store', '^runtime/(?!client/|light/|store/|testing/)', '^runtime/store/'),
    {
      name: 'light-without-the-sdk',
      severity: 'error',
      from: { path: '^runtime/light/' },
      to: { path: ['node_modules/@aws-sdk/', '^runtime/(index|client/default|store/client)'], reachable: true },
    },
    never('light-is-an-entry', '^runtime/(?!light/)', '^runtime/light/'),
    never('only-light-knows-smithy', '^runtime/(?!light/)', 'node_modules/@smithy/'),
    never(
      'only-its-entry-traces',
      '^runtime/(?!opentelemetry/)',
      '(node_modules/@opentelemetry/|^runtime/opentelemetry/)',
    ),
    never('durable-is-an-entry', '^runtime/(?!durable/)', '^runtime/durable/'),
    never('testing-is-for-tests', '^runtime/(?!testing/)', '^runtime/testing/'),
    {
      name: 'testing-without-dynamodb',
      severity: 'error',
      from: { path: '^runtime/testing/' },
      to: {
        path: ['node_modules/@aws-sdk/', '^runtime/(index|client/default)', '^runtime/store/(client|dynamodb)'],
        reachable: true,
      },
    },
    never('only-the-store-knows-dynamodb', '^runtime/(?!store/|client/default\\.ts$)', 'node_modules/@aws-sdk/'),
    never('only-its-entry-knows-powertools', '^runtime/(?!powertools/)', 'node_modules/@aws-lambda-powertools/'),
    never('nothing-runs-on-middy', '^runtime/', 'node_modules/@middy/'),
    never('the-client-knows-no-framework', '^runtime/(?!powertools/|middy/)', '^runtime/(powertools|middy)/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
