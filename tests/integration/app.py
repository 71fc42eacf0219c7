"""An app that knows the documented API and nothing else: submits a task, asks until it has ended, downloads the video.

    app.py BASE_URL KEY FILE [WEBHOOK_URL]

Prints each answer as a line of JSON. The authority that SSL_CERT_FILE names is trusted.
"""
import json
import sys
import time
import urllib.error
import urllib.request

GENERATIONS = "/api/open/v1/video/generations"


def ask(base_url, key, method, path, document=None):
    """The answer's document, after it was shown."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(base_url + path, body, {"Authorization": f"Bearer {key}"}, method=method)
    if body:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, content_type, text = answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refusal:
        status, content_type, text = refusal.code, refusal.headers["Content-Type"], refusal.read()
    document = json.loads(text)
    if document.get("status") != "processing" and (document.get("status") != "queued" or method == "POST"):
        print(json.dumps([method, path, status, content_type, text.decode()]))
    return document


def main(base_url, key, file, webhook_url=None):
    ask(base_url, key, "GET", "/api/open/v1/models")
    ask(base_url, key, "POST", GENERATIONS, {"model": "seedance-2.0"})
    ask(base_url, key, "GET", f"{GENERATIONS}/req_none")
    document = {"model": "seedance-2.0", "prompt": "Ein Fluß im Herbst", "duration": 5, "metadata": {"projectId": "p1"}}
    if webhook_url:
        document["webhookUrl"] = webhook_url
    path = f"{GENERATIONS}/{ask(base_url, key, 'POST', GENERATIONS, document)['requestId']}"
    task = ask(base_url, key, "GET", path)
    while task["status"] in ("queued", "processing"):
        time.sleep(0.1)
        task = ask(base_url, key, "GET", path)
    urllib.request.urlretrieve(task["output"]["url"], file)
    ask(base_url, key, "POST", f"{path}/cancel")
    other = ask(base_url, key, "POST", GENERATIONS, {"model": "seedance-2.0", "prompt": "Rain"})["requestId"]
    ask(base_url, key, "POST", f"{GENERATIONS}/{other}/cancel")


if __name__ == "__main__":
    main(*sys.argv[1:])
