import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  type UpdateTimeToLiveCommandInput,
} from '@aws-sdk/client-dynamodb';

/** The properties of a table as CloudFormation spells them. */
export interface TableResource
  extends Pick<CreateTableCommandInput, 'KeySchema' | 'AttributeDefinitions' | 'BillingMode'> {
  readonly TableName: string;
  readonly TimeToLiveSpecification?: UpdateTimeToLiveCommandInput['TimeToLiveSpecification'];
  /** Of a global table, which keeps its tags there. */
  readonly Replicas?: readonly { readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] }[];
}

/** Creates the table that a template describes. */
export async function createTable(client: DynamoDBClient, table: TableResource): Promise<void> {
  const { TableName, KeySchema, AttributeDefinitions, BillingMode, TimeToLiveSpecification, Replicas } = table;
  const Tags = Replicas?.[0]?.Tags?.map((tag) => ({ ...tag }));
  await client.send(
    new CreateTableCommand({ TableName, KeySchema, AttributeDefinitions, BillingMode, ...(Tags && { Tags }) }),
  );
  if (TimeToLiveSpecification) {
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  }
}

/** A lock table, for tests that are not about how it comes about. */
export function lockTable(tableName: string): TableResource {
  return {
    TableName: tableName,
    KeySchema: [{ AttributeName: 'lockKey', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'lockKey', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  };
}

/** The one table of a synthesized template. */
export function tableIn(template: { readonly Resources?: Record<string, CloudFormationResource> }): TableResource {
  const tables = Object.values(template.Resources ?? {}).filter(({ Type }) => Type === 'AWS::DynamoDB::GlobalTable');
  if (tables.length !== 1 || !tables[0]) throw new Error(`expected one table in the template, found ${tables.length}`);
  return tables[0].Properties as unknown as TableResource;
}

interface CloudFormationResource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
}

export async function deleteTable(client: DynamoDBClient, tableName: string): Promise<void> {
  await client.send(new DeleteTableCommand({ TableName: tableName }));
}
