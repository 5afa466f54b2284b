import assert from "node:assert/strict";
import type { NotificationPreferences, Problem } from "@/chat/protocol.ts";
import { call } from "../support/client.ts";
import { startServer, testDatabases, type TestServer, type TestUser } from "../support/server.ts";

const path = "/api/notifications/preferences";

const preferences: NotificationPreferences = {
  email: false,
  emailContent: false,
  push: false,
  desktop: true,
  sound: false,
  emailDelaySeconds: 60,
  pushDelaySeconds: 0,
  quietHours: { start: "22:00", end: "07:30", timeZone: "Europe/Lisbon" },
};

const get = (server: TestServer, as: TestUser) =>
  call<NotificationPreferences>(server, "GET", path, { as });
const put = (server: TestServer, as: TestUser, body: unknown) =>
  call<NotificationPreferences & Problem>(server, "PUT", path, { as, body });

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `preferences are the configured ones until a member chooses (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({
        database: await open(),
        env: { EMAIL_DELAY_SECONDS: "42", PUSH_DELAY_SECONDS: "7" },
      });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const defaults = {
        email: true,
        emailContent: true,
        push: true,
        desktop: false,
        sound: true,
        emailDelaySeconds: 42,
        pushDelaySeconds: 7,
        quietHours: null,
      };
      assert.deepEqual((await get(server, ana)).body, defaults);

      const chosen = await put(server, ana, preferences);
      assert.equal(chosen.status, 200);
      assert.deepEqual(chosen.body, preferences);
      assert.deepEqual((await get(server, ana)).body, preferences);
      assert.deepEqual((await get(server, jonas)).body, defaults);

      const again = { ...preferences, sound: true, quietHours: null };
      await put(server, ana, again);
      assert.deepEqual((await get(server, ana)).body, again);
    },
  });
}

Deno.test("preferences that make no sense are refused, each with its path", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const quiet = preferences.quietHours;
  for (
    const [wrong, at] of [
      [{ email: "yes" }, "email"],
      [{ emailDelaySeconds: -1 }, "emailDelaySeconds"],
      [{ pushDelaySeconds: 86_401 }, "pushDelaySeconds"],
      [{ pushDelaySeconds: 1.5 }, "pushDelaySeconds"],
      [{ quietHours: { ...quiet, start: "24:00" } }, "quietHours.start"],
      [{ quietHours: { ...quiet, end: "7:30" } }, "quietHours.end"],
      [{ quietHours: { ...quiet, timeZone: "Europe/Atlantis" } }, "quietHours.timeZone"],
      [{ sound: undefined }, "sound"],
    ] as const
  ) {
    const { status, body } = await put(server, ana, { ...preferences, ...wrong });
    assert.deepEqual([status, body.errors?.map((issue) => issue.path)], [400, [at]]);
  }
});

Deno.test("preferences are their member's alone", async () => {
  await using server = await startServer();
  for (const method of ["GET", "PUT"]) {
    assert.equal((await call(server, method, path)).status, 401);
  }
});
