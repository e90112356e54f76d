/** What all ways of setting a lock table up have to agree on, in one form. */
export interface Rendered {
  readonly table: {
    readonly key: readonly object[];
    readonly attributes: readonly object[];
    readonly billing: unknown;
    readonly timeToLive: unknown;
    readonly tags: unknown;
  };
  readonly permission: Permission;
  /** With `the table` for its name. */
  readonly environment: Readonly<Record<string, unknown>>;
}

/** A statement of IAM without where it applies. */
export interface Permission {
  readonly effect: string;
  readonly actions: ReadonlySet<string>;
  readonly conditions: unknown;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a template has, the test finds out
  readonly Properties: any;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Of a template that has one lock table and one function. */
export function renderedBy(template: Template): Rendered {
  const resources = Object.entries(template.Resources);
  const [id, table] = only(resources.filter(([, { Type }]) => Type.startsWith('AWS::DynamoDB::')));
  const [, fn] = only(resources.filter(([, { Type }]) => Type === 'AWS::Lambda::Function'));
  const { KeySchema, AttributeDefinitions, BillingMode, TimeToLiveSpecification, Tags, Replicas } = table.Properties;
  const variables: Record<string, unknown> = fn.Properties.Environment.Variables;
  const isTable = (value: unknown): boolean => JSON.stringify(value) === JSON.stringify({ Ref: id });
  const environment = Object.entries(variables).map(([key, value]) => [key, isTable(value) ? 'the table' : value]);
  return {
    table: {
      key: KeySchema,
      attributes: AttributeDefinitions,
      billing: BillingMode,
      timeToLive: TimeToLiveSpecification,
      tags: Tags ?? Replicas[0].Tags,
    },
    permission: permissionOf(only(statementsOn(template, { 'Fn::GetAtt': [id, 'Arn'] }))),
    environment: Object.fromEntries(environment),
  };
}

export function permissionOf({ Effect, Action, Condition }: Statement): Permission {
  const conditions = Object.entries(Condition ?? {}).map(([test, keys]) => [
    test,
    Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, [values].flat()])),
  ]);
  return { effect: Effect, actions: new Set([Action].flat()), conditions: Object.fromEntries(conditions) };
}

function statementsOn(template: Template, resource: object): Statement[] {
  const documents = Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    if (Type === 'AWS::IAM::Policy') return [Properties.PolicyDocument];
    if (Type !== 'AWS::IAM::Role') return [];
    return (Properties.Policies ?? []).map((policy: { PolicyDocument: unknown }) => policy.PolicyDocument);
  });
  const statements: Statement[] = documents.flatMap(({ Statement }) => Statement);
  return statements.filter(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(resource));
}

export function only<T>(found: readonly T[]): T {
  if (found.length !== 1 || found[0] === undefined) throw new Error(`expected one, found ${found.length}`);
  return found[0];
}
