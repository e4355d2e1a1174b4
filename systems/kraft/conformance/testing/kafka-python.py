"""The flow of flows/kafka-python.ts with Debian's python3-kafka: prints one JSON of facts, without ids and times.

    python3 kafka-python.py HOST:PORT
"""

import json
import sys
import time

import kafka
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import KafkaError

TOPIC = "python"
GROUP = "python-group"
TIME_MS = 1700000000000


def error_of(call):
    try:
        call()
        return "none"
    except KafkaError as error:
        return type(error).__name__


def main(bootstrap):
    facts = {}
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    new = [NewTopic(TOPIC, num_partitions=2, replication_factor=1, topic_configs={"retention.ms": "-1"})]
    facts["create"] = error_of(lambda: admin.create_topics(new))
    facts["create again"] = error_of(lambda: admin.create_topics(new))
    while TOPIC not in admin.list_topics():
        time.sleep(0.05)
    facts["topic"] = [
        [p["partition"], p["leader"], p["replicas"], p["isr"]]
        for p in sorted(admin.describe_topics([TOPIC])[0]["partitions"], key=lambda p: p["partition"])
    ]
    resource = ConfigResource(ConfigResourceType.TOPIC, TOPIC, {"retention.ms": None})
    entries = admin.describe_configs([resource])[0].resources[0][4]
    facts["retention"] = [[entry[0], entry[1], entry[3]] for entry in entries]

    facts["sent"] = {}
    for codec in [None, "gzip"]:
        producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type=codec)
        headers = [("codec", str(codec).encode())]
        sent = [
            producer.send(TOPIC, partition=p, key=b"k", value=b"v" * 100, timestamp_ms=TIME_MS, headers=headers)
            .get(timeout=10)
            for p in (0, 1)
        ]
        facts["sent"][str(codec)] = [[each.partition, each.offset] for each in sent]
        producer.close()

    facts["read"] = read(bootstrap, 4)
    facts["group"] = [[name, kind] for name, kind in admin.list_consumer_groups() if name == GROUP]
    group = admin.describe_consumer_groups([GROUP])[0]
    facts["described"] = [group.state, group.protocol_type, len(group.members)]
    facts["committed"] = committed(admin)

    facts["more partitions"] = error_of(lambda: admin.create_partitions({TOPIC: NewPartitions(3)}))
    facts["delete"] = error_of(lambda: admin.delete_topics([TOPIC]))
    while TOPIC in admin.list_topics():
        time.sleep(0.05)
    facts["delete again"] = error_of(lambda: admin.delete_topics([TOPIC]))
    admin.close()
    print(json.dumps(facts))


def committed(admin):
    offsets = admin.list_consumer_group_offsets(GROUP)
    return sorted([partition.partition, offset.offset] for partition, offset in offsets.items())


def read(bootstrap, count):
    consumer = kafka.KafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=20000,
    )
    seen = []
    for message in consumer:
        seen.append(
            [message.partition, message.offset, len(message.value), message.timestamp, message.headers[0][1].decode()]
        )
        if len(seen) == count:
            break
    consumer.commit()
    partitions = sorted(consumer.assignment())
    ends = sorted([p.partition, offset] for p, offset in consumer.end_offsets(partitions).items())
    starts = sorted([p.partition, offset] for p, offset in consumer.beginning_offsets(partitions).items())
    found = consumer.offsets_for_times({p: TIME_MS for p in partitions})
    times = sorted([p.partition, at.offset, at.timestamp] for p, at in found.items())
    consumer.close()
    return {"messages": sorted(seen), "ends": ends, "starts": starts, "offsets of a time": times}


main(sys.argv[1])
