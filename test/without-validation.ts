/**
 * With each synthesis aws-cdk-lib has a template judged by CloudFormation's schemas, by an engine that takes
 * seconds to come up, once a test file. test/lib/snapshots.test.ts has it judge, and says what it found.
 */
process.env['CDK_VALIDATION'] = 'false';
