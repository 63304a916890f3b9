"""What everyone who serves Kinesis does to one stream in its life, with boto3.

python3 boto3_life.py ENDPOINT [FILE OF THE CERTIFICATE TO TRUST]; exits with 0 and a line of figures, or with a traceback.
"""

import datetime
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

STREAM = "boto3"
FIRST = "shardId-000000000000"
MIDDLE = str(2**127)


def connect(endpoint, ca):
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        verify=ca,
        config=Config(retries={"max_attempts": 0}, read_timeout=20),
    )


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def read(client, count, **start):
    iterator = client.get_shard_iterator(StreamName=STREAM, **start)["ShardIterator"]
    found = []
    while len(found) < count:
        page = client.get_records(ShardIterator=iterator, Limit=5)
        found += page["Records"]
        iterator = page.get("NextShardIterator")
    same(len(found), count)
    return found


def put_and_read(client):
    one = client.put_record(StreamName=STREAM, PartitionKey="one", Data=b"single")
    entries = [{"PartitionKey": f"key {at} é", "Data": b"batch %d" % at} for at in range(10)]
    same(client.put_records(StreamName=STREAM, Records=entries)["FailedRecordCount"], 0)
    large = b"\x00\xff" * (512 * 1024 - 4)
    client.put_record(StreamName=STREAM, PartitionKey="large", Data=large)
    records = read(client, 12, ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
    same([r["PartitionKey"] for r in records], ["one"] + [e["PartitionKey"] for e in entries] + ["large"])
    same(records[11]["Data"], large)
    arrived = records[0]["ApproximateArrivalTimestamp"]
    assert abs(arrived - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=1)
    sequence = {"ShardId": FIRST, "StartingSequenceNumber": one["SequenceNumber"]}
    same(read(client, 12, ShardIteratorType="AT_SEQUENCE_NUMBER", **sequence)[0]["Data"], b"single")
    same(read(client, 11, ShardIteratorType="AFTER_SEQUENCE_NUMBER", **sequence)[0]["Data"], b"batch 0")
    same(read(client, 12, ShardId=FIRST, ShardIteratorType="AT_TIMESTAMP", Timestamp=arrived)[0]["Data"], b"single")
    latest = client.get_shard_iterator(StreamName=STREAM, ShardId=FIRST, ShardIteratorType="LATEST")
    client.put_record(StreamName=STREAM, PartitionKey="new", Data=b"new")
    same([r["Data"] for r in client.get_records(ShardIterator=latest["ShardIterator"])["Records"]], [b"new"])


def settings(client):
    client.add_tags_to_stream(StreamName=STREAM, Tags={"team": "data", "stage": "test"})
    client.remove_tags_from_stream(StreamName=STREAM, TagKeys=["stage"])
    same(client.list_tags_for_stream(StreamName=STREAM)["Tags"], [{"Key": "team", "Value": "data"}])
    client.increase_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=48)
    client.decrease_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=36)
    summary = client.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
    same((summary["RetentionPeriodHours"], summary["OpenShardCount"]), (36, 1))
    return summary["StreamARN"]


def subscribe(client, arn, name, **position):
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
    status = client.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"]
    same(status, "ACTIVE")
    answer = client.subscribe_to_shard(ConsumerARN=consumer, ShardId=FIRST, StartingPosition=position)
    return (event["SubscribeToShardEvent"] for event in answer["EventStream"])


def with_records(events):
    return next(event for event in events if event["Records"])


def reshard(client, arn):
    events = subscribe(client, arn, "reader", Type="LATEST")
    began = time.perf_counter()
    client.put_record(StreamName=STREAM, PartitionKey="p", Data=b"pushed")
    pushed = with_records(events)
    took = time.perf_counter() - began
    same(pushed["Records"][0]["Data"], b"pushed")
    client.put_record(StreamName=STREAM, PartitionKey="p", Data=b"continued")
    start = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": pushed["ContinuationSequenceNumber"]}
    more = subscribe(client, arn, "successor", **start)
    same(with_records(more)["Records"][0]["Data"], b"continued")
    names = [c["ConsumerName"] for page in client.get_paginator("list_stream_consumers").paginate(StreamARN=arn)
             for c in page["Consumers"]]
    same(names, ["reader", "successor"])

    client.split_shard(StreamName=STREAM, ShardToSplit=FIRST, NewStartingHashKey=MIDDLE)
    client.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    for subscription in (events, more):
        *_, last = subscription
        same([c["ShardId"] for c in last["ChildShards"]], ["shardId-000000000001", "shardId-000000000002"])
    # Its paginator repeats the stream's name beside the token of the second page, which AWS refuses: one page.
    shards = [s for page in client.get_paginator("list_shards").paginate(StreamName=STREAM) for s in page["Shards"]]
    same([s.get("ParentShardId") for s in shards], [None, FIRST, FIRST])
    for number, key in ((1, "0"), (2, MIDDLE)):
        data = b"child %d" % number
        put = client.put_record(StreamName=STREAM, PartitionKey="x", ExplicitHashKey=key, Data=data)
        same(put["ShardId"], f"shardId-{number:012}")
        same(read(client, 1, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")[0]["Data"], data)
    return took


def refused(client):
    try:
        client.put_record(StreamName="nowhere", PartitionKey="x", Data=b"x")
    except client.exceptions.ResourceNotFoundException as error:
        same(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    else:
        raise AssertionError("a put to no stream was taken")
    try:
        client.put_record(StreamName=STREAM, PartitionKey="", Data=b"x")
    except ClientError as error:
        same(error.response["Error"]["Code"], "ValidationException")
    except Exception as error:  # what it refuses by itself says so
        same(type(error).__name__, "ParamValidationError")


def main(endpoint, ca=None):
    client = connect(endpoint, ca)
    client.create_stream(StreamName=STREAM, ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    names = [n for page in client.get_paginator("list_streams").paginate() for n in page["StreamNames"]]
    same(names, [STREAM])
    put_and_read(client)
    arn = settings(client)
    took = reshard(client, arn)
    refused(client)
    client.delete_stream(StreamName=STREAM, EnforceConsumerDeletion=True)
    client.get_waiter("stream_not_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    print(f"boto3 {boto3.__version__}: pushed {took * 1000:.1f} ms after the put began")


main(*sys.argv[1:])
