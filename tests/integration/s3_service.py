"""S3 as it is written down, with objects in files: what the hostile server does when it does nothing wrong.

It is stricter than any one service: parts must be of equal size as R2 wants it, checksums of parts must be repeated at
the end as AWS wants it, and a completed upload is forgotten at once as MinIO does it.
"""
import base64
import dataclasses
import email.utils
import hashlib
import pathlib
import secrets
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET
import zlib

from s3_signature import Refused

SMALLEST_PART = 5 << 20
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
KEPT_HEADERS = ("content-type", "cache-control", "content-disposition", "x-amz-storage-class", "x-amz-acl",
                "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-tagging")
DIGESTS = {
    "content-md5": lambda body: hashlib.md5(body).digest(),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
}

# How each request is called, by its method, by whether it has a key, and by the query's telling name.
OPERATIONS = {
    ("PUT", False, None): "CreateBucket", ("HEAD", False, None): "HeadBucket", ("GET", False, None): "ListObjects",
    ("GET", False, "location"): "GetBucketLocation", ("GET", False, "uploads"): "ListMultipartUploads",
    ("PUT", True, None): "PutObject", ("HEAD", True, None): "HeadObject", ("GET", True, None): "GetObject",
    ("DELETE", True, None): "DeleteObject", ("POST", True, "uploads"): "CreateMultipartUpload",
    ("PUT", True, "uploadId"): "UploadPart", ("GET", True, "uploadId"): "ListParts",
    ("POST", True, "uploadId"): "CompleteMultipartUpload", ("DELETE", True, "uploadId"): "AbortMultipartUpload",
}


class Request:
    """One that came in: what is asked for, and of what. The body is set once it was read."""

    def __init__(self, method, target, headers):
        self.method, self.target = method, target
        self.headers = [(name.lower(), value) for name, value in headers]
        path, _, query = target.partition("?")
        _, bucket, key = (path + "/").split("/", 2)
        self.bucket, self.key = urllib.parse.unquote(bucket), urllib.parse.unquote(key[:-1] if key else "")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        telling = next((name for name in ("uploadId", "uploads", "location") if name in self.query), None)
        self.operation = OPERATIONS.get((method, bool(self.key), telling), "Unknown")
        self.body = b""

    def header(self, name, otherwise=None):
        return next((value for key, value in self.headers if key == name), otherwise)

    @property
    def about(self):
        """The key that it is about, also where it only lists."""
        return self.key or self.query.get("prefix", "")

    @property
    def part(self):
        return int(self.query.get("partNumber", 0))


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    length: int = None  # what Content-Length says where it is not the body's


@dataclasses.dataclass
class Content:
    """An object, or a part of one to be."""
    file: pathlib.Path
    size: int
    sha256: str
    etag: str
    headers: dict
    modified: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass
class Upload:
    id: str
    key: str
    headers: dict
    begun: float = dataclasses.field(default_factory=time.time)
    parts: dict = dataclasses.field(default_factory=dict)
    state: str = "open"  # or completed, or aborted


def document(name, *children):
    """XML of an element with namespace; a child is (name, text) or (name, [children])."""
    def fill(element, inside):
        for child, content in inside:
            below = ET.SubElement(element, child)
            if isinstance(content, (list, tuple)):
                fill(below, content)
            else:
                below.text = str(content)

    root = ET.Element(name, xmlns=NAMESPACE)
    fill(root, children)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root)


def error_document(code, message="", **more):
    return document("Error", ("Code", code), ("Message", message), *more.items(), ("RequestId", "0")).replace(
        f' xmlns="{NAMESPACE}"'.encode(), b"")


def written(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))


