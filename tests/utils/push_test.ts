import assert from "node:assert/strict";
import {
  createPusher,
  isPushEndpoint,
  PushDelayed,
  type PushOptions,
  PushRefused,
} from "@/utils/push.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import {
  foreignEndpoints,
  startPushService,
  type TestPushService,
} from "../support/push_service.ts";

const vapid = { ...createVapidKeys(), subject: "mailto:operator@example.com" };
const options: PushOptions = { topic: "a-topic_32", urgency: "high", ttlSeconds: 3_600 };

const pusherFor = (service: TestPushService) =>
  createPusher({ vapid, services: [service.host], fetch: service.fetch });

Deno.test("a push reaches its browser, which alone can read it, and says who sent it", async () => {
  await using service = startPushService();
  const browser = await service.subscribe();
  const payload = JSON.stringify({ title: "Ünï 🙂", body: "x".repeat(3_500) });
  const before = Date.now() / 1_000;
  assert.equal(await pusherFor(service).push(browser.input, payload, options), "sent");

  const push = await browser.next();
  assert.equal(push.payload, payload);
  assert.equal(push.headers.get("ttl"), "3600");
  assert.equal(push.headers.get("topic"), "a-topic_32");
  assert.equal(push.headers.get("urgency"), "high");
  assert.equal(push.vapid.publicKey, vapid.publicKey);
  assert.equal(push.vapid.subject, vapid.subject);
  assert.ok(push.vapid.expiresAt > before && push.vapid.expiresAt <= before + 86_400 + 1);
});

Deno.test("the service's answer decides: sent, gone, refused for good, or later", async () => {
  await using service = startPushService();
  const browser = await service.subscribe();
  const push = (status: number, headers: Record<string, string> = {}) => {
    browser.answer = { status, headers };
    return pusherFor(service).push(browser.input, "{}", options);
  };
  for (const status of [200, 201, 202]) assert.equal(await push(status), "sent");
  for (const status of [404, 410]) assert.equal(await push(status), "gone");
  for (const status of [400, 401, 403, 413]) await assert.rejects(push(status), PushRefused);
  for (const status of [429, 500, 502, 503]) {
    await assert.rejects(push(status), new PushDelayed(`The push service answered ${status}`));
  }
});

Deno.test("a redirect is not followed", async () => {
  await using service = startPushService();
  const [browser, other] = [await service.subscribe(), await service.subscribe()];
  for (const status of [301, 302, 307, 308]) {
    browser.answer = { status, headers: { location: other.input.endpoint } };
    await assert.rejects(pusherFor(service).push(browser.input, "{}", options), PushRefused);
  }
  assert.deepEqual(other.pushes, []);
});

Deno.test("a service that is not there, or is not who it says, may be later", async () => {
  const service = startPushService();
  const { input } = await service.subscribe();
  const untrusting = createPusher({ vapid, services: [service.host] });
  await assert.rejects(untrusting.push(input, "{}", options), PushDelayed);
  const { host, fetch } = service;
  await service[Symbol.asyncDispose]();
  const pusher = createPusher({ vapid, services: [host], fetch });
  await assert.rejects(pusher.push(input, "{}", options), PushDelayed);
});

Deno.test("nothing is sent where no push service is, nor for keys that are none", async () => {
  let calls = 0;
  const fetch = () => {
    calls++;
    return Promise.resolve(new Response(null, { status: 201 }));
  };
  await using service = startPushService();
  const { input } = await service.subscribe();
  const pusher = createPusher({ vapid, services: ["push.example"], fetch });
  await assert.rejects(pusher.push(input, "{}", options), PushRefused);

  const endpoint = "https://push.example/1";
  const keys = { ...input.keys, p256dh: `B${"A".repeat(86)}` };
  await assert.rejects(pusher.push({ endpoint, keys }, "{}", options), PushRefused);
  assert.equal(calls, 0);
  assert.equal(await pusher.push({ ...input, endpoint }, "{}", options), "sent");
  assert.equal(calls, 1);
});

Deno.test("push services are known by their whole host, over https alone", () => {
  const services = ["fcm.googleapis.com", "push.apple.com", "localhost:8443"];
  const accepted = [
    "https://fcm.googleapis.com/fcm/send/abc:123",
    "https://FCM.googleapis.com/x",
    "https://fcm.googleapis.com:443/x",
    "https://web.push.apple.com/Q?x=1#y",
    "https://localhost:8443/push/1",
  ];
  for (const endpoint of accepted) assert.ok(isPushEndpoint(endpoint, services), endpoint);
  for (const endpoint of foreignEndpoints) {
    assert.ok(!isPushEndpoint(endpoint, services), endpoint);
  }
});

Deno.test("keys are made in the lengths that the settings take", () => {
  const one = createVapidKeys();
  assert.match(one.publicKey, /^B[\w-]{86}$/);
  assert.match(one.privateKey, /^[\w-]{43}$/);
  assert.notEqual(one.privateKey, createVapidKeys().privateKey);
});
