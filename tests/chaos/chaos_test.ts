import assert from "node:assert/strict";
import { check, type Violation } from "@/chaos/check.ts";
import { checkConversations } from "@/chaos/check_conversations.ts";
import { checkPages } from "@/chaos/check_pages.ts";
import { checkStored } from "@/chaos/check_stored.ts";
import type { Device } from "@/chaos/device.ts";
import { keptLines } from "@/chaos/kept_lines.ts";
import type { Member } from "@/chaos/member.ts";
import { Mess } from "@/chaos/mess.ts";
import type { Tab } from "@/chaos/tab.ts";
import { until } from "@/chaos/waiting.ts";
import type { OutboxLine } from "@/frontend/state/outbox_line.ts";
import { testPostgresUrl } from "../support/postgres.ts";

/** A mess that has been made and has become calm. */
async function messOf(seed: number): Promise<Mess> {
  const mess = await Mess.open({ seed, members: 8, rate: 12, ms: 20_000 });
  try {
    await mess.run();
    assert.deepEqual(await mess.calm(), []);
    return mess;
  } catch (error) {
    await mess.close();
    throw error;
  }
}

function chaosTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    // It starts a Postgres of its own; where there is none, there is no address either.
    ignore: testPostgresUrl === undefined,
    // Connections that hang half-open end when they end.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

