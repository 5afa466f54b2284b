import assert from "node:assert/strict";
import type { PageCode } from "@/chaos/page_code.ts";
import type { Conversation } from "@/chat/protocol.ts";
import { openPageDevice } from "../support/page_device.ts";
import { startServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** More than a page of the list holds. */
const many = 32;

Deno.test("a tab's list is whole again when the page finds another database", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "100" } });
  const { errors, open } = await openPageDevice(server);

  const first = open();
  const name = { username: "ana", displayName: "Ana", email: "ana@example.com" };
  await first.code.session.register({ ...name, password: "long enough for anyone" });
  const ben = await server.addUser("ben");
  for (let n = 0; n < many; n++) {
    const context = n === 0 ? "renting" : "selling";
    await first.code.session.call("POST", "/api/messages/conversations", {
      kind: "group",
      title: `Group ${n}`,
      participantIds: [ben.id],
      context,
    });
  }
  first.close();

  const tab = open();
  const conversations = tab.code.conversations as
    & PageCode["conversations"]
    & { chooseTab(context: string): void };
  const titles = () => conversations.conversations.value.map((one: Conversation) => one.title);
  await until(() => tab.isUp);
  assert.equal(titles().length, 30);
  conversations.chooseTab("renting");
  await until(() => titles().length > 0);
  assert.deepEqual(titles(), ["Group 0"]);

  const { chat } = tab.code.chat;
  chat.value = { ...chat.value, epoch: "of another database" };
  tab.code.sync.sync();
  await until(() => chat.value.epoch !== "of another database");
  await until(() => titles().length > 0);
  assert.deepEqual(titles(), ["Group 0"]);
  assert.deepEqual(errors, []);
  tab.close();
});
