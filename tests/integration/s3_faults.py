"""The ways in which an S3 server, or what is between, can go wrong. Each is a function of one exchange; none of them does lasting
harm, so that a client that tries again gets through once they are over.

What an exchange can do is in hostile_s3.py: execute() carries out what was asked for, send() answers, hang_up() does not.
"""
import random
import re
import time

from s3_service import Answer, error_document

READS = ("HeadObject", "HeadBucket", "ListParts", "ListMultipartUploads")
BODIES = ("PutObject", "UploadPart")
DOCUMENTS = ("CreateMultipartUpload", "CompleteMultipartUpload", "ListParts", "ListMultipartUploads")
WRITES = ("PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "AbortMultipartUpload")
VISIBLE = ("PutObject", "CompleteMultipartUpload")  # after these there is an object

FAULTS = {}  # by name: the function and the operations it can happen to


def fault(*operations):
    def register(function):
        FAULTS[function.__name__] = (function, operations)
        return function

    return register


def possible(operation):
    return [function for function, operations in FAULTS.values() if operation in operations]


def refusal(exchange, status, code, headers=None, **more):
    exchange.send(Answer(status, {"Content-Type": "application/xml", **(headers or {})}, error_document(code, "a fault", **more)))


def perhaps_execute(exchange):
    """What fails may have been done all the same."""
    if exchange.chance.random() < 0.5:
        exchange.execute()


# -- the connection


@fault(*READS, *WRITES)
def cut_before_reading(exchange):
    exchange.hang_up()


@fault(*BODIES)
def cut_within_the_body(exchange):
    exchange.read(exchange.length // 2)
    exchange.hang_up()


@fault(*READS, *WRITES)
def cut_before_answering(exchange):
    exchange.execute()
    exchange.hang_up()


@fault(*READS, *WRITES)
def cut_within_the_answer(exchange):
    data = exchange.raw(exchange.execute())
    exchange.write(data[:exchange.chance.randrange(1, len(data))])
    exchange.hang_up()


@fault(*READS, *WRITES)
def cut_after_answering(exchange):
    """The answer is whole and says nothing of it: the next request on this connection goes nowhere."""
    exchange.send(exchange.execute())
    exchange.hang_up()


@fault(*BODIES)
def refused_without_reading(exchange):
    refusal(exchange, 503, "SlowDown", {"Connection": "close"})
    exchange.hang_up()


@fault(*READS, *WRITES)
def late(exchange):
    answer = exchange.execute()
    time.sleep(exchange.chance.uniform(0.1, 0.8))
    exchange.send(answer)


@fault(*READS, *WRITES)
def dripping(exchange):
    data = exchange.raw(exchange.execute())
    step = len(data) // 8 + 1
    for at in range(0, len(data), step):
        exchange.write(data[at:at + step])
        time.sleep(0.02)


# -- errors that pass


@fault(*READS, *WRITES)
def slow_down(exchange):
    after = exchange.chance.choice([{}, {"Retry-After": "1"}, {"Retry-After": "soon"},
                                    {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}])
    refusal(exchange, 503, "SlowDown", after)


@fault(*READS, *WRITES)
def too_many_requests(exchange):
    refusal(exchange, 429, "TooManyRequests", exchange.chance.choice([{}, {"Retry-After": "0"}, {"Retry-After": "1"}]))


@fault(*READS, *WRITES)
def internal_error(exchange):
    perhaps_execute(exchange)
    refusal(exchange, 500, "InternalError")


@fault(*READS, *WRITES)
def bad_gateway(exchange):
    perhaps_execute(exchange)
    exchange.send(Answer(502, {"Content-Type": "text/html"}, b"<html><center>nginx</center></html>"))


@fault(*VISIBLE)
def conflict(exchange):
    code = "ConditionalRequestConflict" if exchange.request.header("if-none-match") else "OperationAborted"
    refusal(exchange, 409, code)


@fault(*VISIBLE)
def precondition_failed(exchange):
    """Said by chance, or because somebody (we ourselves) was first. Only those who set a condition are told so."""
    if exchange.request.header("if-none-match"):
        perhaps_execute(exchange)
        refusal(exchange, 412, "PreconditionFailed", Condition="If-None-Match")
    else:
        exchange.send(exchange.execute())


@fault(*READS, *WRITES)
def request_time_too_skewed(exchange):
    far = time.time() + exchange.chance.choice([-1, 1]) * 86400
    refusal(exchange, 403, "RequestTimeTooSkewed", {"Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(far))},
            ServerTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(far)), MaxAllowedSkewMilliseconds=900000)


# -- errors that look like a person's to mend


@fault(*READS, *WRITES)
def access_denied(exchange):
    refusal(exchange, 403, "AccessDenied")


@fault(*READS, *WRITES)
def expired_token(exchange):
    refusal(exchange, 400, "ExpiredToken")


@fault(*READS, *WRITES)
def no_such_bucket(exchange):
    refusal(exchange, 404, "NoSuchBucket", BucketName=exchange.request.bucket)


@fault(*READS, *WRITES)
def authorization_header_malformed(exchange):
    refusal(exchange, 400, "AuthorizationHeaderMalformed", Region="eu-central-1")


@fault(*READS, *WRITES)
def permanent_redirect(exchange):
    """To where nobody listens."""
    refusal(exchange, 301, "PermanentRedirect", {"x-amz-bucket-region": "eu-central-1"}, Endpoint="localhost:1",
            Bucket=exchange.request.bucket)


@fault(*READS, *WRITES)
def temporary_redirect(exchange):
    """To the same server by another name, for which a request must be signed anew."""
    place = exchange.server.endpoint.replace("127.0.0.1", "localhost") + exchange.request.target
    refusal(exchange, 307, "TemporaryRedirect", {"Location": place, "x-amz-bucket-region": "eu-central-1"}, Endpoint="localhost")


# -- answers that are not true


@fault(*WRITES)
def error_that_is_200(exchange):
    perhaps_execute(exchange)
    exchange.send(Answer(200, {"Content-Type": "application/xml"}, error_document("InternalError", "a fault")))


@fault("CompleteMultipartUpload")
def spaces_first(exchange):
    """As AWS does it: 200 at once, then spaces so that nobody hangs up, then the result, or an error after all."""
    if exchange.chance.random() < 0.5:
        body = exchange.execute().body or b" "
    else:
        body = error_document("InternalError", "a fault")
    exchange.write_chunks([b' '] * 5 + [b"\n" + body], pause=0.05)


@fault("PutObject", "UploadPart")
def stored_nowhere(exchange):
    exchange.read()
    exchange.send(Answer(200, {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}))


@fault("PutObject")
def stored_short(exchange):
    """Not of those who set a condition: to them it would be another's object, which they must leave alone."""
    exchange.read()
    if exchange.request.header("if-none-match"):
        exchange.send(exchange.execute())
        return
    whole = exchange.request.body
    exchange.request.body = whole[:len(whole) // 2]
    exchange.server.without_checks(exchange.request)
    exchange.send(Answer(200, {"ETag": '"0"'}))


@fault("HeadObject")
def wrong_size(exchange):
    answer = exchange.execute()
    if answer.status == 200:
        answer.length += exchange.chance.choice([-1, 1, 1000])
    exchange.send(answer)


@fault("HeadObject")
def size_left_out(exchange):
    answer = exchange.execute()
    answer.length = -1
    exchange.send(answer)


@fault("HeadObject")
def not_there_yet(exchange):
    exchange.send(Answer(404))


@fault("PutObject", "UploadPart")
def etag_at_random(exchange):
    exchange.retag(f"{exchange.chance.getrandbits(128):032x}")
    exchange.send(exchange.execute())


@fault("PutObject", "UploadPart")
def etag_missing(exchange):
    answer = exchange.execute()
    answer.headers.pop("ETag", None)
    exchange.send(answer)


@fault("PutObject", "UploadPart")
def etag_unquoted(exchange):
    answer = exchange.execute()
    if "ETag" in answer.headers:
        answer.headers["ETag"] = answer.headers["ETag"].strip('"')
    exchange.send(answer)


@fault("UploadPart", "CompleteMultipartUpload", "ListParts")
def upload_lost(exchange):
    exchange.read()
    with exchange.server.service.lock:
        upload = exchange.server.service.uploads.get(exchange.request.query["uploadId"])
        if upload and upload.state == "open":
            exchange.server.service.end(upload, "aborted")
    refusal(exchange, 404, "NoSuchUpload")


@fault("ListParts")
def parts_of_wrong_size(exchange):
    answer = exchange.execute()
    answer.body = re.sub(rb"<Size>(\d+)", rb"<Size>1\1", answer.body)
    exchange.send(answer)


# -- documents that are none


def instead(exchange, body, content_type="application/xml"):
    perhaps_execute(exchange)
    exchange.send(Answer(200, {"Content-Type": content_type}, body))


@fault(*DOCUMENTS)
def nothing(exchange):
    instead(exchange, b"")


@fault(*DOCUMENTS)
def log_in_page(exchange):
    instead(exchange, b"<!DOCTYPE html><html><body>Please <b>log in<br></body>", "text/html")


@fault(*DOCUMENTS)
def garbage(exchange):
    instead(exchange, random.Random(exchange.chance.random()).randbytes(5000))


@fault(*DOCUMENTS)
def xml_bomb(exchange):
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    instead(exchange, b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">' + entities +
            b"]><InitiateMultipartUploadResult><UploadId>&l11;</UploadId></InitiateMultipartUploadResult>")


@fault(*DOCUMENTS)
def nested_deeply(exchange):
    instead(exchange, b"<a>" * 50_000)


@fault(*DOCUMENTS)
def endless(exchange):
    perhaps_execute(exchange)
    exchange.write_chunks((b" " * 65536 for _ in range(256)), pause=0)