/** Has a member's browser keep these lines of their outbox. */
function keepLines(device: Device, userId: string, lines: readonly OutboxLine[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = device.databases.open("keyval-store");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const writing = opening.result.transaction("keyval", "readwrite");
      writing.objectStore("keyval").put(lines, `outbox.${userId}`);
      writing.onerror = () => reject(writing.error);
      writing.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}

/** What the violations say is not so. */
const broken = (violations: Violation[]) => [...new Set(violations.map((one) => one.invariant))];

chaosTest("nothing is lost, doubled, changed or out of order in a mess (seed 1)", async () => {
  await using mess = await messOf(1);
  assert.deepEqual(await check(mess), []);
  assert.ok(mess.journal.acknowledged > 50);
});

chaosTest("nor in another (seed 2), and what is amiss then is found", async (): Promise<void> => {
  await using mess = await messOf(2);
  assert.deepEqual(await check(mess), []);
  const { cluster: { sql }, journal } = mess;
  const member = mess.members[0] as Member;
  const tab = member.tabs[0] as Tab;

  const own = await sql`
    select m.* from messages m join conversations c on c.id = m.conversation_id
    where m.sender_id = ${member.id} and c.kind = 'direct' order by m.conversation_id, m.seq
  `;
  const at = own.findIndex(({ conversation_id, client_id }, n) =>
    conversation_id === own[n + 1]?.conversation_id &&
    journal.written.get(client_id)?.tab === journal.written.get(own[n + 1]?.client_id)?.tab
  );
  const [first, second] = own.slice(at, at + 2);
  assert.ok(first && second);
  assert.match(journal.story(first.client_id), /written on member1 on device 1[^]*acknowledged/);

  await sql`delete from messages where id = ${first.id}`;
  assert.deepEqual(broken(await checkStored(mess)), ["what was acknowledged is stored"]);
  assert.deepEqual(broken(await checkConversations(sql)), [
    "seq counts 1, 2, 3 without a hole, and rev grows with it",
  ]);
  await sql`insert into messages ${sql(first)}`;

  await sql`update messages set content = 'something else' where id = ${first.id}`;
  assert.deepEqual(broken(await checkStored(mess)), ["what is stored is what was written"]);
  await sql`update messages set content = ${first.content} where id = ${first.id}`;

  await sql`drop index messages_sender_client`;
  const again = { ...first, id: crypto.randomUUID(), seq: 1_000_000, rev: 1_000_000 };
  await sql`insert into messages ${sql(again)}`;
  assert.ok(broken(await checkStored(mess)).includes("a message is stored once"));
  await sql`delete from messages where id = ${again.id}`;

  const unknown = { ...again, client_id: crypto.randomUUID() };
  await sql`insert into messages ${sql(unknown)}`;
  assert.deepEqual(broken(await checkStored(mess)), ["what is stored was written"]);
  await sql`delete from messages where id = ${unknown.id}`;

  const place = async (...places: [id: string, seq: number][]) => {
    for (const [id, seq] of places) {
      await sql`update messages set seq = ${seq}, rev = ${seq} where id = ${id}`;
    }
  };
  await place([first.id, 2_000_000], [second.id, first.seq], [first.id, second.seq]);
  assert.deepEqual(broken(await checkStored(mess)), [
    "messages written on one device are stored in their order",
  ]);
  await place([first.id, 2_000_000], [second.id, second.seq], [first.id, first.seq]);

  // Somebody who had been taken out, and wrote; and somebody who heard of what was written.
  const afterTakingOut = async (userId: string, { conversation_id, seq }: typeof first) => {
    await sql`
      insert into chaos_memberships (conversation_id, user_id, seq, is_in)
      values (${conversation_id}, ${userId}, ${seq - 1}, false)
    `;
    const found = broken(await checkStored(mess));
    await sql`delete from chaos_memberships where n = (select max(n) from chaos_memberships)`;
    return found;
  };
  const heardOf = own.find(({ client_id }) => journal.seenBy(client_id).size > 0);
  assert.ok(heardOf);
  const [hearer = ""] = journal.seenBy(heardOf.client_id);
  const writes = "nobody writes where they are no member";
  assert.ok((await afterTakingOut(member.id, first)).includes(writes));
  const hears = "nobody hears of what is written where they are no member";
  assert.ok((await afterTakingOut(hearer, heardOf)).includes(hears));
  assert.deepEqual(await checkStored(mess), []);

  // What is nowhere, and what is shown as refused though it is good, or stored.
  const { device } = tab;
  const kept = await keptLines(device, member.id);
  const line = { content: "", createdAt: new Date().toISOString(), failure: "No" };
  const lost = crypto.randomUUID();
  const to = { conversationId: first.conversation_id };
  journal.write({
    clientId: lost,
    authorId: member.id,
    device: device.name,
    tab: tab.number,
    to,
    isBad: false,
  });
  assert.deepEqual(broken(await checkStored(mess)), [
    "what was written is stored, or shown as refused",
  ]);
  await keepLines(device, member.id, [...kept, { ...line, clientId: lost }]);
  assert.deepEqual(broken(await checkStored(mess)), ["only what is wrong is refused"]);
  journal.written.delete(lost);
  await keepLines(device, member.id, [...kept, { ...line, clientId: first.client_id }]);
  assert.deepEqual(broken(await checkStored(mess)), ["what is shown as refused is stored nowhere"]);
  await keepLines(device, member.id, kept);

  await sql`
    update conversation_participants set last_read_seq = 5, last_delivered_seq = 4
    where conversation_id = ${first.conversation_id} and user_id = ${member.id}
  `;
  assert.deepEqual(broken(await checkConversations(sql)), ["0 ≤ read ≤ delivered ≤ last"]);

  // Beside that, a page that counts wrong, and holds what was never written.
  const { chat } = tab.code.chat;
  const before = chat.value;
  const held = before.held.get(first.conversation_id);
  assert.ok(held?.view.lastMessage);
  const [participant] = held.view.participants;
  assert.ok(participant);
  const stranger = { ...participant, userId: crypto.randomUUID(), username: "nobody" };
  const wrong = {
    ...held,
    view: {
      ...held.view,
      lastSeq: held.view.lastSeq + 1,
      participants: [...held.view.participants, stranger],
    },
    window: {
      messages: [{ ...held.view.lastMessage, content: "never written" }],
      hasBefore: true,
      hasAfter: false,
    },
  };
  chat.value = { ...before, held: new Map(before.held).set(held.view.id, wrong) };
  const found = (await checkPages(mess, 1_000)).map((one) => one.found).join("\n");
  assert.match(found, /member1 on device 1.*participants/);
  assert.match(found, /member1 on device 1.*lastSeq/);
  assert.match(found, /member1 on device 1.*never written/);
  assert.match(found, /member1 on device 1.*nobody seems to be away/);

  // A page that holds what came before its member did.
  const right = { ...wrong, view: held.view };
  right.window.messages = [held.view.lastMessage];
  chat.value = { ...before, held: new Map(before.held).set(held.view.id, right) };
  await sql`
    update conversation_participants set joined_seq = ${held.view.lastSeq}
    where conversation_id = ${held.view.id} and user_id = ${member.id}
  `;
  const foundBefore = (await checkPages(mess, 1_000)).map((one) => one.found).join("\n");
  assert.match(foundBefore, /member1 on device 1.* where "undefined" is stored/);
  chat.value = before;

  // A page that is closed with something to send, and a page with an error.
  const count = journal.written.size;
  for (const one of member.tabs) one.window.loseNetwork();
  device.goOffline();
  tab.write(to);
  assert.equal(journal.written.size, count + 1);
  const isFound = async () => broken(await checkStored(mess)).includes("every outbox is empty");
  assert.ok(await until(isFound, 10_000));
  const { setTimeout } = tab.window.globals as { setTimeout: (task: () => void) => void };
  setTimeout(() => {
    throw new Error("An error of the page");
  });
  assert.ok(await until(() => mess.errors.some((one) => one.includes("of the page")), 5_000));

  // A server that meets what it does not expect.
  assert.deepEqual(mess.cluster.complaints(), []);
  device.goOnline();
  await sql`drop function count_unread(uuid, uuid, int, int) cascade`;
  await until(() => tab.isUp, 30_000);
  await tab.code.session.call("GET", "/api/messages/conversations").catch(() => {});
  assert.ok(await until(() => mess.cluster.complaints().length > 0, 10_000));
});
