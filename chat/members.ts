/**
 * Coming into a group, and leaving it. What changes is decided under the conversation's lock, as
 * what is written is: a message of a member who is removed is stored before, or refused.
 *
 * @module
 */
import type { Database } from "@/db/database.ts";
import {
  lockConversation,
  type LockedConversation,
  type MemberRow,
  raiseRev,
  updateLeft,
  updateRole,
  upsertMembers,
} from "@/db/members.ts";
import { takeBackPushed } from "@/db/notices.ts";
import { deleteNotifications } from "@/db/notifications.ts";
import { selectExistingUserIds } from "@/db/users.ts";
import { announceTo, type Chat } from "./chat.ts";
import { getConversation, tellConversation } from "./conversations.ts";
import { pushRead } from "./deliveries.ts";
import { ChatError, notFound } from "./errors.ts";
import { addNotifications, tellNotifications, tellRead } from "./notifications.ts";
import { type Conversation, limits } from "./protocol.ts";

/**
 * Takes a member out of a group: oneself, or, by its owner or an admin of it, somebody else. If the
 * owner leaves, the admin who has been there longest is owner from then on, or else the member.
 *
 * @throws {ChatError} `not_found`, `forbidden`, `conflict` for a direct conversation
 */
export async function removeMember(
  chat: Chat,
  actorId: string,
  conversationId: string,
  userId: string,
): Promise<void> {
  const now = chat.clock.now();
  const { rev, ended } = await chat.db.transaction(async (tx) => {
    const group = await openGroup(tx, actorId, conversationId);
    const leaving = leavingMember(group, actorId, userId);
    await updateLeft(tx, conversationId, userId, now);
    const heir = leaving.role === "owner" ? heirOf(group, userId) : undefined;
    if (heir) await updateRole(tx, conversationId, heir.userId, "owner");
    const rev = await raiseRev(tx, conversationId, now);
    // First, so that whoever looks at this very notice has done so.
    const pushed = await takeBackPushed(tx, [{ userId, conversationId }]);
    await pushRead(chat, tx, pushed);
    return { rev, ended: await deleteNotifications(tx, userId, conversationId) };
  });
  announceTo(chat, [userId], { type: "conversation_removed", conversationId }, {
    removed: { conversationId, rev },
  });
  await tellChanged(chat, conversationId, () => tellRead(chat, ended));
}

/**
 * Adds members to a group, or brings them back. They see what is written from then on.
 *
 * @throws {ChatError} `not_found`, `forbidden`, `conflict` for a direct conversation or a group that
 *   is full
 */
export async function addMembers(
  chat: Chat,
  actorId: string,
  conversationId: string,
  userIds: string[],
): Promise<Conversation> {
  const now = chat.clock.now();
  const listed = await chat.db.transaction(async (tx) => {
    const group = await openGroup(tx, actorId, conversationId);
    if (group.actor.role === "member") throw mayNot("add members");
    const added = await newMembers(tx, group, userIds);
    if (added.length === 0) return [];
    const rev = await raiseRev(tx, conversationId, now);
    await upsertMembers(tx, conversationId, added, { lastSeq: group.lastSeq, rev });
    return await addNotifications(chat, added.map((userId) => groupAdded(group, userId)), tx);
  });
  if (listed.length > 0) {
    await tellChanged(chat, conversationId, () => tellNotifications(chat, listed));
  }
  return await getConversation(chat, actorId, conversationId);

  function groupAdded({ title }: LockedConversation, userId: string) {
    const kind = "group_added" as const;
    return { userId, kind, conversationId, actorId, content: title ?? "", count: 1 };
  }
}

interface OpenGroup extends LockedConversation {
  actor: MemberRow;
}

/** @throws {ChatError} `not_found` if the actor is not in it, `conflict` if it is no group */
async function openGroup(
  tx: Database,
  actorId: string,
  conversationId: string,
): Promise<OpenGroup> {
  const conversation = await lockConversation(tx, conversationId, actorId);
  const actor = conversation?.members.find((member) => member.userId === actorId);
  if (!conversation || !actor) throw notFound("conversation", conversationId);
  if (conversation.kind === "direct") {
    throw new ChatError("conflict", "The members of a direct conversation cannot change");
  }
  return { ...conversation, actor };
}

/** @throws {ChatError} `forbidden`, `not_found` */
function leavingMember({ members, actor }: OpenGroup, actorId: string, userId: string): MemberRow {
  if (userId === actorId) return actor;
  if (actor.role === "member") throw mayNot("remove others");
  const member = members.find((one) => one.userId === userId);
  if (!member) throw notFound("member", userId);
  if (member.role === "owner") throw new ChatError("forbidden", "The owner cannot be removed");
  return member;
}

function heirOf({ members }: OpenGroup, leavingId: string): MemberRow | undefined {
  const others = members.filter((member) => member.userId !== leavingId);
  return others.find((member) => member.role === "admin") ?? others[0];
}

/** @throws {ChatError} `not_found`, `conflict` */
async function newMembers(
  tx: Database,
  { members }: OpenGroup,
  userIds: string[],
): Promise<string[]> {
  const present = new Set(members.map((member) => member.userId));
  const added = [...new Set(userIds)].filter((userId) => !present.has(userId));
  const existing = new Set(await selectExistingUserIds(tx, added));
  for (const userId of added) if (!existing.has(userId)) throw notFound("member", userId);
  if (members.length + added.length > limits.groupSize) {
    throw new ChatError("conflict", `A group has at most ${limits.groupSize} members`);
  }
  return added;
}

const mayNot = (what: string) =>
  new ChatError("forbidden", `Only the owner and the admins of a group may ${what}`);

/**
 * Tells the members how their group is now. The change is made and stays: that it could not be told
 * is logged, and sync makes up for it.
 */
async function tellChanged(
  chat: Chat,
  conversationId: string,
  tellMore: () => Promise<void>,
): Promise<void> {
  try {
    await tellConversation(chat, conversationId);
    await tellMore();
  } catch (error) {
    chat.log.warn("A change of members was not told", { error });
  }
}
