"""AWS Signature Version 4 as a server checks it, written from the specification alone.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""
import datetime
import hashlib
import hmac
import re
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"
LARGEST_SKEW = datetime.timedelta(minutes=15)
UNSIGNED = "UNSIGNED-PAYLOAD"


class Refused(Exception):
    """What S3 answers instead of doing it: status, code, message, and further elements of the error document."""

    def __init__(self, status, code, message="", **more):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.more = status, code, message, more


def encode(data, keep=""):
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(data), safe="-_.~" + keep)


def canonical_query(query):
    pairs = [piece.partition("=") for piece in query.split("&") if piece]
    return "&".join(sorted(f"{encode(name)}={encode(value)}" for name, _, value in pairs))


def canonical_request(method, target, headers, signed, payload):
    """`headers`: pairs of a lower-case name and a value, as they came; bytes that are not ASCII as Latin-1."""
    path, _, query = target.partition("?")
    lines = [method, encode(path, "/"), canonical_query(query)]
    for name in signed:
        values = [" ".join(value.split()) for key, value in headers if key == name]
        lines.append(f"{name}:{','.join(values)}")
    return "\n".join([*lines, "", ";".join(signed), payload])


def signature(secret, scope, time, request):
    """Hex; `scope` is date/region/service/aws4_request."""
    key = b"AWS4" + secret.encode()
    for piece in scope.split("/"):
        key = hmac.digest(key, piece.encode(), "sha256")
    digest = hashlib.sha256(request.encode("latin-1")).hexdigest()
    return hmac.new(key, f"{ALGORITHM}\n{time}\n{scope}\n{digest}".encode(), "sha256").hexdigest()


def check(method, target, headers, keys, region, now):
    """Raises Refused unless a request was signed, for this region and about now, with one of the keys: {id: (secret, token)}."""
    first = {name: value for name, value in reversed(headers)}
    match = re.fullmatch(ALGORITHM + r" Credential=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})",
                         first.get("authorization", ""))
    if not match:
        raise Refused(403, "AccessDenied", "not signed")
    access_key, _, scope = match[1].partition("/")
    signed, time = match[2].split(";"), first.get("x-amz-date", "")
    if access_key not in keys:
        raise Refused(403, "InvalidAccessKeyId", "nobody has this key", AWSAccessKeyId=access_key)
    secret, token = keys[access_key]
    if first.get("x-amz-security-token") != token:
        raise Refused(400, "InvalidToken", "the session token is not the key's")
    _check_scope(scope, time, region)
    _check_signed_headers(headers, signed)
    told = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(told - now) > LARGEST_SKEW:
        raise Refused(403, "RequestTimeTooSkewed", "the clocks differ too much", RequestTime=time,
                      ServerTime=now.strftime("%Y-%m-%dT%H:%M:%SZ"), MaxAllowedSkewMilliseconds="900000")
    request = canonical_request(method, target, headers, signed, first["x-amz-content-sha256"])
    if not hmac.compare_digest(signature(secret, scope, time, request), match[3]):
        raise Refused(403, "SignatureDoesNotMatch", "the signature is another", CanonicalRequest=request)


def _check_scope(scope, time, region):
    if not re.fullmatch(r"\d{8}T\d{6}Z", time):
        raise Refused(403, "AccessDenied", "x-amz-date is missing or malformed")
    date, _, rest = scope.partition("/")
    said_region, _, rest = rest.partition("/")
    if date != time[:8] or rest != "s3/aws4_request":
        raise Refused(400, "AuthorizationHeaderMalformed", f"a scope of {scope} at {time}")
    if said_region != region:
        raise Refused(400, "AuthorizationHeaderMalformed", f"the region '{said_region}' is wrong; expecting '{region}'",
                      Region=region)


def _check_signed_headers(headers, signed):
    if signed != sorted(set(signed)) or "host" not in signed:
        raise Refused(400, "AuthorizationHeaderMalformed", "SignedHeaders is not sorted, or without host")
    names = [name for name, _ in headers]
    forgotten = {n for n in names if (n.startswith("x-amz-") or n == "content-md5") and n not in signed}
    if forgotten or not set(signed) <= set(names):
        raise Refused(403, "AccessDenied", "headers that are not signed, or signed and not there",
                      HeadersNotSigned=", ".join(sorted(forgotten)))
    payload = [value for name, value in headers if name == "x-amz-content-sha256"]
    if len(payload) != 1 or not (payload[0] == UNSIGNED or re.fullmatch(r"[0-9a-f]{64}", payload[0])):
        raise Refused(400, "InvalidArgument", f"x-amz-content-sha256: {payload}")
