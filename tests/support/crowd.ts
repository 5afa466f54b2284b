/**
 * Many members in groups who all write, and what must be true of it in the end.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Conversation, HistoryResult, Message } from "@/chat/protocol.ts";
import { call } from "./client.ts";
import { Device } from "./device.ts";
import { register } from "./register.ts";
import type { TestUser } from "./server.ts";

/** What a member waits between messages: a load, and not a race for the machine. */
const pauseMs = 300;

export interface Crowd {
  users: TestUser[];
  devices: Device[];
  conversationIds: string[];
  /** How long each message took until it was acknowledged. Milliseconds. */
  waits: number[];
  /** Begins to write; fails when a message is refused. */
  write(): void;
  /** Resolves when each member has written about once more. */
  round(): Promise<void>;
  /** Stops writing, and checks that what is stored is what was acknowledged, each one's in order. */
  check(): Promise<Map<string, Message[]>>;
}

/** Registers members and gathers them in groups; each has a device that comes back by itself. */
export async function gatherCrowd(
  server: { url: string },
  members: number,
  groups: number,
): Promise<Crowd> {
  const users: TestUser[] = [];
  for (let n = 0; n < members; n++) users.push(await register(server, `member${n}`));
  const conversationIds: string[] = [];
  for (let group = 0; group < groups; group++) {
    const [owner, ...others] = users.filter((_, n) => n % groups === group);
    const { body } = await call<Conversation>(server, "POST", "/api/messages/conversations", {
      as: owner!,
      body: {
        kind: "group",
        title: `Group ${group}`,
        participantIds: others.map(({ id }) => id),
      },
    });
    conversationIds.push(body.id);
  }
  const devices = users.map((user) => new Device(server, user));
  await Promise.all(devices.map((device) => device.request({ type: "ping" })));

  const waits: number[] = [];
  let isOver = false;
  let writing: Promise<{ seq: number; content: string }[]>[] = [];

  async function writeOn(device: Device, n: number) {
    const said: { seq: number; content: string }[] = [];
    while (!isOver) {
      const from = performance.now();
      const { seq, content } = await device.insist(
        conversationIds[n % groups] as string,
        `${n} says ${said.length}`,
      );
      waits.push(performance.now() - from);
      said.push({ seq, content });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return said;
  }

  return {
    users,
    devices,
    conversationIds,
    waits,
    write() {
      writing = devices.map(writeOn);
      // So that a failure is thrown where it is waited for.
      for (const one of writing) one.catch(() => isOver = true);
    },
    async round() {
      const before = waits.length;
      while (waits.length < before + members && !isOver) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async check() {
      isOver = true;
      const said = await Promise.all(writing);
      const storedOf = new Map<string, Message[]>();
      for (const [group, id] of conversationIds.entries()) {
        const stored = await history(server, users[group]!, id);
        storedOf.set(id, stored);
        assert.deepEqual(stored.map(({ seq }) => seq), stored.map((_, n) => n + 1));
        const mine = said.filter((_, n) => n % groups === group);
        assert.deepEqual(
          stored.map(({ seq, content }) => `${seq} ${content}`),
          mine.flat().sort((a, b) => a.seq - b.seq).map(({ seq, content }) => `${seq} ${content}`),
        );
        // Each one's in the order in which they said them.
        for (const one of mine) assert.deepEqual(one, one.toSorted((a, b) => a.seq - b.seq));
      }
      return storedOf;
    },
  };
}

/** All messages of a conversation. */
export async function history(
  server: { url: string },
  as: TestUser,
  id: string,
): Promise<Message[]> {
  const messages: Message[] = [];
  for (let more = true; more;) {
    const path = `/api/messages/${id}/messages?limit=100&after=${messages.at(-1)?.seq ?? 0}`;
    const { status, body } = await call<HistoryResult>(server, "GET", path, { as });
    assert.equal(status, 200, JSON.stringify(body));
    messages.push(...body.messages);
    more = body.hasAfter;
  }
  return messages;
}
