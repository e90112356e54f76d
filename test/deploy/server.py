"""moto, taught what it lacks of CloudFormation to deploy a lock table.

As it comes, it passes over resource types that it does not know, drops a table's TTL and recovery, and
forgets a stack whose deletion has failed. Usage: server.py PORT
"""

import json
import sys

from moto.cloudformation.models import CloudFormationBackend
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models import dynamodb_backends
from moto.resourcegroups.models import resourcegroups_backends
from moto.server import main

# moto finds a model's service in the name of its module.
__name__ = "moto.cloudformation"


class Deployed:
    """A resource that a stack has made."""

    type = ""
    name_property = ""
    arn = ""

    def __init__(self, name, region):
        self.name = name
        self.region = region

    @property
    def physical_resource_id(self):
        return self.name

    @classmethod
    def cloudformation_type(cls):
        return cls.type

    @classmethod
    def cloudformation_name_type(cls):
        return cls.name_property

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr == "Arn"

    def get_cfn_attribute(self, attr):
        if attr == "Arn":
            return self.arn
        raise KeyError(attr)

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        resource = cls(resource_name, region_name)
        resource.create(account_id, cloudformation_json["Properties"])
        return resource

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        named = cloudformation_json["Properties"].get(cls.name_property)
        if named in (None, original_resource.name):
            original_resource.update(account_id, cloudformation_json["Properties"])
            return original_resource
        # Another name is another resource, and the old one goes.
        created = cls.create_from_cloudformation_json(named, cloudformation_json, account_id, region_name)
        original_resource.delete(account_id, region_name)
        return created


class GlobalTable(Deployed, CloudFormationModel):
    type = "AWS::DynamoDB::GlobalTable"
    name_property = "TableName"

    def replica(self, properties):
        return next(replica for replica in properties["Replicas"] if replica["Region"] == self.region)

    def create(self, account_id, properties):
        assert len(properties["Replicas"]) == 1, "this server has one Region"
        backend = dynamodb_backends[account_id][self.region]
        replica = self.replica(properties)
        table = backend.create_table(
            name=self.name,
            schema=properties["KeySchema"],
            attr=properties["AttributeDefinitions"],
            throughput=None,
            global_indexes=[],
            indexes=[],
            streams=None,
            billing_mode=properties["BillingMode"],
            sse_specification=properties.get("SSESpecification"),
            tags=list(replica.get("Tags", [])),
            deletion_protection_enabled=False,
            warm_throughput=None,
        )
        self.arn = table.table_arn
        self.update(account_id, properties)

    def update(self, account_id, properties):
        backend = dynamodb_backends[account_id][self.region]
        replica = self.replica(properties)
        table = backend.get_table(self.name)
        table.billing_mode = properties["BillingMode"]
        table.deletion_protection_enabled = replica.get("DeletionProtectionEnabled", False)
        table.tags = list(replica.get("Tags", []))
        off = {"AttributeName": "expiresAt", "Enabled": False}
        backend.update_time_to_live(self.name, properties.get("TimeToLiveSpecification", off))
        none = {"PointInTimeRecoveryEnabled": False}
        backend.update_continuous_backups(self.name, replica.get("PointInTimeRecoverySpecification", none))

    def delete(self, account_id, region):
        dynamodb_backends[account_id][region].delete_table(self.name)


class Alarm(Deployed, CloudFormationModel):
    type = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"

    def create(self, account_id, properties):
        self.update(account_id, properties)

    def update(self, account_id, properties):
        alarm = cloudwatch_backends[account_id][self.region].put_metric_alarm(
            name=self.name,
            namespace=properties.get("Namespace"),
            metric_name=properties.get("MetricName"),
            metric_data_queries=None,
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=properties["EvaluationPeriods"],
            period=properties.get("Period"),
            threshold=float(properties["Threshold"]),
            statistic=properties.get("Statistic"),
            description=properties.get("AlarmDescription"),
            dimensions=[],
            alarm_actions=properties.get("AlarmActions", []),
            treat_missing_data=properties.get("TreatMissingData"),
            tags=properties.get("Tags", []),
        )
        self.arn = alarm.alarm_arn

    def delete(self, account_id, region):
        cloudwatch_backends[account_id][region].delete_alarms([self.name])


class Group(Deployed, CloudFormationModel):
    type = "AWS::ResourceGroups::Group"
    name_property = "Name"

    def create(self, account_id, properties):
        query = properties["ResourceQuery"]
        group = resourcegroups_backends[account_id][self.region].create_group(
            name=self.name,
            resource_query={"Type": query["Type"], "Query": json.dumps(query["Query"])},
            description=properties.get("Description"),
            tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])},
        )
        self.arn = group.arn

    def update(self, account_id, properties):
        self.delete(account_id, self.region)
        self.create(account_id, properties)

    def delete(self, account_id, region):
        resourcegroups_backends[account_id][region].delete_group(self.name)


def delete_stack(self, name_or_stack_id):
    """As CloudFormation does it: what fails is seen in the stack's events, and the stack stays."""
    before = dict(self.stacks)
    try:
        moto_delete_stack(self, name_or_stack_id)
    except Exception as error:
        for stack_id, stack in before.items():
            if name_or_stack_id in (stack_id, stack.name):
                self.stacks[stack_id] = stack
                stack.status = "DELETE_FAILED"
                stack.status_reason = str(error)
                stack._add_stack_event("DELETE_FAILED", resource_status_reason=str(error))


moto_delete_stack = CloudFormationBackend.delete_stack
CloudFormationBackend.delete_stack = delete_stack

main(["--host", "127.0.0.1", "--port", sys.argv[1]])
