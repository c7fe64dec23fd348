"""Debian's python3-redis does an application's work: client.py PORT."""
import sys
import threading
import redis

client = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
client.flushall()
assert client.set("k", "v", ex=100) is True
assert client.get("k") == "v"
assert client.get("missing") is None
client.hset("h", mapping={"a": "1", "b": "2"})
assert client.hgetall("h") == {"a": "1", "b": "2"}
client.zadd("z", {"one": 1, "two": 2.5})
assert client.zrange("z", 0, -1, withscores=True) == [("one", 1.0), ("two", 2.5)]
try:
    client.incr("h")
    raise AssertionError("no error")
except redis.ResponseError as error:
    assert str(error).startswith("WRONGTYPE") or "wrong kind" in str(error), error

with client.pipeline(transaction=True) as pipe:
    assert pipe.set("n", 1).incr("n").get("n").execute() == [True, 2, "2"]
with client.pipeline() as pipe:
    pipe.watch("n")
    client.set("n", "changed")
    pipe.multi()
    pipe.set("n", "lost")
    try:
        pipe.execute()
        raise AssertionError("no error")
    except redis.WatchError:
        pass
with client.pipeline(transaction=False) as pipe:
    for index in range(500):
        pipe.set(f"p{index}", index).get(f"p{index}")
    assert pipe.execute()[1::2] == [str(index) for index in range(500)]

assert len(set(client.scan_iter("p*", count=50))) == 500
script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
assert [script(["counter"], [2]), script(["counter"], [40])] == [2, 42]

threading.Timer(0.1, lambda: client.rpush("queue", "work")).start()
assert client.blpop("queue", 5) == ("queue", "work")

messages = client.pubsub()
messages.subscribe("news")
messages.psubscribe("n*")
assert [messages.get_message(timeout=2)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
assert client.publish("news", "first") == 2
assert [messages.get_message(timeout=2)["data"] for _ in range(2)] == ["first", "first"]
messages.close()

client.xadd("events", {"kind": "made"}, id="1-1")
client.xgroup_create("events", "workers", id="0")
assert client.xreadgroup("workers", "me", {"events": ">"}) == [["events", [("1-1", {"kind": "made"})]]]

lock = client.lock("lock", timeout=5)
assert lock.acquire(blocking=False)
assert not client.lock("lock", timeout=5).acquire(blocking=False)
lock.release()
print("done")
