import assert from "node:assert/strict";
import { limits, type Problem } from "@/chat/protocol.ts";
import { type PushSubscriptionRow, selectPushSubscriptions } from "@/db/push_subscriptions.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { call } from "../support/client.ts";
import { SetClock } from "../support/clock.ts";
import { foreignEndpoints } from "../support/push_service.ts";
import { makeReceiverKeys } from "../support/web_push.ts";
import { startServer, testDatabases, type TestServer, type TestUser } from "../support/server.ts";

const path = "/api/notifications/subscriptions";
const vapid = createVapidKeys();
const env = {
  VAPID_PUBLIC_KEY: vapid.publicKey,
  VAPID_PRIVATE_KEY: vapid.privateKey,
  VAPID_SUBJECT: "mailto:operator@example.com",
};

const { point, auth } = await makeReceiverKeys();
const base64url = { alphabet: "base64url", omitPadding: true } as const;
const keys = { p256dh: point.toBase64(base64url), auth: auth.toBase64(base64url) };
const subscriptionAt = (endpoint: string) => ({ endpoint, expirationTime: null, keys });
const browser = (name: string) => subscriptionAt(`https://fcm.googleapis.com/fcm/send/${name}`);

const subscribe = (server: TestServer, as: TestUser, body: unknown) =>
  call<{ id: string } & Problem>(server, "POST", path, { as, body });
const unsubscribe = (server: TestServer, as: TestUser, id: string) =>
  call<Problem>(server, "DELETE", `${path}/${id}`, { as });
const subscriptionsOf = (server: TestServer, ...users: TestUser[]) =>
  selectPushSubscriptions(server.chat.db, users.map(({ id }) => id));
const namesOf = (rows: PushSubscriptionRow[]) =>
  rows.map(({ endpoint }) => endpoint.slice(endpoint.lastIndexOf("/") + 1)).sort();

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `a member's browsers are pushed to until they end it (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open(), env });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const phone = await subscribe(server, ana, browser("phone"));
      const laptop = await subscribe(server, ana, browser("laptop"));
      await subscribe(server, jonas, browser("tablet"));
      assert.deepEqual([phone.status, laptop.status], [201, 201]);
      assert.deepEqual(namesOf(await subscriptionsOf(server, ana)), ["laptop", "phone"]);
      const all = await subscriptionsOf(server, ana, jonas);
      assert.deepEqual(namesOf(all), ["laptop", "phone", "tablet"]);
      assert.deepEqual(all[0]?.keys, keys);
      assert.deepEqual(await subscriptionsOf(server), []);

      // A browser that comes again, perhaps with other keys, is the same one.
      const other = { ...keys, auth: "A".repeat(22) };
      const again = await subscribe(server, ana, { ...browser("phone"), keys: other });
      assert.deepEqual([again.status, again.body], [200, { id: phone.body.id }]);
      const stored = (await subscriptionsOf(server, ana)).find(({ id }) => id === phone.body.id);
      assert.deepEqual(stored?.keys, other);

      assert.equal((await unsubscribe(server, ana, phone.body.id)).status, 204);
      assert.deepEqual(namesOf(await subscriptionsOf(server, ana)), ["laptop"]);
      assert.equal((await unsubscribe(server, ana, phone.body.id)).status, 404);
      assert.equal((await subscribe(server, ana, browser("phone"))).status, 201);
    },
  });

  Deno.test({
    name: `a browser is pushed to for whoever signed in there last (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open(), env });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const { body: { id } } = await subscribe(server, ana, browser("shared"));
      const taken = await subscribe(server, jonas, browser("shared"));
      assert.deepEqual([taken.status, taken.body.id], [200, id]);
      assert.deepEqual(await subscriptionsOf(server, ana), []);
      assert.deepEqual(namesOf(await subscriptionsOf(server, jonas)), ["shared"]);

      // To the one it was, it is as if it had never been.
      const refusal = await unsubscribe(server, ana, id);
      const unknown = crypto.randomUUID();
      const stranger = await unsubscribe(server, ana, unknown);
      assert.deepEqual([refusal.status, refusal.body.code], [404, "not_found"]);
      assert.equal(
        JSON.stringify(refusal.body).replaceAll(id, unknown),
        JSON.stringify(stranger.body),
      );
      assert.deepEqual(namesOf(await subscriptionsOf(server, jonas)), ["shared"]);
    },
  });

  Deno.test({
    name: `of too many browsers the one that came by longest ago goes (${name})`,
    ignore,
    async fn() {
      const clock = new SetClock();
      await using server = await startServer({ database: await open(), env, clock });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const come = async (as: TestUser, name: string) => {
        clock.pass(1_000);
        await subscribe(server, as, browser(name));
      };
      await come(jonas, "tablet");
      const numbers = Array.from({ length: limits.pushSubscriptions }, (_, index) => `${index}`);
      for (const number of numbers) await come(ana, number);
      await come(ana, "0");
      await come(ana, "new");
      const kept = [...numbers.filter((number) => number !== "1"), "new"].sort();
      assert.deepEqual(namesOf(await subscriptionsOf(server, ana)), kept);
      assert.deepEqual(namesOf(await subscriptionsOf(server, jonas)), ["tablet"]);
    },
  });
}

