/**
 * Whatever is lost, doubled or overtaken on its way, a page ends with what a fresh load gives.
 *
 * fast-check draws what people do and what the network does to it, and reduces what fails to the
 * fewest steps that still fail.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Head, HistoryResult, ServerFrame, SyncResult } from "@/chat/protocol.ts";
import {
  applyDrop,
  applyFrame,
  applyList,
  applyPage,
  applyRead,
  applySync,
  applyTrim,
  type ChatState,
  emptyState,
  type LoadedPage,
  unreadTotalOf,
} from "@/frontend/state/apply.ts";
import { headsOf } from "@/frontend/state/heads.ts";
import { ana, bo } from "./chat_fixtures.ts";
import { ModelServer } from "./model_server.ts";

const kinds = [
  // What people do,
  ...["post", "edit", "delete", "read", "deliver", "mute", "join", "create", "come"],
  // what the network does with what the server says of it,
  ...["hear", "lose", "repeat", "ask", "answer", "askPage", "loadPage", "list"],
  // what the page does by itself, and an operator.
  ...["readHere", "drop", "trim", "reload", "restore"],
] as const;

/** Which kinds come more often than once in a while. */
const weights: Partial<Record<typeof kinds[number], number>> = {
  post: 8,
  hear: 12,
  read: 3,
  edit: 2,
  ask: 3,
  answer: 3,
  askPage: 2,
  loadPage: 2,
};

/** What kind, where in the lists that it takes something from, and by whom. */
const step = fc.tuple(
  fc.oneof(
    ...kinds.map((kind) => ({ weight: weights[kind] ?? 1, arbitrary: fc.constant(kind) })),
  ),
  fc.nat(30),
  fc.nat(2),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A page, and what is on its way to it. */
class Page {
  state: ChatState = emptyState(ana);
  frames: ServerFrame[] = [];
  answers: { result: SyncResult; heads: Record<string, Head> }[] = [];
  pages: LoadedPage[] = [];

  constructor(readonly server: ModelServer) {
    this.list();
  }

  list(): void {
    this.state = applyList(this.state, this.server.list()).state;
  }

  ask(): void {
    const { heads } = headsOf(this.state, null);
    this.answers.push({ result: this.server.sync(heads), heads });
  }

  answer(): void {
    const next = this.answers.shift();
    if (next) this.state = applySync(this.state, next.result, next.heads).state;
  }

  askPage(index: number, place: LoadedPage["place"]): void {
    const { server } = this;
    const held = [...this.state.held.values()][index % Math.max(1, this.state.held.size)];
    const room = held && server.own.find(({ id }) => id === held.view.id);
    if (!held || !room || this.pages.length > 0) return;
    const { messages = [] } = held.window ?? {};
    const edge = place === "before" ? messages[0]?.seq : messages.at(-1)?.seq;
    if (place !== "replace" && edge === undefined) return;
    const page: HistoryResult = server.page(room, place === "replace" ? {} : { [place]: edge });
    const { epoch } = this.state;
    this.pages.push({ conversationId: room.id, place, page, rev: held.view.rev, epoch });
  }

  loadPage(): void {
    const next = this.pages.shift();
    if (next) this.state = applyPage(this.state, next).state;
  }

  /** What was under way is lost with the memory. */
  reload(): void {
    this.state = emptyState(ana);
    this.disconnect();
    this.list();
  }

  disconnect(): void {
    this.frames = [];
    this.answers = [];
    this.pages = [];
  }

  take([kind, index, who]: Step): void {
    const { server, frames } = this;
    const room = server.rooms[index % server.rooms.length];
    assert.ok(room);
    const person = who === 0 ? ana : bo;
    const seq = (index * 7 + who) % (room.messages.length + 1);
    const tell = (news: ServerFrame[]) => frames.push(...news);
    // Near its beginning: frames overtake each other, but not without end.
    const near = Math.min(frames.length - 1, who);
    switch (kind) {
      case "post":
        return void tell(server.post(room, person));
      case "edit":
      case "delete":
        return void tell(server.change(room, seq, kind));
      case "read":
        return void tell(server.mark(room, person, seq, "read"));
      case "deliver":
        return void tell(server.mark(room, person, seq, "delivered"));
      case "mute":
        return void tell(server.mute(room));
      case "join":
        return void tell(server.join(room));
      case "create":
        return void (server.rooms.length < 5 && tell(server.create()));
      case "come":
        return void tell(server.come());
      case "hear": {
        const [frame] = frames.splice(near, 1);
        if (frame) this.state = applyFrame(this.state, frame).state;
        return;
      }
      case "lose":
        return void frames.splice(near, 1);
      case "repeat":
        return void tell(frames.slice(near, near + 1));
      case "ask":
        return this.answers.length === 0 ? this.ask() : undefined;
      case "answer":
        return this.answer();
      case "askPage":
        return this.askPage(index, (["replace", "before", "after"] as const)[who] ?? "replace");
      case "loadPage":
        return this.loadPage();
      case "list":
        return this.list();
      case "readHere":
        if (!this.state.held.has(room.id) || !room.hasAna) return;
        this.state = applyRead(this.state, room.id, Math.min(seq, room.messages.length));
        return void tell(server.mark(room, ana, seq, "read"));
      case "drop":
        this.state = applyDrop(this.state, room.id);
        return;
      case "trim":
        this.state = applyTrim(this.state, room.id);
        return;
      case "reload":
        return this.reload();
      case "restore":
        server.restore(room, who + 1);
        return this.disconnect();
    }
  }

  /** Quiet again: what is under way arrives, then the page syncs until nothing is new. */
  settle(): void {
    this.answer();
    this.loadPage();
    for (let round = 0; round < 8; round++) {
      this.ask();
      this.answer();
    }
  }
}

function assertConverged({ state, server }: Page): void {
  const views = Object.fromEntries(server.own.map((room) => [room.id, room.view(false)]));
  const held = [...state.held.values()];
  // Who is online is told beside the conversations.
  const shown = held.map(({ view }) => [view.id, {
    ...view,
    participants: view.participants.map((one) => ({ ...one, online: false })),
  }]);
  assert.deepEqual(Object.fromEntries(shown), views);
  assert.equal(unreadTotalOf(state), server.unreadTotal);
  if (server.own.length > 0) {
    assert.equal(state.presence.get(bo)?.online ?? false, server.isBoOnline);
  }
  for (const { view, window, aside, marksAhead } of held) {
    assert.deepEqual([aside, marksAhead], [[], []]);
    if (window === null) continue;
    const all = server.room(view.id).messages;
    const first = window.messages[0]?.seq ?? 1;
    const last = window.messages.at(-1)?.seq ?? 0;
    assert.deepEqual(window.messages, all.filter(({ seq }) => seq >= first && seq <= last));
    if (!window.hasAfter) assert.equal(window.messages.length && last, all.length && last);
    if (!window.hasAfter && window.messages.length > 0) assert.equal(last, all.length);
    if (!window.hasBefore && window.messages.length > 0) assert.equal(first, 1);
  }
}

Deno.test("whatever is lost, doubled, or overtaken, a page ends with what the server has", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const page = new Page(new ModelServer(3));
      for (const one of steps) page.take(one);
      page.settle();
      assertConverged(page);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});
