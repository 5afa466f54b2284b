/**
 * Every client frame, and what each actor with a good token is answered.
 *
 * @module
 */
import type { ClientFrameInput, ClientFrameType } from "@/chat/protocol.ts";
import type { TestUser } from "../support/server.ts";
import type { World } from "./world.ts";

export interface FrameRow {
  /** Without its type. */
  frame: (world: World, as: TestUser) => Record<string, unknown>;
  /**
   * Types of the answer or codes of the error, in the order of `members`; one alone is everybody's.
   * A dash: neither.
   */
  answers: string;
  /** Where it is another one by `POST /api/messages/events`. */
  posted?: string;
}

const inGroup = ({ group }: World) => ({ conversationId: group });
const firstInGroup = (world: World) => ({ ...inGroup(world), seq: 1 });

const refused = "not_found not_found not_found not_found not_found";

// Columns: stranger, former, other, moderator, admin | member, owner
export const frames: { [T in ClientFrameType]: FrameRow } = {
  ping: { frame: () => ({}), answers: "pong" },
  pong: { frame: () => ({}), answers: "-" },
  auth: {
    frame: (_, { token }) => ({ token }),
    answers: "authenticated",
    posted: "invalid_input",
  },
  send_message: {
    frame: (world) => ({ ...inGroup(world), clientId: crypto.randomUUID(), content: "hello" }),
    answers: `${refused}  message_sent message_sent`,
  },
  mark_read: { frame: firstInGroup, answers: `${refused}  - -` },
  mark_delivered: { frame: firstInGroup, answers: `${refused}  - -` },
  typing_start: { frame: inGroup, answers: `${refused}  - -` },
  typing_stop: { frame: inGroup, answers: `${refused}  - -` },
  join_conversation: {
    frame: inGroup,
    answers: `${refused}  conversation_history conversation_history`,
  },
  leave_conversation: { frame: inGroup, answers: "-" },
  set_activity: { frame: () => ({ active: false }), answers: "-" },
  sync: {
    frame: ({ group }) => ({ heads: { [group]: { rev: 0, marksRev: 0 } } }),
    answers: "sync_result",
  },
};

/** The frame of a row, with its type. */
export const frameOf = (type: ClientFrameType, world: World, as: TestUser) =>
  ({ type, ...frames[type].frame(world, as) }) as ClientFrameInput;
