import assert from "node:assert/strict";
import type { Problem, Profile } from "@/chat/protocol.ts";
import { insertUser } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases, type TestServer, type TestUser } from "../support/server.ts";

/** A member of this name, found in the database only. @returns their id */
async function add(server: TestServer, username: string, displayName: string): Promise<string> {
  return (await insertUser(server.chat.db, { id: newId(), username, displayName })).id;
}

function search(server: TestServer, as: TestUser, parameters: Record<string, string>) {
  const path = `/api/users?${new URLSearchParams(parameters)}`;
  return call<{ users: Profile[] } & Problem>(server, "GET", path, { as });
}

/** The usernames that a search finds, in its order. */
async function found(server: TestServer, as: TestUser, query: string): Promise<string[]> {
  const { status, body } = await search(server, as, { query });
  assert.equal(status, 200, JSON.stringify(body));
  return body.users.map((user) => user.username);
}

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `members are found by the beginnings of their names (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const ana = await server.addUser("ana");
      await add(server, "jonas", "Jonas Weber");
      await add(server, "jo-webb-42", "Johanna Webb");
      await add(server, "zola", "Élodie ZOLA");
      await add(server, "a.lima_x", "Someone Else");
      await add(server, "taro", "山田 太郎");
      await add(server, "shop", "A/B Store <Ltd>");

      assert.deepEqual(await found(server, ana, "jo"), ["jo-webb-42", "jonas"]);
      assert.deepEqual(await found(server, ana, "web JO"), ["jo-webb-42", "jonas"]);
      assert.deepEqual(await found(server, ana, "jonas web"), ["jonas"]);
      assert.deepEqual(await found(server, ana, "onas"), []);
      for (const query of ["éLO", "Élodie", "e\u0301lo", "zol"]) {
        assert.deepEqual(await found(server, ana, query), ["zola"], query);
      }
      for (const query of ["jo-webb-42", "42", "webb-4", "@jo-webb"]) {
        assert.deepEqual(await found(server, ana, query), ["jo-webb-42"], query);
      }
      for (const query of ["a.lima_x", "lima", "a.lima"]) {
        assert.deepEqual(await found(server, ana, query), ["a.lima_x"], query);
      }
      assert.deepEqual(await found(server, ana, "太"), ["taro"]);
      for (const query of ["A/B", "store", "ltd"]) {
        assert.deepEqual(await found(server, ana, query), ["shop"], query);
      }
    },
  });

  Deno.test({
    name: `a search is text, whatever is in it (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const ana = await server.addUser("ana");
      await add(server, "jonas", "Jonas");
      const nothing = [
        ...["", "  ", "%", "_", "*", ":*", "&", "|", "!", "<->", "()", "''", "\\", "²", "\u0301"],
        ...["x' or '1'='1", "x:* | jonas:*", "!x & jonas", "%_%", "jonas <-> x", "🌻"],
      ];
      for (const query of nothing) assert.deepEqual(await found(server, ana, query), [], query);
      // What has no meaning here is passed over.
      for (const query of ["jonas!", "(jonas", "jonas:", "'jonas'", "jonas\\"]) {
        assert.deepEqual(await found(server, ana, query), ["jonas"], query);
      }
      assert.equal((await search(server, ana, { query: "jonas\0" })).status, 400);
      assert.equal((await search(server, ana, { query: "x".repeat(100) })).status, 200);
      const { status, body } = await search(server, ana, { query: "x".repeat(101) });
      assert.deepEqual([status, body.errors?.[0]?.path], [400, "query"]);
    },
  });
}

Deno.test("a search finds twenty at most, and never the one who asks", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  for (let n = 10; n < 35; n++) await add(server, `ana${n}`, `Ana ${n}`);
  const users = await found(server, ana, "ana");
  assert.equal(users.length, 20);
  assert.deepEqual(users, Array.from({ length: 20 }, (_, n) => `ana${n + 10}`));
});

Deno.test("a member is found by the exact username, in any case", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const id = await add(server, "Jo.Weber", "Jonas Weber");
  for (const username of ["Jo.Weber", "jo.weber"]) {
    const { body } = await search(server, ana, { username });
    assert.deepEqual(body.users.map((user) => user.id), [id]);
  }
  assert.deepEqual((await search(server, ana, { username: "jo.webe" })).body.users, []);
  assert.deepEqual((await search(server, ana, { username: "ana" })).body.users[0]?.id, ana.id);
  assert.equal((await search(server, ana, { username: "%" })).status, 400);
});

Deno.test("searches are limited, so that nobody copies the list of members", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "0.05" } });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  for (let n = 0; n < 3; n++) assert.equal((await search(server, ana, { query: "a" })).status, 200);
  assert.equal((await search(server, ana, { query: "a" })).status, 429);
  assert.equal((await search(server, jonas, { query: "a" })).status, 200);
});

Deno.test("a profile shows presence to those who share a conversation, and no email", async () => {
  await using server = await startServer();
  const [ana, jonas, eve] = [
    await server.addUser("ana"),
    await server.addUser("jonas"),
    await server.addUser("eve"),
  ];
  const ofAna = await converse(server, ana, jonas);
  // An empty one is known to its maker alone, who could watch anyone by it.
  await converse(server, eve, jonas);
  const socket = await TestSocket.connect(server, jonas);
  await socket.say(ofAna, "Hello");
  const seenBy = async (as: TestUser) => {
    const { body } = await call<Profile>(server, "GET", `/api/users/${jonas.id}`, { as });
    const [listed] = (await search(server, as, { username: "jonas" })).body.users;
    assert.deepEqual(listed, body);
    return body;
  };
  const profile = {
    id: jonas.id,
    username: "jonas",
    displayName: "Jonas",
    avatarUrl: null,
    profileUrl: null,
    role: "member",
    lastSeenAt: null,
  };
  assert.deepEqual(await seenBy(ana), { ...profile, online: true });
  assert.deepEqual(await seenBy(jonas), { ...profile, online: true });
  assert.deepEqual(await seenBy(eve), { ...profile, online: false });
  await socket.close();
});

Deno.test("a profile of nobody is not found", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const id = "0197a3c0-0000-7000-8000-000000000000";
  const { status, body } = await call<Problem>(server, "GET", `/api/users/${id}`, { as: ana });
  assert.deepEqual([status, body.detail], [404, `Cannot find member ${id}`]);
  const wrong = await call<Problem>(server, "GET", "/api/users/ana", { as: ana });
  assert.deepEqual([wrong.status, wrong.body.errors], [400, [{
    path: "userId",
    message: "Expected a UUID",
  }]]);
});
