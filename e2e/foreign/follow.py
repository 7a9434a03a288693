"""
A client that shares no code with Holdfast: Python's `websockets`, and the reader's rule of PROTOCOL.md section 5.3.
It follows one stream, prints each entry as a line, and comes back after every loss of the link from its cursor.

    python3 follow.py ws://127.0.0.1:4150/v1/link NAME LAST    (ends after the entry whose payload is LAST)
"""
import asyncio
import json
import random
import sys

import websockets

URL, STREAM, LAST = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def compare(a, b):
    """PROTOCOL.md section 4: before (-1), same (0), after (1), or None when nothing follows."""
    if a == b:
        return 0
    if a == "0":
        return -1
    if b == "0":
        return 1
    epoch, dot, _ = a.partition(".")
    if not dot or not b.startswith(epoch + dot):
        return None
    return -1 if a.encode() < b.encode() else 1


class Reader:
    def __init__(self):
        self.cursor = None
        self.waiting = None
        self.next_id = 1
        self.done = False

    def ask(self):
        self.waiting, self.next_id = self.next_id, self.next_id + 1
        place = "first" if self.cursor is None else {"after": self.cursor}
        return {"type": "subscribe", "id": self.waiting, "stream": STREAM, "from": place}

    def take(self, m):
        """Returns what is to be sent, or None."""
        kind = m["type"]
        if kind == "ping":
            return {"type": "pong", "id": m["id"]}
        if kind == "beat":
            beat = m.get("streams", {}).get(STREAM)
            return self.ask() if beat and self.waiting is None and beat["sent"] != self.cursor else None
        if m.get("stream") != STREAM:
            return None
        if self.waiting is not None:
            if kind == "subscribed" and m["id"] == self.waiting:
                self.waiting = None
                if self.cursor is None:
                    self.cursor = m["position"]
            return None
        if kind == "entry":
            if m["prev"] == self.cursor:
                self.cursor = m["position"]
                print(json.dumps([m["position"], m["data"]]), flush=True)
                self.done = m["data"] == LAST
                return None
            if compare(m["position"], self.cursor) in (-1, 0):
                return None
            return self.ask()
        if kind == "gap":
            if m["from"] != self.cursor:
                return self.ask()
            print(json.dumps(["gap", m["reason"]]), flush=True)
            self.cursor = m["after"]
        return None


async def beats(socket, heartbeat_s):
    while True:
        await asyncio.sleep(heartbeat_s * 0.9)
        await socket.send('{"type":"beat"}')


async def link(reader):
    async with websockets.connect(URL, subprotocols=["holdfast.v1"], compression=None, open_timeout=5, ping_interval=None, close_timeout=1) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "client": "python"}))
        welcome = json.loads(await asyncio.wait_for(socket.recv(), 5))
        assert welcome["type"] == "welcome", welcome
        heartbeat_s = welcome["heartbeatMs"] / 1000
        beating = asyncio.create_task(beats(socket, heartbeat_s))
        try:
            await socket.send(json.dumps(reader.ask()))
            while not reader.done:
                # Silence for 1.1 h + 2 s, and 5 s more in which a ping would have been answered (section 8).
                message = json.loads(await asyncio.wait_for(socket.recv(), heartbeat_s * 1.1 + 7))
                answer = reader.take(message)
                if answer is not None:
                    await socket.send(json.dumps(answer))
        finally:
            beating.cancel()


async def main():
    reader = Reader()
    failures = 0
    while not reader.done:
        try:
            await link(reader)
            failures = 0
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
            failures += 1
            reader.waiting = None
            await asyncio.sleep(random.random() * min(2, 0.1 * 2**failures))


asyncio.run(main())
