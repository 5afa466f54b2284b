import assert from "node:assert/strict";
import { type Connection, Connections } from "@/chat/connections.ts";
import { newId } from "@/utils/ids.ts";

/** A connection that keeps what it is sent, and has joined this conversation. */
function listen(connections: Connections, userId: string, conversationId: string) {
  const heard: string[] = [];
  let joined = true;
  const connection: Connection = {
    id: newId(),
    userId,
    expiresAt: Infinity,
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
  const connections = new Connections();
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
