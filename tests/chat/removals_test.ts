import assert from "node:assert/strict";
import { type Connection, Connections } from "@/chat/connections.ts";
import { Removals } from "@/chat/removals.ts";
import { newId } from "@/utils/ids.ts";
import { Counts } from "@/utils/metrics.ts";

/** A connection that keeps what it is sent, and has joined this conversation. */
function listen(connections: Connections, userId: string, conversationId: string) {
  const heard: string[] = [];
  let joined = true;
  const connection: Connection = {
    id: newId(),
    userId,
    endsAt: Infinity,
    heardAt: Infinity,
    hears: (id) => joined && id === conversationId,
    leave: () => joined = false,
    send: (text) => heard.push(JSON.parse(text).type),
    close: () => Promise.resolve(),
  };
  connections.add(connection);
  return { heard, connection };
}

Deno.test("what was on its way to a member who is removed is dropped, until they are back", () => {
  const connections = new Connections(new Counts([]));
  const [mira, jonas, conversationId, elsewhere] = [newId(), newId(), newId(), newId()];
  const { heard, connection } = listen(connections, mira, conversationId);
  const stayed = listen(connections, jonas, conversationId);
  const tell = (frame: Record<string, unknown>, audience = {}) =>
    connections.tell([mira, jonas], JSON.stringify(frame), audience);
  const message = (rev: number, id = conversationId) =>
    tell({ type: "new_message", message: { conversationId: id, rev, content: conversationId } });
  const typing = () =>
    tell({ type: "user_typing", conversationId }, { joined: conversationId, droppable: true });

  message(4);
  typing();
  connections.tell([mira], JSON.stringify({ type: "conversation_removed", conversationId }), {
    removed: { conversationId, rev: 6 },
  });
  const before = ["new_message", "user_typing", "conversation_removed"];
  assert.deepEqual(heard, before);

  message(5);
  typing();
  tell({ type: "message_read", conversationId, seq: 1 });
  tell({ type: "conversation_updated", conversation: { id: conversationId, rev: 6 } });
  tell({ type: "notification", notification: { conversationId } });
  assert.deepEqual(heard, before);
  assert.equal(stayed.heard.length, 7);

  message(1, elsewhere);
  tell({ type: "user_online", userId: jonas });
  assert.deepEqual(heard.splice(3), ["new_message", "user_online"]);

  tell({ type: "conversation_updated", conversation: { id: conversationId, rev: 7 } });
  message(8);
  typing();
  assert.deepEqual(heard.splice(3), ["conversation_updated", "new_message"], "not joined any more");

  connections.tell([mira], JSON.stringify({ type: "conversation_removed", conversationId }), {
    removed: { conversationId, rev: 9 },
  });
  connections.remove(connection);
  assert.equal(listen(connections, mira, conversationId).heard.length, 0);
});

Deno.test("of a member who is removed again and again the last removals are remembered", () => {
  const removals = new Removals();
  const mira = newId();
  const ids = Array.from({ length: 500 }, newId);
  for (const conversationId of ids) removals.note(mira, { conversationId, rev: 2 });
  // Once more: it is the last one now.
  const again = ids[450] as string;
  removals.note(mira, { conversationId: again, rev: 1 });
  const hidden = ids.filter((conversationId) =>
    removals.hides(mira, JSON.stringify({ type: "message_read", conversationId }))
  );
  assert.deepEqual(hidden, ids.slice(400));
  for (const conversationId of ids.slice(0, 99)) removals.note(mira, { conversationId, rev: 2 });
  const message = (rev: number) =>
    JSON.stringify({ type: "new_message", message: { conversationId: again, rev } });
  assert.equal(removals.hides(mira, message(2)), true);
  assert.equal(removals.hides(mira, message(3)), false);
});
