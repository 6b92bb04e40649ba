"""The discovery client with Pub/Sub: topics, subscriptions, publishing, pulling, acknowledging."""

import base64

from local import PROJECT, Conformance, discovered


class PubSub(Conformance):
    @classmethod
    def setUpClass(cls):
        pubsub = discovered("pubsub", "v1").projects()
        cls.topics, cls.subscriptions = pubsub.topics(), pubsub.subscriptions()

    def pair(self, name, **fields):
        topic, subscription = f"projects/{PROJECT}/topics/{name}", f"projects/{PROJECT}/subscriptions/{name}"
        self.topics.create(name=topic, body={}).execute()
        made = self.subscriptions.create(name=subscription, body={"topic": topic, **fields}).execute()
        return topic, subscription, made

    def publish(self, topic, *messages):
        messages = [{"data": base64.b64encode(data).decode(), **more} for data, more in messages]
        return self.topics.publish(topic=topic, body={"messages": messages}).execute()["messageIds"]

    def pull(self, subscription, count=10):
        pulled = self.subscriptions.pull(subscription=subscription, body={"maxMessages": count, "returnImmediately": True})
        return pulled.execute().get("receivedMessages", [])

    def test_messages_are_pulled_until_they_are_acknowledged(self):
        topic, subscription, made = self.pair("plain")
        self.assertEqual((made["ackDeadlineSeconds"], made["messageRetentionDuration"]), (10, "604800s"))
        ids = self.publish(topic, (b"one", {"attributes": {"a": "b"}}), (b"\x00\xff", {}))
        self.assertEqual(len(set(ids)), 2)
        received = self.pull(subscription)
        by_id = {each["message"]["messageId"]: each for each in received}
        self.assertEqual(set(by_id), set(ids))
        first, second = (by_id[i]["message"] for i in ids)
        self.assertEqual((base64.b64decode(first["data"]), first["attributes"]), (b"one", {"a": "b"}))
        self.assertEqual(base64.b64decode(second["data"]), b"\x00\xff")
        self.assertIn("publishTime", first)
        self.assertEqual(self.pull(subscription), [], "they are out for ten seconds")
        back, gone = (by_id[i]["ackId"] for i in ids)
        self.subscriptions.acknowledge(subscription=subscription, body={"ackIds": [gone]}).execute()
        nack = {"ackIds": [back], "ackDeadlineSeconds": 0}
        self.subscriptions.modifyAckDeadline(subscription=subscription, body=nack).execute()
        again = self.pull(subscription)
        self.assertEqual([each["message"]["messageId"] for each in again], ids[:1])

    def test_every_subscription_has_its_own_copy(self):
        topic, first, _ = self.pair("fan-out")
        second = f"projects/{PROJECT}/subscriptions/fan-out-too"
        self.subscriptions.create(name=second, body={"topic": topic}).execute()
        ids = self.publish(topic, (b"x", {}))
        for subscription in (first, second):
            self.assertEqual([each["message"]["messageId"] for each in self.pull(subscription)], ids)
        self.assertEqual(self.topics.subscriptions().list(topic=topic).execute()["subscriptions"], [first, second])

    def test_a_filter_lets_through_what_it_says(self):
        topic, subscription, _ = self.pair("filtered", filter='attributes.eventType = "SECRET_ROTATE"')
        self.publish(
            topic, (b"no", {"attributes": {"eventType": "SECRET_UPDATE"}}), (b"none", {}),
            (b"yes", {"attributes": {"eventType": "SECRET_ROTATE"}}))
        received = self.pull(subscription)
        self.assertEqual([base64.b64decode(each["message"]["data"]) for each in received], [b"yes"])
        with self.http_error(400):
            self.pair("bad-filter", filter="nonsense =")

    def test_ordered_messages_keep_their_key_and_order(self):
        topic, subscription, _ = self.pair("ordered", enableMessageOrdering=True)
        ids = self.publish(topic, *[(b"%d" % n, {"orderingKey": "k"}) for n in range(5)])
        received = []
        while batch := self.pull(subscription):
            received += [each["message"] for each in batch]
            acks = {"ackIds": [each["ackId"] for each in batch]}
            self.subscriptions.acknowledge(subscription=subscription, body=acks).execute()
        self.assertEqual([message["messageId"] for message in received], ids)
        self.assertEqual({message["orderingKey"] for message in received}, {"k"})

    def test_dead_letters_have_their_limits(self):
        self.topics.create(name=f"projects/{PROJECT}/topics/dead", body={}).execute()
        policy = {"deadLetterTopic": f"projects/{PROJECT}/topics/dead", "maxDeliveryAttempts": 3}
        with self.http_error(400, "OUT_OF_RANGE"):
            self.pair("too-few", deadLetterPolicy=policy)
        missing = {"deadLetterTopic": f"projects/{PROJECT}/topics/none", "maxDeliveryAttempts": 5}
        with self.http_error(404):
            self.pair("nowhere", deadLetterPolicy=missing)
        topic, subscription, made = self.pair("letters", deadLetterPolicy={**policy, "maxDeliveryAttempts": 5})
        self.assertEqual(made["deadLetterPolicy"]["maxDeliveryAttempts"], 5)
        self.publish(topic, (b"x", {}))
        self.assertEqual(self.pull(subscription)[0]["deliveryAttempt"], 1)

    def test_a_subscription_is_patched_by_its_mask(self):
        _, subscription, made = self.pair("patched", labels={"a": "b"})
        body = {"subscription": {**made, "ackDeadlineSeconds": 60, "labels": {}}, "updateMask": "ackDeadlineSeconds"}
        changed = self.subscriptions.patch(name=subscription, body=body).execute()
        self.assertEqual((changed["ackDeadlineSeconds"], changed["labels"]), (60, {"a": "b"}))

    def test_what_is_wrong_is_refused(self):
        topic, subscription, _ = self.pair("wrong")
        with self.http_error(409, "ALREADY_EXISTS"):
            self.topics.create(name=topic, body={}).execute()
        with self.http_error(404, "NOT_FOUND"):
            self.publish(f"projects/{PROJECT}/topics/none", (b"x", {}))
        with self.http_error(400):
            self.topics.publish(topic=topic, body={"messages": []}).execute()
        with self.http_error(400):
            self.topics.publish(topic=topic, body={"messages": [{}]}).execute()
        with self.http_error(400):
            self.topics.publish(topic=topic, body={"messages": [{"data": "not base64!"}]}).execute()
        with self.http_error(400):
            self.topics.create(name=f"projects/{PROJECT}/topics/google-x", body={}).execute()
        with self.http_error(400):
            self.subscriptions.create(
                name=f"projects/{PROJECT}/subscriptions/hasty", body={"topic": topic, "ackDeadlineSeconds": 5}).execute()

    def test_a_deleted_topic_leaves_its_subscription_behind(self):
        topic, subscription, _ = self.pair("deleted")
        self.topics.delete(topic=topic).execute()
        self.assertEqual(self.subscriptions.get(subscription=subscription).execute()["topic"], "_deleted-topic_")
        self.subscriptions.delete(subscription=subscription).execute()
        with self.http_error(404):
            self.subscriptions.get(subscription=subscription).execute()

    def test_lists_come_in_pages(self):
        for n in range(3):
            self.topics.create(name=f"projects/{PROJECT}/topics/page-{n}", body={}).execute()
        request, names = self.topics.list(project=f"projects/{PROJECT}", pageSize=2), []
        while request is not None:
            page = request.execute()
            self.assertLessEqual(len(page["topics"]), 2)
            names += [topic["name"] for topic in page["topics"]]
            request = self.topics.list_next(request, page)
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({f"projects/{PROJECT}/topics/page-{n}" for n in range(3)}, set(names))
