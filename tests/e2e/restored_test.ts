/**
 * A page that stays open while its server's database is replaced by an older copy.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openEmbedded } from "@/db/database.ts";
import { call } from "../support/client.ts";
import { openTestEmbedded, startServer } from "../support/server.ts";
import { journey, twoTalking } from "./journey.ts";

journey("a page ends with what a restored database has, and sends what waited", async (browser) => {
  const original = await openTestEmbedded();
  const first = await startServer({ database: original });
  const { port } = new URL(first.url);
  const [ana, ben] = await twoTalking(browser, first.url);
  const conversationId = ana.page.url().split("/").at(-1);
  await ben.write("kept");
  await ben.seesState("kept", "Read");
  await ana.seesState("Hello Ben", "Read");
  const backup = await original.dump();

  for (const text of ["lost", "lost too"]) {
    await ben.write(text);
    await ben.seesState(text, "Read");
  }
  await ana.sees(["Hello Ben", "kept", "lost", "lost too"]);
  await first.close();
  await ana.page.getByText("Connecting…").waitFor();
  await ana.write("waits");
  await ana.seesState("waits", "Waiting for the connection");

  const database = await openEmbedded(undefined, backup);
  const second = await startServer({ database, env: { PORT: port } });
  try {
    // Somebody else is quicker and takes the numbers that Ana's page holds with other messages.
    const { body: them } = await call<{ users: { id: string }[] }>(
      second,
      "GET",
      "/api/users?username=ben",
      { as: await second.addUser("cyd") },
    );
    const as = { id: them.users[0]!.id, username: "ben", token: "" };
    as.token = (await second.tokens.sign(as.id)).token;
    await call(second, "POST", "/api/messages/send", {
      as,
      body: { clientId: crypto.randomUUID(), conversationId, content: "in its place" },
    });
    await ana.message("in its place").waitFor();
    await ana.seesState("waits", "Read");
    await ana.message("lost").waitFor({ state: "detached" });
    const texts = await ana.texts();
    assert.deepEqual(texts.slice(0, 2), ["Hello Ben", "kept"]);
    assert.deepEqual(texts.slice(2).sort(), ["in its place", "waits"]);
    assert.deepEqual(await ben.texts(), texts);
    await ben.write("and on");
    await ana.sees([...texts, "and on"]);
    await ben.seesState("and on", "Read");
    // Nor does a reload bring anything else.
    await ana.page.reload();
    await ana.sees([...texts, "and on"]);
  } finally {
    await second.close();
  }
});