Deno.test("only addresses of the configured push services are taken", async () => {
  await using server = await startServer({ env });
  const ana = await server.addUser("ana");
  for (const endpoint of [...foreignEndpoints, `https://fcm.googleapis.com/${"x".repeat(1_000)}`]) {
    const { status, body } = await subscribe(server, ana, subscriptionAt(endpoint));
    assert.deepEqual(
      [status, body.code, body.errors?.[0]?.path],
      [400, "invalid_input", "endpoint"],
      endpoint,
    );
  }
  for (const host of ["updates.push.services.mozilla.com", "wns2.notify.windows.com"]) {
    const { status } = await subscribe(server, ana, subscriptionAt(`https://${host}/x`));
    assert.equal(status, 201, host);
  }
  await using own = await startServer({ env: { ...env, PUSH_SERVICES: "push.example" } });
  const jonas = await own.addUser("jonas");
  assert.equal((await subscribe(own, jonas, browser("x"))).status, 400);
  const { status } = await subscribe(own, jonas, subscriptionAt("https://eu.push.example/x"));
  assert.equal(status, 201);
});

Deno.test("keys that are none are refused, each with its path", async () => {
  await using server = await startServer({ env });
  const ana = await server.addUser("ana");
  for (
    const [wrong, at] of [
      [{ p256dh: keys.p256dh.slice(1) }, "keys.p256dh"],
      [{ p256dh: `${keys.p256dh.slice(1)}+` }, "keys.p256dh"],
      [{ auth: "" }, "keys.auth"],
      [{ auth: undefined }, "keys.auth"],
    ] as const
  ) {
    const body = { ...browser("phone"), keys: { ...keys, ...wrong } };
    const answer = await subscribe(server, ana, body);
    assert.deepEqual([answer.status, answer.body.errors?.map(({ path }) => path)], [400, [at]]);
  }
});

Deno.test("subscribing has a rate", async () => {
  await using server = await startServer({ env: { ...env, RATE_LIMIT_SCALE: "0.05" } });
  const ana = await server.addUser("ana");
  assert.equal((await subscribe(server, ana, browser("phone"))).status, 201);
  const { status, body } = await subscribe(server, ana, browser("phone"));
  assert.deepEqual([status, body.code], [429, "rate_limited"]);
});

Deno.test("where there is no web push there is nothing to subscribe to", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const { status, body } = await subscribe(server, ana, browser("phone"));
  assert.deepEqual([status, body.code], [404, "not_found"]);
});

Deno.test("subscriptions are their member's alone", async () => {
  await using server = await startServer({ env });
  assert.equal((await call(server, "POST", path, { body: browser("phone") })).status, 401);
  assert.equal((await call(server, "DELETE", `${path}/${crypto.randomUUID()}`)).status, 401);
});
