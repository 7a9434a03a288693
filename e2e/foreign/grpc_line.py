"""
A client that shares no code with Holdfast: Debian's grpcio, and stubs that protoc made from line.proto and health.proto. Each mode prints
what it sees, one JSON value a line.

    PYTHONPATH=STUBS python3 grpc_line.py follow HOST:PORT STREAM LAST [AFTER]   each entry once, resuming, until the payload LAST
    PYTHONPATH=STUBS python3 grpc_line.py publish HOST:PORT STREAM COUNT         0, 1, 2 ... each sent twice, repeated until answered
    PYTHONPATH=STUBS python3 grpc_line.py once HOST:PORT STREAM AFTER [TOKEN]    one call, and how it ended
    PYTHONPATH=STUBS python3 grpc_line.py health HOST:PORT                       the status, whenever it changes
    PYTHONPATH=STUBS python3 grpc_line.py idle HOST:PORT KEEPALIVE_MS SECONDS    a channel without calls, then one call
"""
import json
import os
import queue
import random
import sys
import time

import grpc

# The stubs of the health service are in a package of the library's own name.
grpc.__path__.extend(os.path.join(folder, "grpc") for folder in os.environ["PYTHONPATH"].split(os.pathsep))
from grpc.health.v1 import health_pb2, health_pb2_grpc
from holdfast.v1 import line_pb2, line_pb2_grpc

FAST = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000)]
RESUME = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNKNOWN)


def say(*values):
    print(json.dumps(values), flush=True)


def open_side(first):
    """Messages of a client that keeps its side open: a beat, which is an empty message, every so often."""
    waiting = queue.Queue()
    waiting.put(first)

    def messages():
        while True:
            try:
                message = waiting.get(timeout=0.4)
            except queue.Empty:
                message = line_pb2.SubscribeRequest()
            if message is None:
                return
            yield message

    return messages(), lambda: waiting.put(None)


def follow(stub, stream, last, after):
    cursor = after
    calls = 0
    while True:
        ask = line_pb2.SubscribeRequest(subscribe=[line_pb2.Subscription(id=1, stream=stream, after=cursor)])
        calls += 1
        # Every other call says all in one message and closes its side.
        messages, done = (iter([ask]), lambda: None) if calls % 2 else open_side(ask)
        call = stub.Subscribe(messages)
        try:
            for message in call:
                kind = message.WhichOneof("message")
                if kind == "subscribed" and cursor in ("first", "now"):
                    cursor = message.subscribed.position
                elif kind == "gap":
                    assert message.gap.position == cursor, (message, cursor)
                    say("gap", message.gap.reason)
                    cursor = message.gap.after
                elif kind == "entry":
                    assert message.entry.prev == cursor, (message, cursor)
                    cursor = message.entry.position
                    value = json.loads(message.entry.json)
                    say(cursor, value)
                    if value == last:
                        say("calls", calls)
                        call.cancel()
                        return
        except grpc.RpcError as error:
            if error.code() not in RESUME:
                raise
        finally:
            done()
        time.sleep(random.random() * 0.3)


def publish(stub, stream, count):
    for seq in range(count):
        request = line_pb2.PublishRequest(
            stream=stream, json=json.dumps(seq).encode(), producer=line_pb2.Producer(id="python", epoch=0, seq=seq)
        )
        answers = []
        while len(answers) < 2:
            try:
                answers.append(stub.Publish(request, timeout=5))
            except grpc.RpcError as error:
                if error.code() not in RESUME:
                    raise
                time.sleep(random.random() * 0.2)
        assert answers[1].duplicate and answers[0].position == answers[1].position, answers
        say(answers[0].position, seq)


def once(stub, stream, after, token):
    metadata = [("authorization", "Bearer " + token)] if token else []
    ask = line_pb2.SubscribeRequest(subscribe=[line_pb2.Subscription(stream=stream, after=after)])
    call = stub.Subscribe(iter([ask]), metadata=metadata)
    try:
        for message in call:
            kind = message.WhichOneof("message")
            say(kind, getattr(message, kind).code if kind in ("goaway", "unsubscribed") else None)
    except grpc.RpcError:
        pass
    say("end", call.code().name, dict(call.trailing_metadata() or []).get("holdfast-code"))


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        for answer in stub.Watch(health_pb2.HealthCheckRequest(service="holdfast.v1.Line")):
            say(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    except grpc.RpcError as error:
        say(error.code().name)


def idle(target, keepalive_ms, seconds):
    options = [
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", 5000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_time_between_pings_ms", keepalive_ms),
        ("grpc.http2.min_ping_interval_without_data_ms", keepalive_ms),
    ]
    channel = grpc.insecure_channel(target, options=FAST + options)
    states = []
    channel.subscribe(lambda state: states.append(state.name), try_to_connect=True)
    grpc.channel_ready_future(channel).result(timeout=10)
    time.sleep(seconds)
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    say(answer.status, states)


def main():
    mode, target, *rest = sys.argv[1:]
    if mode == "idle":
        return idle(target, int(rest[0]), float(rest[1]))
    channel = grpc.insecure_channel(target, options=FAST)
    stub = line_pb2_grpc.LineStub(channel)
    if mode == "follow":
        follow(stub, rest[0], json.loads(rest[1]), rest[2] if len(rest) > 2 else "first")
    elif mode == "publish":
        publish(stub, rest[0], int(rest[1]))
    elif mode == "once":
        once(stub, rest[0], rest[1], rest[2] if len(rest) > 2 else None)
    elif mode == "health":
        health(channel)


main()
