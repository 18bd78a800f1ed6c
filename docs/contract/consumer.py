"""A desk's consumer, complete: prints what Vigie hands over, and answers every offer with an outcome when asked to.

Needs boto3. Set AWS_REGION, URGENT_QUEUE_URL, STANDARD_QUEUE_URL, OUTCOME_QUEUE_URL and DESK; put your ticket system in place of `Tickets`.
AWS_ENDPOINT_URL_SQS points it at the embedded run.
"""

import json
import os
import sys
import threading
import time
import uuid
from datetime import datetime, timezone

import boto3
from botocore.exceptions import BotoCoreError, ClientError


class Tickets:
    """Stands for your ticket system, which must have stored its work when a method returns; each may be called twice."""

    def __init__(self):
        self.lock = threading.Lock()
        self.fences = {}

    def offered_or_updated(self, case_id, data):
        with self.lock:
            # A lower fence than the known one comes late, from the other queue: the offer it speaks of is dead.
            if data["fence"] < self.fences.get(case_id, 0):
                return False
            self.fences[case_id] = data["fence"]
        print(f"show {case_id} fence {data['fence']} {data['priority']} by {data['deadlines']}", flush=True)
        for message in data["messages"]:
            print(f"  {message['text']}", flush=True)
        return True

    def recalled(self, case_id, data):
        # Take it away from agents and delete its words, unless a higher fence is known.
        print(f"withdraw {case_id} fence {data['fence']}: {data['because']}", flush=True)

    def erased(self, case_id, data):
        # Delete the words of this message, whatever its fence.
        print(f"erase message {data['messageId']} of {case_id}", flush=True)

    def refused(self, data):
        print(f"outcome {data['outcomeId']} refused: {data['because']}", flush=True)


def outcome(desk, data, kind, reason=None):
    # Milliseconds and Z: an offset such as +00:00 is not read.
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    fields = {key: data[key] for key in ("caseId", "offerId", "fence")}
    body = {"id": str(uuid.uuid4()), "type": kind, "desk": desk, "at": now, **fields}
    return body if reason is None else {**body, "reason": reason}


def take_over(message, tickets, report):
    case_id, data = message["subject"], message["data"]
    kind = message["type"]
    if kind in ("case.offered", "case.updated"):
        live = tickets.offered_or_updated(case_id, data)
        if live and kind == "case.offered":
            report(data)
    elif kind == "case.recalled":
        tickets.recalled(case_id, data)
    elif kind == "case.erased":
        tickets.erased(case_id, data)
    elif kind == "outcome.refused":
        tickets.refused(data)
    # Another type is one of tomorrow: nothing that this version has to act on.


def consume_once(sqs, queue_url, tickets, report, wait_seconds=20):
    """Takes up to ten messages, waiting for the first; answers how many were taken over."""
    received = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=wait_seconds,
        MessageSystemAttributeNames=["MessageGroupId"],
    ).get("Messages", [])
    stuck = set()
    taken = 0
    for message in received:
        group = message["Attributes"]["MessageGroupId"]
        # What follows a failed message of the same case must wait for it, or the order is lost.
        if group in stuck:
            continue
        try:
            take_over(json.loads(message["Body"]), tickets, report)
            # Only now: what is deleted is yours. This is a receipt and starts no clock.
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            taken += 1
        except Exception as error:  # whatever went wrong: not deleted, so it comes again in a minute
            print(f"not taken over: {type(error).__name__}", file=sys.stderr)
            stuck.add(group)
    return taken


def main():
    desk = os.environ["DESK"]
    answer = sys.argv[1] if len(sys.argv) > 1 else None
    tickets = Tickets()

    # boto3 by itself reads AWS_DEFAULT_REGION only.
    sqs = boto3.client("sqs", region_name=os.environ.get("AWS_REGION"))

    def report(data):
        if answer is not None:
            body = json.dumps(outcome(desk, data, answer))
            sqs.send_message(QueueUrl=os.environ["OUTCOME_QUEUE_URL"], MessageBody=body)

    def consume(queue_url):
        while True:
            try:
                consume_once(sqs, queue_url, tickets, report)
            except (BotoCoreError, ClientError) as error:  # an outage must not end the consumer
                print(f"{queue_url}: {error}", file=sys.stderr, flush=True)
                time.sleep(5)

    queues = (os.environ["URGENT_QUEUE_URL"], os.environ["STANDARD_QUEUE_URL"])
    threads = [threading.Thread(target=consume, args=(url,), daemon=True) for url in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
