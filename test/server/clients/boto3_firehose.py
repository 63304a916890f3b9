"""What everyone who uses Firehose does with one delivery stream in its life, with boto3.

python3 boto3_firehose.py ENDPOINT FOLDER_OF_BUCKETS; exits with 0 and a line of figures, or with a traceback.
"""

import pathlib
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

NAME = "boto3"
ROLE = "arn:aws:iam::123456789012:role/firehose"
# Two of these fill a buffer: botocore lets nobody ask for less than a minute.
LARGE = b"x" * 699_999 + b"\n"


def connect(endpoint):
    return boto3.client(
        "firehose",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}, read_timeout=20),
    )


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def delivered(folder, size):
    """The bytes of all objects below the prefix, once there are so many."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        objects = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
        data = b"".join(path.read_bytes() for path in sorted(objects))
        if len(data) >= size:
            return objects, data
        time.sleep(0.05)
    raise AssertionError(f"no object of {size} bytes in {folder}")


def create(client):
    destination = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::records",
        "Prefix": "in/",
        "ErrorOutputPrefix": "failed/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 900},
        "CompressionFormat": "UNCOMPRESSED",
    }
    answer = client.create_delivery_stream(
        DeliveryStreamName=NAME,
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration=destination,
        Tags=[{"Key": "team", "Value": "data"}],
    )
    same(answer["DeliveryStreamARN"].split(":")[5], f"deliverystream/{NAME}")
    same(client.list_delivery_streams()["DeliveryStreamNames"], [NAME])
    same(client.list_tags_for_delivery_stream(DeliveryStreamName=NAME)["Tags"], [{"Key": "team", "Value": "data"}])
    described = client.describe_delivery_stream(DeliveryStreamName=NAME)["DeliveryStreamDescription"]
    same((described["DeliveryStreamStatus"], described["DeliveryStreamType"]), ("ACTIVE", "DirectPut"))
    same(described["Destinations"][0]["ExtendedS3DestinationDescription"]["Prefix"], "in/")
    return described


def put(client, folder):
    one = client.put_record(DeliveryStreamName=NAME, Record={"Data": b"single\n"})
    assert one["RecordId"]
    batch = [b"batch %d\n" % at for at in range(10)] + [LARGE, LARGE]
    began = time.perf_counter()
    answer = client.put_record_batch(DeliveryStreamName=NAME, Records=[{"Data": data} for data in batch])
    same((answer["FailedPutCount"], len(answer["RequestResponses"])), (0, 12))
    objects, data = delivered(folder, len(LARGE))
    took = time.perf_counter() - began
    same(data.splitlines()[:11], [b"single"] + [b"batch %d" % at for at in range(10)])
    for path in objects:
        assert path.name.startswith(f"{NAME}-1-"), path
    return took


def update(client, described):
    client.update_destination(
        DeliveryStreamName=NAME,
        CurrentDeliveryStreamVersionId=described["VersionId"],
        DestinationId=described["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"Prefix": "out/"},
    )
    again = client.describe_delivery_stream(DeliveryStreamName=NAME)["DeliveryStreamDescription"]
    same(again["VersionId"], "2")
    same(again["Destinations"][0]["ExtendedS3DestinationDescription"]["Prefix"], "out/")


def refused(client):
    try:
        client.put_record(DeliveryStreamName="nowhere", Record={"Data": b"x"})
    except client.exceptions.ResourceNotFoundException as error:
        same(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    else:
        raise AssertionError("a put to no delivery stream was taken")
    try:
        client.create_delivery_stream(DeliveryStreamName=NAME, ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::another"})
    except ClientError as error:
        same(error.response["Error"]["Code"], "ResourceInUseException")
    else:
        raise AssertionError("one delivery stream was made twice")


def main(endpoint, buckets):
    client = connect(endpoint)
    records = pathlib.Path(buckets) / "records"
    described = create(client)
    took = put(client, records / "in")
    refused(client)
    update(client, described)
    client.put_record_batch(DeliveryStreamName=NAME, Records=[{"Data": data} for data in (b"moved\n", LARGE, LARGE)])
    same(b"moved" in delivered(records / "out", len(LARGE))[1].splitlines(), True)
    client.delete_delivery_stream(DeliveryStreamName=NAME)
    same(client.list_delivery_streams()["DeliveryStreamNames"], [])
    print(f"boto3 {boto3.__version__}: an object {took * 1000:.1f} ms after the put began")


main(*sys.argv[1:])
