import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Device } from "@/chaos/device.ts";
import { keptLines } from "@/chaos/kept_lines.ts";
import { converse } from "../support/client.ts";
import { history } from "../support/crowd.ts";
import { openPageDevice, type PageDevice } from "../support/page_device.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** Keeps a device's storage busy, so that pages wait to read and to write, until it is released. */
async function holdStorage(device: Device): Promise<() => void> {
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const opening = device.databases.open("keyval-store");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const store = opening.result.transaction("keyval", "readwrite").objectStore("keyval");
    let isHeld = true;
    const goOn = () => {
      if (!isHeld) return opening.result.close();
      store.get("nothing").onsuccess = goOn;
      resolve(() => isHeld = false);
    };
    goOn();
  };
  return await promise;
}

/** A first page, of a member who has just come and talks with another one. */
async function openFirst(server: TestServer, open: PageDevice["open"]) {
  const first = open();
  const name = { username: "ana", displayName: "Ana", email: "ana@example.com" };
  await first.code.session.register({ ...name, password: "long enough for anyone" });
  const { id } = first.code.session.self.value!;
  const ana = { id, username: "ana", token: (await server.tokens.sign(id)).token };
  const conversationId = await converse(server, ana, await server.addUser("ben"));
  await until(() => first.isUp);
  return { first, id, ana, conversationId };
}

Deno.test("what an earlier page left unsent goes before what is written while it is loaded", async () => {
  await using server = await startServer();
  const { device, errors, open } = await openPageDevice(server);

  const { first, id, ana, conversationId } = await openFirst(server, open);
  device.goOffline();
  first.code.outbox.enqueue("written first", { conversationId });
  await until(async () => (await keptLines(device, id)).length === 1);
  first.close();
  device.goOnline();

  const release = await holdStorage(device);
  const second = open();
  await until(() => second.isUp);
  second.code.outbox.enqueue("written second", { conversationId });
  // An answer to what is asked after it would be: by now it would have been sent.
  await second.code.sync.sync();
  release();
  const stored = async () => (await history(server, ana, conversationId)).map((one) => one.content);
  await until(async () => (await stored()).length === 2);
  assert.deepEqual(await stored(), ["written first", "written second"]);
  await until(() => second.waiting === 0);
  assert.deepEqual(errors, []);
  second.close();
});

Deno.test("a page that writes without a pause hears all the same what another tab has written", async () => {
  await using server = await startServer();
  const { device, errors, open } = await openPageDevice(server);
  const { first, conversationId } = await openFirst(server, open);
  const second = open();
  await until(() => second.isUp);
  device.goOffline();

  const { enqueue, outbox, removeLine } = second.code.outbox;
  // As often as the storage gets on with what it does.
  let count = 0;
  let isWriting = true;
  const write = () => {
    if (!isWriting) return;
    enqueue(`and again ${count++}`, { conversationId: crypto.randomUUID() });
    removeLine(outbox.value.at(-1)!.clientId);
    setImmediate(write);
  };
  write();
  first.code.outbox.enqueue("from the other tab", { conversationId });
  await until(() => outbox.value.some(({ content }) => content === "from the other tab"));
  isWriting = false;
  assert.deepEqual(errors, []);
  first.close();
  second.close();
});
