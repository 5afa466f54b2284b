import assert from "node:assert/strict";
import type {
  Conversation,
  Head,
  HistoryResult,
  Message,
  ServerFrame,
  SyncResult,
} from "@/chat/protocol.ts";
import {
  applyFrame,
  applyList,
  applyPage,
  applyRead,
  applySync,
  type ChatState,
  emptyState,
  unreadTotalOf,
} from "@/frontend/state/apply.ts";
import { headsOf } from "@/frontend/state/heads.ts";
import { ana, at, bo, conversation, message, randomOf, room, syncResult } from "./chat_fixtures.ts";

/** Numbers changes and marks as the real server does, for one conversation. */
class ModelServer {
  messages: Message[] = [];
  rev = 0;
  marksRev = 0;
  readSeq = { [ana]: 0, [bo]: 0 } as Record<string, number>;

  post(senderId: string): ServerFrame {
    const seq = this.messages.length + 1;
    const posted = message(seq, { rev: ++this.rev, senderId, clientId: crypto.randomUUID() });
    this.messages.push(posted);
    return { type: "new_message", message: posted };
  }

  edit(index: number): ServerFrame {
    const before = this.messages[index];
    assert.ok(before);
    const edited = { ...before, rev: ++this.rev, content: `${before.content}, edited` };
    this.messages[index] = edited;
    return { type: "message_updated", message: edited };
  }

  read(userId: string, seq: number): ServerFrame | null {
    if (seq <= (this.readSeq[userId] ?? 0)) return null;
    this.readSeq[userId] = seq;
    this.marksRev++;
    const unreadCount = userId === ana ? this.view().unreadCount : undefined;
    const { marksRev } = this;
    return {
      type: "message_read",
      conversationId: room,
      userId,
      seq,
      at: at(1),
      marksRev,
      unreadCount,
    };
  }

  view(): Conversation {
    const base = conversation();
    const last = this.messages.at(-1) ?? null;
    const readSeq = this.readSeq[ana] ?? 0;
    return {
      ...base,
      participants: base.participants.map((one) => ({
        ...one,
        lastReadSeq: this.readSeq[one.userId] ?? 0,
        lastDeliveredSeq: this.readSeq[one.userId] ?? 0,
      })),
      lastMessage: last,
      lastSeq: this.messages.length,
      rev: this.rev,
      marksRev: this.marksRev,
      lastReadSeq: readSeq,
      unreadCount: this.messages.filter(({ seq, senderId }) => seq > readSeq && senderId !== ana)
        .length,
      updatedAt: last?.createdAt ?? base.updatedAt,
    };
  }

  page(limit = 20): HistoryResult {
    const messages = this.messages.slice(-limit);
    return { messages, hasBefore: messages.length < this.messages.length, hasAfter: false };
  }

  sync(heads: Record<string, Head>): SyncResult {
    const head = heads[room];
    const view = this.view();
    const total = { unreadTotal: view.unreadCount };
    if (head?.rev === this.rev && head.marksRev === this.marksRev) return syncResult(total);
    const messages = this.messages.filter(({ rev }) => rev > (head?.rev ?? 0))
      .sort((a, b) => a.rev - b.rev);
    const limited = messages.length > 15;
    return syncResult({
      ...total,
      conversations: [{ conversation: view, messages: limited ? [] : messages, limited }],
    });
  }
}

/** Takes one of `list` out, not always the first. */
function draw<T>(list: T[], random: () => number): T | undefined {
  return list.splice(Math.floor(random() * Math.min(3, list.length)), 1)[0];
}

Deno.test("whatever is lost, doubled, or overtaken, a page ends with what the server has", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = randomOf(seed);
    const server = new ModelServer();
    for (let count = Math.floor(random() * 30); count > 0; count--) server.post(bo);
    let state: ChatState = applyList(emptyState(ana), {
      conversations: [server.view()],
      nextCursor: null,
      unreadTotal: server.view().unreadCount,
    }).state;
    const frames: ServerFrame[] = [];
    const answers: { result: SyncResult; heads: Record<string, Head> }[] = [];
    const pages: { page: HistoryResult; rev: number }[] = [];

    const answer = () => {
      const next = answers.shift();
      if (next) state = applySync(state, next.result, next.heads).state;
    };
    const load = () => {
      const next = pages.shift();
      if (!next) return;
      const loaded = { conversationId: room, place: "replace" as const, ...next };
      state = applyPage(state, loaded).state;
    };
    for (let step = 0; step < 120; step++) {
      const choice = random();
      if (choice < 0.25) frames.push(server.post(random() < 0.7 ? bo : ana));
      else if (choice < 0.32 && server.messages.length > 0) {
        frames.push(server.edit(Math.floor(random() * server.messages.length)));
      } else if (choice < 0.4) {
        const seq = Math.floor(random() * (server.messages.length + 1));
        const frame = server.read(random() < 0.5 ? ana : bo, seq);
        if (frame) frames.push(frame);
      } else if (choice < 0.43) {
        const shown = state.held.get(room)?.window?.messages ?? [];
        const seen = shown[Math.floor(random() * shown.length)];
        if (seen) {
          state = applyRead(state, room, seen.seq);
          const frame = server.read(ana, seen.seq);
          if (frame) frames.push(frame);
        }
      } else if (choice < 0.46) frames.shift();
      else if (choice < 0.5) frames.push(...frames.slice(0, 1));
      else if (choice < 0.85) {
        const frame = draw(frames, random);
        if (frame) state = applyFrame(state, frame).state;
      } else if (choice < 0.9) {
        // Asked now, answered later: frames may overtake the answer.
        const { heads } = headsOf(state, null);
        if (answers.length === 0) answers.push({ result: server.sync(heads), heads });
      } else if (choice < 0.94) answer();
      else if (choice < 0.97) {
        const rev = state.held.get(room)?.view.rev ?? 0;
        if (pages.length === 0) pages.push({ page: server.page(), rev });
      } else load();
    }

    // Quiet again: what is under way arrives, then the page syncs until nothing is new.
    answer();
    load();
    for (let round = 0; round < 3; round++) {
      const { heads } = headsOf(state, null);
      state = applySync(state, server.sync(heads), heads).state;
    }
    const held = state.held.get(room);
    assert.ok(held, `seed ${seed}`);
    assert.deepEqual(held.view, server.view(), `seed ${seed}`);
    assert.equal(unreadTotalOf(state), server.view().unreadCount, `seed ${seed}`);
    if (held.window === null) continue;
    const [first] = held.window.messages;
    const last = held.window.messages.at(-1);
    const truth = server.messages.filter(({ seq }) =>
      first && last && seq >= first.seq && seq <= last.seq
    );
    assert.deepEqual(held.window.messages, truth, `seed ${seed}`);
    if (!held.window.hasAfter) assert.equal(last?.seq ?? 0, server.messages.length);
  }
});
