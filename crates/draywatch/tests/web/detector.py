"""A detector as somebody would write it: leases a few images, fetches each, says that it read them; until nothing is left.

Every line that it writes is whole: it may be killed at any time. Times are of the machine's monotonic clock, which all processes share.
"""

import json
import sys
import time
import urllib.error
import urllib.request

base, token, name, seconds, log = sys.argv[1:]
seconds = float(seconds)


def ask(method, path, body=None):
    request = urllib.request.Request(base + path, method=method)
    request.add_header("Authorization", "Bearer " + token)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def note(**what):
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps({"who": name, **what}) + "\n")


while True:
    asked = time.monotonic()
    lease = json.loads(ask("POST", "/api/v1/leases", {"holder": name, "limit": 3, "seconds": int(seconds)}))
    got = time.monotonic()
    images = [one["image"] for one in lease["images"]]
    if not images:
        # What others hold comes back when they are gone.
        processed = json.loads(ask("GET", "/api/v1/images?processed=false&limit=1"))
        if not processed["items"] and processed["next"] is None:
            break
        time.sleep(0.1)
        continue
    note(lease=lease["lease"], images=[image["id"] for image in images], begin=got, end=asked + seconds)
    for image in images:
        if len(ask("GET", image["file"])) != image["bytes"]:
            sys.exit(f"image {image['id']} is not whole")
        note(read=image["id"])
        time.sleep(0.02)
    try:
        ask("POST", f"/api/v1/leases/{lease['lease']}/acknowledge", {"images": [image["id"] for image in images]})
    except urllib.error.HTTPError as error:
        # On a busy machine the time may be over: then another one has them.
        if error.code != 409 or time.monotonic() < asked + seconds:
            raise
    note(done=lease["lease"], at=time.monotonic())