class Service:
    """Its verbs are the operations' names. Calls are made one at a time."""

    def __init__(self, folder, buckets=(), page=1000):
        """`page`: how many parts or uploads one answer lists."""
        self.folder, self.page = pathlib.Path(folder), page
        self.objects = {bucket: {} for bucket in buckets}  # by bucket, then by key
        self.uploads = {}
        self.history = []  # (key, sha256) of every object that ever became visible
        self.lock = threading.RLock()

    def run(self, request):
        """Raises Refused."""
        with self.lock:
            if request.operation != "CreateBucket" and request.bucket not in self.objects:
                raise Refused(404, "NoSuchBucket", "there is no such bucket", BucketName=request.bucket)
            do = getattr(self, request.operation, None)
            if not do:
                raise Refused(501, "NotImplemented", f"{request.method} {request.target}")
            return do(request)

    # -- what tests look at and turn

    def content(self, bucket, key):
        found = self.objects[bucket].get(key)
        return found and found.file.read_bytes()

    def open_uploads(self):
        return [upload for upload in list(self.uploads.values()) if upload.state == "open"]

    def keep(self, body, headers, etag=None):
        """New content. Without an ETag it is the MD5, as AWS's are for what is not encrypted."""
        file = self.folder / secrets.token_hex(8)
        file.write_bytes(body)
        return Content(file, len(body), hashlib.sha256(body).hexdigest(), etag or hashlib.md5(body).hexdigest(), headers)

    def begin(self, key, headers):
        """A new upload; its id holds what has to be escaped."""
        upload = Upload(secrets.token_urlsafe(12) + "/+=", key, headers)
        self.uploads[upload.id] = upload
        return upload

    # -- buckets

    def CreateBucket(self, request):
        self.objects.setdefault(request.bucket, {})
        return Answer(200, {"Location": "/" + request.bucket})

    def HeadBucket(self, _):
        return Answer(200)

    def GetBucketLocation(self, _):
        return Answer(200, body=document("LocationConstraint"))

    def ListObjects(self, request):
        prefix = request.query.get("prefix", "")
        found = sorted(key for key in self.objects[request.bucket] if key.startswith(prefix))
        shown = [("Contents", [("Key", key), ("Size", self.objects[request.bucket][key].size)]) for key in found]
        return Answer(200, body=document("ListBucketResult", ("IsTruncated", "false"), ("KeyCount", len(shown)), *shown))

    # -- objects

    def PutObject(self, request):
        self._check_absent(request)
        self._check_digests(request)
        content = self.keep(request.body, self._kept(request))
        self._show(request.bucket, request.key, content)
        return Answer(200, {"ETag": f'"{content.etag}"'})

    def HeadObject(self, request):
        found = self.objects[request.bucket].get(request.key)
        if not found:
            raise Refused(404, "NoSuchKey", "there is no such object", Key=request.key)
        headers = {"content-type": "binary/octet-stream",
                   **{name: value for name, value in found.headers.items() if name != "x-amz-tagging"},
                   "ETag": f'"{found.etag}"', "Last-Modified": email.utils.formatdate(found.modified, usegmt=True)}
        return Answer(200, headers, length=found.size)

    def GetObject(self, request):
        answer = self.HeadObject(request)
        answer.body = self.content(request.bucket, request.key)
        return answer

    def DeleteObject(self, request):
        self.objects[request.bucket].pop(request.key, None)
        return Answer(204)

    # -- multipart uploads

    def CreateMultipartUpload(self, request):
        upload = self.begin(request.key, self._kept(request))
        return Answer(200, body=document("InitiateMultipartUploadResult", ("Bucket", request.bucket), ("Key", request.key),
                                         ("UploadId", upload.id)))

    def UploadPart(self, request):
        upload = self._upload(request)
        if not 1 <= request.part <= 10000:
            raise Refused(400, "InvalidArgument", "a part number from 1 to 10000")
        sums = self._check_digests(request)
        if self._algorithm(upload) and not any(name == f"x-amz-checksum-{self._algorithm(upload)}" for name in sums):
            raise Refused(400, "InvalidRequest", "the upload was begun with checksums, and this part has none")
        old = upload.parts.get(request.part)
        upload.parts[request.part] = part = self.keep(request.body, sums)
        if old:
            old.file.unlink()
        return Answer(200, {"ETag": f'"{part.etag}"'})

    def ListParts(self, request):
        upload = self._upload(request)
        after = int(request.query.get("part-number-marker", 0))
        numbers = sorted(n for n in upload.parts if n > after)
        shown = numbers[:min(self.page, int(request.query.get("max-parts", 1000)))]
        return Answer(200, body=document(
            "ListPartsResult", ("Bucket", request.bucket), ("Key", request.key), ("UploadId", upload.id),
            ("PartNumberMarker", after), ("NextPartNumberMarker", shown[-1] if shown else 0), ("MaxParts", self.page),
            ("IsTruncated", str(len(shown) < len(numbers)).lower()),
            *[("Part", [("PartNumber", n), ("LastModified", written(upload.parts[n].modified)),
                        ("ETag", f'"{upload.parts[n].etag}"'), ("Size", upload.parts[n].size)]) for n in shown]))

    def CompleteMultipartUpload(self, request):
        self._check_absent(request)
        upload = self._upload(request)
        parts = [upload.parts[n] for n in self._check_parts(upload, request.body)]
        whole = b"".join(part.file.read_bytes() for part in parts)
        etag = f"{hashlib.md5(b''.join(hashlib.md5(part.etag.encode()).digest() for part in parts)).hexdigest()}-{len(parts)}"
        self._show(request.bucket, upload.key, self.keep(whole, upload.headers, etag))
        self.end(upload, "completed")
        return Answer(200, body=document("CompleteMultipartUploadResult", ("Location", request.target.partition("?")[0]),
                                         ("Bucket", request.bucket), ("Key", upload.key), ("ETag", f'"{etag}"')))

    def AbortMultipartUpload(self, request):
        self.end(self._upload(request), "aborted")
        return Answer(204)

    def ListMultipartUploads(self, request):
        prefix = request.query.get("prefix", "")
        after = (request.query.get("key-marker", ""), request.query.get("upload-id-marker", ""))
        found = sorted((u.key, u.id) for u in self.open_uploads() if u.key.startswith(prefix))
        # A key marker alone means: after all uploads of that key.
        found = [place for place in found if (place > after if after[1] else place[0] > after[0])]
        shown = found[:self.page]
        last = shown[-1] if shown else ("", "")
        return Answer(200, body=document(
            "ListMultipartUploadsResult", ("Bucket", request.bucket), ("NextKeyMarker", last[0]),
            ("NextUploadIdMarker", last[1]), ("MaxUploads", self.page),
            ("IsTruncated", str(len(shown) < len(found)).lower()),
            *[("Upload", [("Key", key), ("UploadId", id), ("Initiated", written(self.uploads[id].begun))])
              for key, id in shown]))

    def end(self, upload, state):
        upload.state = state
        for part in upload.parts.values():
            part.file.unlink()
        upload.parts = {}

    # -- what they have in common

    def _show(self, bucket, key, content):
        self.objects[bucket][key] = content
        self.history.append((key, content.sha256))

    def _kept(self, request):
        return {name: value for name, value in request.headers
                if name in KEPT_HEADERS or name.startswith(("x-amz-meta-", "x-amz-checksum-"))}

    def _upload(self, request):
        upload = self.uploads.get(request.query["uploadId"])
        if not upload or upload.state != "open" or upload.key != request.key:
            raise Refused(404, "NoSuchUpload", "there is no such upload", UploadId=request.query["uploadId"])
        return upload

    @staticmethod
    def _algorithm(upload):
        return upload.headers.get("x-amz-checksum-algorithm", "").lower()

    def _check_absent(self, request):
        if request.header("if-none-match") == "*" and request.key in self.objects[request.bucket]:
            raise Refused(412, "PreconditionFailed", "at least one of the conditions did not hold", Condition="If-None-Match")

    @staticmethod
    def _check_digests(request):
        """The checksums that were sent, by header."""
        sums = {name: value for name, value in request.headers if name == "content-md5" or
                (name.startswith("x-amz-checksum-") and name not in ("x-amz-checksum-algorithm", "x-amz-checksum-type"))}
        for name, value in sums.items():
            if name in DIGESTS and base64.b64decode(value) != DIGESTS[name](request.body):
                raise Refused(400, "BadDigest", f"{name} does not match what came")
        return sums

    def _check_parts(self, upload, body):
        """The numbers that a CompleteMultipartUpload lists."""
        try:
            listed = [{child.tag.rpartition("}")[2]: (child.text or "").strip() for child in part}
                      for part in ET.fromstring(body)]
            numbers = [int(part["PartNumber"]) for part in listed]
            etags = [part["ETag"].strip('"') for part in listed]
        except (ET.ParseError, KeyError, ValueError) as mistake:
            raise Refused(400, "MalformedXML", repr(mistake)) from None
        if numbers != sorted(set(numbers)) or not numbers:
            raise Refused(400, "InvalidPartOrder", f"the parts are listed as {numbers}")
        for number, etag, part in zip(numbers, etags, listed):
            there = upload.parts.get(number)
            if not there or there.etag != etag:
                raise Refused(400, "InvalidPart", f"part {number} is not there, or has another ETag", PartNumber=number)
            for name, value in there.headers.items():
                told = part.get("Checksum" + name.removeprefix("x-amz-checksum-").upper())
                if self._algorithm(upload) and name != "content-md5" and told != value:
                    raise Refused(400, "InvalidPart", f"part {number} was sent with a checksum that is not repeated")
        sizes = [upload.parts[n].size for n in numbers]
        if any(size < SMALLEST_PART for size in sizes[:-1]):
            raise Refused(400, "EntityTooSmall", f"parts of {sizes}", MinSizeAllowed=SMALLEST_PART)
        if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
            raise Refused(400, "InvalidPart", f"all parts but the last must be of the same size, not {sizes}")
        return numbers
