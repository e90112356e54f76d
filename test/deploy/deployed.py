"""Prints what is deployed, as JSON, asked of the services themselves. Usage: deployed.py"""

import json

import boto3

dynamodb = boto3.client("dynamodb")


def table(name):
    described = dynamodb.describe_table(TableName=name)["Table"]
    recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    return {
        "arn": described["TableArn"],
        "key": described["KeySchema"],
        "billing": described["BillingModeSummary"]["BillingMode"],
        "deletionProtection": described["DeletionProtectionEnabled"],
        "timeToLive": dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        "recovery": recovery["PointInTimeRecoveryDescription"].get("PointInTimeRecoveryStatus"),
        "recoveryDays": recovery["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays"),
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def tags_of_groups():
    groups = boto3.client("resource-groups")
    arns = [group["GroupArn"] for group in groups.list_groups()["GroupIdentifiers"]]
    return [groups.get_tags(Arn=arn)["Tags"] for arn in arns]


functions = boto3.client("lambda").list_functions()["Functions"]
cloudwatch = boto3.client("cloudwatch")
stacks = boto3.client("cloudformation").describe_stacks()["Stacks"]
print(
    json.dumps(
        {
            "tables": {name: table(name) for name in dynamodb.list_tables()["TableNames"]},
            "environments": [fn.get("Environment", {}).get("Variables", {}) for fn in functions],
            "alarms": [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]],
            "dashboards": [board["DashboardName"] for board in cloudwatch.list_dashboards()["DashboardEntries"]],
            "groupTags": tags_of_groups(),
            "stacks": {stack["StackName"]: stack["StackStatus"] for stack in stacks},
        }
    )
)
