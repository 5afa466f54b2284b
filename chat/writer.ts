import { type Database, isTransient, isUniqueViolation } from "@/db/database.ts";
import {
  insertMessages,
  type MessageDraft,
  selectMessagesByIds,
  type ToldRow,
} from "@/db/messages.ts";
import type { Clock } from "@/utils/clock.ts";
import { gather, type Gatherer } from "@/utils/gather.ts";
import { newId } from "@/utils/ids.ts";
import type { Log } from "@/utils/log.ts";
import type { Audience } from "./connections.ts";
import { ChatError } from "./errors.ts";
import type { Message } from "./protocol.ts";
import { isoTime, messageView } from "./views.ts";

/** A message to store, from whoever the session says they are. */
export interface Draft extends Omit<MessageDraft, "id"> {
  /** The connection it came by, which is acknowledged instead of told. */
  connectionId: string | undefined;
  /**
   * Called after the commit, in the order of the messages among all that is told: whoever sends and
   * hears by one connection then sees no gap. Gets the message serialized. Not called for a repeat.
   */
  acknowledge: ((message: string) => void) | undefined;
}

/** `repeated`: it was stored before, and this is what was stored then. */
export interface Stored {
  message: Message;
  repeated: boolean;
}

/**
 * Stores a message, and announces it to the conversation's members after the commit.
 *
 * @returns undefined if it was refused: the sender is no member, or it answers to a message that is
 *   not in the conversation
 * @throws {ChatError} `unavailable` while the database is away or too much is waiting: nothing is
 *   known to be stored, and sending again with the same client id is safe
 */
export type Writer = Gatherer<Draft, Stored | undefined>;

const unavailable = (cause?: unknown) =>
  new ChatError("unavailable", "Cannot store messages right now: try again", {
    retryAfter: 1,
    cause,
  });

/**
 * The write path. Messages that arrive while a write is under way share the next one: one
 * transaction, one round trip and one commit for all of them.
 */
