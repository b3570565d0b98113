"""What another stack needs of a training stack: the models' group, the role they run under, and where alarms go."""

from __future__ import annotations

import pulumi

training = pulumi.StackReference(pulumi.Config().require("trainingStack"))

pulumi.export("modelPackageGroup", training.require_output("modelPackageGroup"))
pulumi.export("modelRoleArn", training.require_output("modelRoleArn"))
pulumi.export("alarmTopicArn", training.require_output("alarmTopicArn"))
