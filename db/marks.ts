import { sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";

/** How far a member has read or got a conversation. `at` in ISO 8601. */
export interface MarkDraft {
  conversationId: string;
  userId: string;
  readSeq: number;
  deliveredSeq: number;
  at: string;
}

/** A member's marks after they moved. */
export interface MovedMarks {
  conversationId: string;
  userId: string;
  readSeq: number;
  deliveredSeq: number;
  readMoved: boolean;
  deliveredMoved: boolean;
  marksRev: number;
  /** Only where the read mark moved. */
  unreadCount: number | null;
  members: string[];
}

/**
 * Moves marks forward, in one transaction; what does not move is not in the answer.
 * No two drafts may be of the same member and conversation.
 */
export async function updateMarks(
  db: Database,
  drafts: MarkDraft[],
  unreadLimit: number,
): Promise<MovedMarks[]> {
  const [row] = await select<{ result: MovedMarks[] }>(
    db,
    sql`select move_marks(${JSON.stringify(drafts)}::json, ${unreadLimit}) as result`,
  );
  return (row as { result: MovedMarks[] }).result;
}
