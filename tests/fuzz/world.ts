import type { Conversation, HistoryResult, Message } from "@/chat/protocol.ts";
import { call, converse } from "../support/client.ts";
import { signer } from "../support/members.ts";
import type { TestUser } from "../support/server.ts";
import type { World } from "./schemas.ts";

type At = { url: string };

/** What inputs can name: conversations and messages of the members, and of two strangers. */
export async function makeWorld(
  server: At,
  members: TestUser[],
  [ana, ben]: [TestUser, TestUser],
): Promise<World & { strangersId: string }> {
  const world: World = { conversationIds: [], userIds: [], messageIds: [], tokens: [] };
  const strangersId = await converse(server, ana, ben);
  world.conversationIds.push(strangersId);
  world.messageIds.push(await say(server, ana, strangersId), await say(server, ben, strangersId));
  for (const [index, member] of members.entries()) {
    const next = members[(index + 1) % members.length] as TestUser;
    const conversationId = await converse(server, member, next);
    world.conversationIds.push(conversationId);
    world.messageIds.push(await say(server, member, conversationId));
  }
  world.userIds = [ana, ben, ...members].map(({ id }) => id);
  const ended = await signer(-3_600).sign(ana.id);
  const another = await signer(3_600, "another secret, which is long enough too").sign(ana.id);
  world.tokens = [...members.map(({ token }) => token), ended.token, another.token, "", "a.b.c"];
  return { ...world, strangersId };
}

/** All that a member sees of a conversation. */
export async function viewOf(server: At, as: TestUser, conversationId: string) {
  const get = async <T>(path: string) => (await call<T>(server, "GET", path, { as })).body;
  return {
    conversation: await get<Conversation>(`/api/messages/conversations/${conversationId}`),
    history: await get<HistoryResult>(`/api/messages/${conversationId}/messages`),
  };
}

async function say(server: At, as: TestUser, conversationId: string): Promise<string> {
  const { body } = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
    as,
    body: { clientId: crypto.randomUUID(), conversationId, content: "Among us" },
  });
  return body.message.id;
}