export function createWriter(
  db: Database,
  { clock, log, announce, noticed, observe }: {
    clock: Clock;
    log: Log;
    /** Tells members a serialized frame. */
    announce: (to: string[], frame: string, audience?: Audience) => void;
    /** Takes note of a message for those who are away. Must not throw, nor wait. */
    noticed: (message: Message, members: string[]) => void;
    /** Takes note of a batch that has ended. */
    observe?: (drafts: Draft[], ms: number) => void;
  },
): Writer {
  return gather(write, { max: 500, queue: { max: 20_000, refuse: unavailable }, observe });

  type Outcome = () => (Stored | undefined | Error)[];

  /** @returns what announces the messages, which the next write need not wait for */
  async function write(drafts: Draft[]): Promise<Outcome> {
    try {
      return await storeUnlessRaced(drafts);
    } catch (error) {
      if (isTransient(error)) throw unavailable(error);
      if (drafts.length === 1) throw error;
      // One that the database refuses must not take the others with it.
      log.error("A batch of messages failed and is stored one by one", { error });
      const outcomes: Outcome[] = [];
      for (const draft of drafts) outcomes.push(await storeAlone(draft));
      return () => outcomes.flatMap((outcome) => outcome());
    }
  }

  function storeAlone(draft: Draft): Promise<Outcome> {
    return storeUnlessRaced([draft])
      .catch((error) => () => [isTransient(error) ? unavailable(error) : error]);
  }

  function storeUnlessRaced(drafts: Draft[]): Promise<Outcome> {
    return store(drafts).catch((error) => {
      // Another instance stored one of them in this very moment; now it is there to be found.
      if (isUniqueViolation(error, "messages_sender_client")) return store(drafts);
      throw error;
    });
  }

  async function store(drafts: Draft[]): Promise<Outcome> {
    const createdAt = isoTime(clock.now());
    // The same message sent twice within one batch is stored once and answered twice.
    const unique = new Map<string, Draft & MessageDraft>();
    for (const draft of drafts) {
      const key = repeatKey(draft);
      if (!unique.has(key)) unique.set(key, { ...draft, id: newId() });
    }
    const batch = [...unique.values()];
    const result = await insertMessages(db, batch, createdAt);

    const stored = new Map<string, Stored>();
    const quoting: string[] = [];
    for (const [n, seq, rev] of result.stored) {
      const draft = batch[n - 1] as Draft & MessageDraft;
      if (draft.replyToId) quoting.push(draft.id);
      const message = newMessage(draft, seq, rev, createdAt);
      stored.set(repeatKey(draft), { message, repeated: false });
    }
    const before = new Set(result.repeated.map(([, id]) => id));
    // The few whose row holds more than their draft: repeats, and answers with what they quote.
    const rows = new Map<string, ToldRow>();
    for (const row of await selectMessagesByIds(db, [...before, ...quoting])) {
      const message = messageView(row.message);
      rows.set(message.id, row);
      stored.set(repeatKey(message), { message, repeated: before.has(message.id) });
    }
    return () => {
      tell([...stored.values()], unique, result.members, rows);
      return answers(drafts, stored, rows);
    };
  }

  /**
   * Announces what was stored, in its order. A repeat too: whoever sends again may have lost the
   * connection to the database, and with it the announcement, just after the commit. Those who
   * heard of it ignore the second time, and those who joined after it never do.
   */
  function tell(
    stored: Stored[],
    drafts: Map<string, Draft>,
    members: Record<string, string[]>,
    rows: Map<string, ToldRow>,
  ): void {
    for (const { message, repeated } of stored.sort((a, b) => a.message.seq - b.message.seq)) {
      const draft = drafts.get(repeatKey(message));
      const row = rows.get(message.id);
      const to = without(members[message.conversationId] ?? [], row?.hiddenFrom);
      // Serialized once, for whoever hears of it.
      const text = JSON.stringify(message);
      if (!repeated) draft?.acknowledge?.(text);
      const audience = { except: draft?.connectionId };
      const seeing = without(to, row?.quoteHiddenFrom);
      announce(seeing, newMessageFrame(text), audience);
      if (seeing !== to) {
        const others = without(to, seeing);
        announce(others, newMessageFrame(JSON.stringify(unquoted(message))), audience);
      }
      noticed(message, to);
    }
  }

  function answers(
    drafts: Draft[],
    stored: Map<string, Stored>,
    rows: Map<string, ToldRow>,
  ): (Stored | undefined)[] {
    const answered = new Set<string>();
    return drafts.map((draft) => {
      const key = repeatKey(draft);
      const one = stored.get(key);
      const again = answered.has(key);
      answered.add(key);
      if (one === undefined) return;
      // Who sends again may have left and come back since.
      const isBlind = rows.get(one.message.id)?.quoteHiddenFrom.includes(draft.senderId);
      const message = isBlind ? unquoted(one.message) : one.message;
      return { message, repeated: one.repeated || again };
    });
  }
}

/** What makes two messages the same one, forever. */
const repeatKey = (of: { senderId: string | null; clientId: string | null }) =>
  `${of.senderId} ${of.clientId}`;

/** Mostly nobody is to be left out, and the list stays the same one. */
function without(members: string[], leftOut: string[] = []): string[] {
  if (leftOut.length === 0) return members;
  const out = new Set(leftOut);
  return members.filter((member) => !out.has(member));
}

/** A message for those whom what it quotes is not for: it came before they joined. */
const unquoted = (message: Message): Message => ({ ...message, replyTo: null });

const newMessageFrame = (message: string) => `{"type":"new_message","message":${message}}`;

/** As `messageView` has it, its fields in the same order. */
function newMessage(draft: MessageDraft, seq: number, rev: number, createdAt: string): Message {
  return {
    id: draft.id,
    conversationId: draft.conversationId,
    seq,
    rev,
    clientId: draft.clientId,
    senderId: draft.senderId,
    type: draft.type,
    content: draft.content,
    replyTo: null,
    createdAt,
    editedAt: null,
    deletedAt: null,
    attachments: [],
    reactions: [],
  };
}
