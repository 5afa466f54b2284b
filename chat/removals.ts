import type { ServerFrame } from "./protocol.ts";

/**
 * So many removals are remembered of one member, the last: whoever adds and removes somebody again
 * and again is not to make each of their frames dear. On its way is only what was told of late.
 */
const remembered = 100;

/**
 * Which conversations connected members were removed from. Whom a frame is for is decided when it
 * comes up, and it may be on its way from another instance when one of them is removed. It is not
 * for them any more: what is told of a conversation as it was before they were removed would bring
 * it back to their page.
 */
export class Removals {
  /** By member, then by conversation: the `rev` it had when they were no longer in it. */
  readonly #byUser = new Map<string, Map<string, number>>();

  note(userId: string, { conversationId, rev }: { conversationId: string; rev: number }): void {
    const own = this.#byUser.get(userId) ?? new Map<string, number>();
    const before = own.get(conversationId) ?? 0;
    own.delete(conversationId);
    own.set(conversationId, Math.max(rev, before));
    if (own.size > remembered) own.delete(own.keys().next().value as string);
    this.#byUser.set(userId, own);
  }

  /** The member has no connection any more that anything could be on its way to. */
  forget(userId: string): void {
    this.#byUser.delete(userId);
  }

  /** Whether a frame tells of a conversation as it was before the member was removed from it. */
  hides(userId: string, text: string): boolean {
    const own = this.#byUser.get(userId);
    if (own === undefined) return false;
    // Few have been removed from anything of late, and few frames name what from.
    if (![...own.keys()].some((id) => text.includes(id))) return false;
    const { conversationId, rev } = subjectOf(JSON.parse(text));
    const removedAt = own.get(conversationId);
    if (removedAt === undefined) return false;
    if (rev <= removedAt) return true;
    // They are back.
    own.delete(conversationId);
    return false;
  }
}

/** The conversation that a frame is about, if any, and how far that had come where it says so. */
function subjectOf(frame: ServerFrame): { conversationId: string; rev: number } {
  switch (frame.type) {
    case "new_message":
    case "message_updated":
      return frame.message;
    case "conversation_updated":
      return { conversationId: frame.conversation.id, rev: frame.conversation.rev };
    case "notification":
      return { conversationId: frame.notification.conversationId ?? "", rev: 0 };
    default:
      return { conversationId: "conversationId" in frame ? frame.conversationId : "", rev: 0 };
  }
}
