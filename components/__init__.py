"""The stack's resources: one Pulumi ``ComponentResource`` per file. :mod:`components.iam` declares who may do what.

Component types, ``model-training:<module>:<Class>``: ``alarms:Alarms``, ``bucket:Bucket``, ``dead_letters:DeadLetters``,
``events:Events``, ``functions:Function``, ``functions:Functions``, ``image:Image``, ``keys:Key``, ``pipeline:Pipeline``,
``pipeline:ForecastPipeline``, ``roles:Role``, ``roles:Roles``, ``schedules:Schedules``, ``storage:Storage``, ``tables:Tables``.

Resources that they create (all with the default provider, in the region ``aws:region``):

- ``aws:s3/bucket:Bucket``, ``aws:s3/bucketVersioning:BucketVersioning``, ``aws:s3/bucketPolicy:BucketPolicy``,
  ``aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration``,
  ``aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock``, ``aws:s3/bucketOwnershipControls:BucketOwnershipControls``,
  ``aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration``, ``aws:s3/bucketObjectv2:BucketObjectv2``,
  and ``aws:s3/bucketLogging:BucketLogging`` if access logs are switched on
- ``aws:dynamodb/table:Table``
- ``aws:ecr/repository:Repository``, ``aws:ecr/lifecyclePolicy:LifecyclePolicy``, ``docker:index/image:Image``
- ``aws:iam/role:Role``, ``aws:iam/rolePolicy:RolePolicy``
- ``aws:sagemaker/modelPackageGroup:ModelPackageGroup``, ``aws:sagemaker/pipeline:Pipeline``
- ``aws:lambda/function:Function``, ``aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig``,
  ``aws:lambda/permission:Permission``, ``aws:cloudwatch/logGroup:LogGroup``
- ``aws:cloudwatch/eventRule:EventRule``, ``aws:cloudwatch/eventTarget:EventTarget``, ``aws:sqs/queue:Queue``,
  ``aws:sqs/queuePolicy:QueuePolicy``
- ``aws:scheduler/scheduleGroup:ScheduleGroup``, ``aws:scheduler/schedule:Schedule``
- ``aws:sns/topic:Topic``, ``aws:sns/topicPolicy:TopicPolicy``, ``aws:cloudwatch/metricAlarm:MetricAlarm``,
  and ``aws:sns/topicSubscription:TopicSubscription`` if an e-mail address is set
- ``aws:kms/key:Key`` and ``aws:kms/alias:Alias`` if the stack has a key of its own

Invokes: ``aws:index/getCallerIdentity:getCallerIdentity``, ``aws:ecr/getAuthorizationToken:getAuthorizationToken``,
``aws:ecr/getRepositories:getRepositories``, ``aws:ecr/getImages:getImages`` (only if the repository exists).
"""
