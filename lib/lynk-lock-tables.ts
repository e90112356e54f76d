import { Resource, Tags, Token } from 'aws-cdk-lib';
import { CfnGroup } from 'aws-cdk-lib/aws-resourcegroups';
import type { Construct } from 'constructs';
import { TABLE_TAG } from '../runtime/protocol/wire.js';
import { type Known, refuseUnknown } from './known-props.js';
import { injected } from './property-injection.js';
import { refusal, shown } from './refusal.js';

/** Properties of a `LynkLockTables`. */
export interface LynkLockTablesProps {
  /**
   * The group's name.
   *
   * @default 'lynk-lock-tables'
   */
  readonly groupName?: string;
}

const KNOWN: Known<LynkLockTablesProps> = { groupName: true };

/**
 * A resource group of all lock tables in this account and Region. It includes the tables of every stack, and those that
 * Python's `lynk` has created. It shows the tables of `lynk list-tables` in the AWS console and to tools.
 *
 * @resource AWS::ResourceGroups::Group
 */
export class LynkLockTables extends Resource {
  /** Identifies this class to `PropertyInjectors`. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-lynk.LynkLockTables';

  /**
   * The group's name.
   *
   * @attribute
   */
  readonly groupName: string;

  /**
   * The group's ARN.
   *
   * @attribute
   */
  readonly groupArn: string;

  /**
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param props The group's name.
   * @throws ValidationError if `groupName` has invalid characters, is longer than 300 characters, or begins with "aws"
   */
  constructor(scope: Construct, id: string, props: LynkLockTablesProps = {}) {
    super(scope, id);
    const given = injected(scope, id, LynkLockTables.PROPERTY_INJECTION_ID, props);
    refuseUnknown(this, given, KNOWN, 'LynkLockTables');
    const name = given.groupName ?? 'lynk-lock-tables';
    if (!Token.isUnresolved(name) && !/^(?!aws)[A-Za-z0-9_.-]{1,300}$/i.test(name)) {
      const rule = 'has up to 300 letters, digits, "_", "-" and ".", and does not begin with "aws"';
      throw refusal(this, `\`groupName\` ${rule}, got ${shown(name)}`);
    }
    const group = new CfnGroup(this, 'Group', {
      name,
      description: 'Tables of distributed locks',
      resourceQuery: {
        type: 'TAG_FILTERS_1_0',
        query: {
          resourceTypeFilters: ['AWS::DynamoDB::Table'],
          tagFilters: [{ key: TABLE_TAG.key, values: [TABLE_TAG.value] }],
        },
      },
    });
    this.node.defaultChild = group;
    // Python's `lynk list-tables` treats every resource that has the tables' tag as a table. So the group gets another
    // value of the tag, even if a whole stack is tagged.
    Tags.of(group).add(TABLE_TAG.key, 'lock-tables');
    this.groupName = group.ref;
    this.groupArn = group.attrArn;
  }
}
