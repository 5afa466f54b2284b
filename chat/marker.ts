import { type Database, isTransient } from "@/db/database.ts";
import { type MarkDraft, type MovedMarks, updateMarks } from "@/db/marks.ts";
import type { Clock } from "@/utils/clock.ts";
import { gather, type Gatherer } from "@/utils/gather.ts";
import { ChatError } from "./errors.ts";
import { limits, type ServerFrame } from "./protocol.ts";
import { isoTime } from "./views.ts";

/** How far a member now has read, or got, a conversation. */
export interface Mark {
  conversationId: string;
  userId: string;
  readSeq: number;
  deliveredSeq: number;
}

/**
 * Moves a member's marks forward and announces it after the commit.
 *
 * @returns undefined if nothing moved: they stood there already, or it is no conversation of theirs
 */
export type Marker = Gatherer<Mark, MovedMarks | undefined>;

const unavailable = (cause?: unknown) =>
  new ChatError("unavailable", "Cannot store marks right now: try again", { retryAfter: 1, cause });

/** Marks come in crowds, one for each message and reader; like messages they share a write. */
export function createMarker(
  db: Database,
  { clock, announce, noticed, observe }: {
    clock: Clock;
    announce: (to: string[], frame: ServerFrame) => void;
    /** Takes note that a member has read a conversation to its end. */
    noticed: (userId: string, conversationId: string) => void;
    /** Takes note of a batch that has ended. */
    observe?: (marks: Mark[], ms: number) => void;
  },
): Marker {
  return gather(write, { max: 500, queue: { max: 20_000, refuse: unavailable }, observe });

  async function write(marks: Mark[]): Promise<(MovedMarks | undefined)[]> {
    const at = isoTime(clock.now());
    // Of several by one member in one conversation the furthest counts.
    const furthest = new Map<string, MarkDraft>();
    for (const mark of marks) {
      const before = furthest.get(markKey(mark));
      furthest.set(markKey(mark), {
        ...mark,
        readSeq: Math.max(mark.readSeq, before?.readSeq ?? 0),
        deliveredSeq: Math.max(mark.deliveredSeq, before?.deliveredSeq ?? 0),
        at,
      });
    }
    // A frame tells how far was read or how far was got. Where something was got beyond what was
    // read, that is a move of its own: told with the other's marksRev it would be lost.
    const beyond = (mark: MarkDraft) => mark.readSeq > 0 && mark.deliveredSeq > mark.readSeq;
    const drafts = [...furthest.values()];
    const moved = new Map<string, MovedMarks>();
    await move(drafts.map((mark) => beyond(mark) ? { ...mark, deliveredSeq: 0 } : mark), at, moved);
    await move(drafts.filter(beyond).map((mark) => ({ ...mark, readSeq: 0 })), at, moved);
    return marks.map((mark) => moved.get(markKey(mark)));
  }

  async function move(
    drafts: MarkDraft[],
    at: string,
    moved: Map<string, MovedMarks>,
  ): Promise<void> {
    if (drafts.length === 0) return;
    try {
      for (const one of await updateMarks(db, drafts, limits.unreadCount)) {
        const key = markKey(one);
        if (!moved.has(key)) moved.set(key, one);
        announceMoved(one, at);
      }
    } catch (error) {
      throw isTransient(error) ? unavailable(error) : error;
    }
  }

  /** What is read is delivered: one frame tells both. Only oneself hears what is left unread. */
  function announceMoved(marks: MovedMarks, at: string): void {
    const { conversationId, userId, marksRev } = marks;
    const frame = {
      type: marks.readMoved ? "message_read" as const : "message_delivered" as const,
      conversationId,
      userId,
      seq: marks.readMoved ? marks.readSeq : marks.deliveredSeq,
      at,
      marksRev,
    };
    announce(marks.members.filter((member) => member !== userId), frame);
    announce(
      [userId],
      marks.unreadCount === null ? frame : { ...frame, unreadCount: marks.unreadCount },
    );
    if (marks.unreadCount === 0) noticed(userId, conversationId);
  }
}

const markKey = (of: { conversationId: string; userId: string }) =>
  `${of.conversationId} ${of.userId}`;
