"""A client of S3 that is not ours, for tests that ask a server what it really holds: botocore, from Debian's package."""
import collections
import hashlib
import json

import botocore.config
import botocore.exceptions
import botocore.session

# What a server has under a key. `metadata` is what came as x-amz-meta-…, by lower-case names.
Stored = collections.namedtuple("Stored", "size sha256 content_type metadata headers")


SESSION = botocore.session.Session()  # one: it takes half a second to read the description of S3


class Client:
    def __init__(self, endpoint, access_key, secret_key, region="us-east-1", ca=None, patience=30, attempts=3):
        config = botocore.config.Config(
            signature_version="s3v4", s3={"addressing_style": "path", "payload_signing_enabled": True},
            retries={"total_max_attempts": attempts}, parameter_validation=False, read_timeout=patience)
        self.s3 = SESSION.create_client(
            "s3", endpoint_url=endpoint, aws_access_key_id=access_key, aws_secret_access_key=secret_key,
            region_name=region, verify=ca, config=config)

    def create_bucket(self, bucket):
        """There may be one already."""
        try:
            self.s3.create_bucket(Bucket=bucket)
        except botocore.exceptions.ClientError as refusal:
            if code_of(refusal) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def put(self, bucket, key, content, headers=None, **more):
        """`headers`: further ones, which are signed like the rest."""
        def add(request, **_):
            for name, value in (headers or {}).items():
                request.headers[name] = value

        self.s3.meta.events.register("before-sign.s3.PutObject", add)
        try:
            return self.s3.put_object(Bucket=bucket, Key=key, Body=content, **more)
        finally:
            self.s3.meta.events.unregister("before-sign.s3.PutObject", add)

    def keys(self, bucket):
        """The size of each object, by its key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}

    def get(self, bucket, key):
        """What is stored, read to its end; None when nothing is."""
        try:
            answer = self.s3.get_object(Bucket=bucket, Key=key)
        except botocore.exceptions.ClientError as refusal:
            if code_of(refusal) in ("NoSuchKey", "404"):
                return None
            raise
        digest, size = hashlib.sha256(), 0
        for piece in answer["Body"].iter_chunks(1 << 20):
            digest.update(piece)
            size += len(piece)
        return Stored(size, digest.hexdigest(), answer["ContentType"], answer["Metadata"],
                      answer["ResponseMetadata"]["HTTPHeaders"])

    def multipart(self, bucket, key, parts, **more):
        """An upload of these parts, completed."""
        upload = self.begin(bucket, key, **more)
        told = [{"PartNumber": n, "ETag": self.part(bucket, key, upload, n, part)} for n, part in enumerate(parts, 1)]
        return self.s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": told})

    def begin(self, bucket, key, **more):
        """The id of a new multipart upload."""
        return self.s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]

    def part(self, bucket, key, upload, number, content):
        """The part's ETag."""
        return self.s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=content)["ETag"]

    def parts(self, bucket, key, upload):
        """The size of each part that is there, by its number."""
        found = self.s3.list_parts(Bucket=bucket, Key=key, UploadId=upload).get("Parts", [])
        return {part["PartNumber"]: part["Size"] for part in found}

    def uploads(self, bucket):
        """The key and the id of each multipart upload that was begun and neither completed nor aborted."""
        found = self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [(upload["Key"], upload["UploadId"]) for upload in found]


def code_of(refusal):
    """The S3 error code of what botocore raised."""
    return refusal.response["Error"]["Code"]


def document_of(client, bucket, key):
    """The JSON that is stored there."""
    return json.loads(client.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
