/**
 * Messages written here that the server has not confirmed yet. They outlive a reload, go out in
 * order within their conversation, and are repeated under the same client id until they are
 * stored or refused: the server stores a client id once.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import { get, update } from "idb-keyval";
import { ApiError, reasonOf } from "../api.ts";
import { newUuid, unlessLocked } from "../lib/browser.ts";
import { connection, onEffect, onOpened } from "./chat.ts";
import { serverNow } from "./clock.ts";
import type { OutboxLine } from "./outbox_line.ts";
import { self } from "./session.ts";

export const outbox = signal<readonly OutboxLine[]>([]);
/** To whom there are first messages: those that name no conversation yet. */
export const firstRecipients = computed(() =>
  outbox.value.flatMap((line) => line.conversationId ? [] : line.recipientId ?? [])
);
/** Whether this browser has just failed to store a line: it is blocked, or full. */
export const cannotStore = signal(false);

const retryMs = { first: 1_000, most: 30_000 };
/** What another tab has not sent by then, this one tries to. */
const otherTabMs = 2_000;
/** What earlier pages left goes first; storage that hangs holds nothing up for longer. */
const loadMs = 5_000;
/** So many own messages are remembered as stored: one forgotten too soon is sent for nothing. */
const toldMost = 200;
const tabs = new BroadcastChannel("parley.outbox");
let writing: Promise<void> = Promise.resolve();
let loading: Promise<unknown> = writing;
type Step = (lines: readonly OutboxLine[]) => readonly OutboxLine[];
/** What was done to a member's lines and is not stored, by the name they are stored under. */
const unstored = new Map<string, Step[]>();
const busyLanes = new Set<string>();
/** The own messages this page was told are stored, which another tab's line may come after. */
const told = new Set<string>();

type StartedListener = (recipientId: string, conversationId: string) => Promise<void>;
let conversationStarted: StartedListener = () => Promise.resolve();

/** Has `listener` called, and waited for, when a first message has found its conversation. */
export function onConversationStarted(listener: StartedListener): void {
  conversationStarted = listener;
}

const storeKey = () => `outbox.${self.value?.id}`;
const redone = (lines: readonly OutboxLine[], steps: readonly Step[] = []) =>
  steps.reduce((held, step) => step(held), lines);
const laneOf = (line: OutboxLine) => line.conversationId ?? line.recipientId ?? "";

/** Takes a message in, and sends it as soon as its turn comes. */
export function enqueue(
  content: string,
  destination: { conversationId: string } | { recipientId: string },
): void {
  const line: OutboxLine = {
    clientId: newUuid(),
    ...destination,
    content,
    createdAt: new Date(serverNow()).toISOString(),
  };
  change((lines) => [...lines, line]);
  drain(laneOf(line));
}

/** Sends a refused message once more. */
export function retryLine(clientId: string): void {
  change((lines) =>
    lines.map((line) => {
      if (line.clientId !== clientId) return line;
      const { failure: _, ...again } = line;
      return again;
    })
  );
  const line = outbox.value.find((one) => one.clientId === clientId);
  if (line) drain(laneOf(line));
}

export function removeLine(clientId: string): void {
  if (!outbox.value.some((line) => line.clientId === clientId)) return;
  change((lines) => lines.filter((line) => line.clientId !== clientId));
}

/** Removes lines whose messages are known to be stored; a first one stays for its conversation. */
function removeStored(): void {
  for (const { clientId, conversationId } of outbox.value) {
    if (conversationId && told.has(clientId)) removeLine(clientId);
  }
}

/** Changes what is held here at once, and what is stored for all tabs behind it. */
function change(step: Step): void {
  outbox.value = step(outbox.value);
  const key = storeKey();
  unstored.set(key, [...unstored.get(key) ?? [], step]);
  writing = writing.then(() => store(key));
}

/** Without storage (a private window, a full disk) all lives as long as this page does. */
async function store(key: string): Promise<void> {
  const steps = unstored.get(key) ?? [];
  if (steps.length === 0) return;
  try {
    await update<readonly OutboxLine[]>(key, (lines = []) => redone(lines, steps));
  } catch {
    cannotStore.value = true;
    return;
  }
  cannotStore.value = false;
  unstored.set(key, unstored.get(key)?.slice(steps.length) ?? []);
  tabs.postMessage(null);
}

/** Reads in its turn among what is written, so that nothing is being written meanwhile. */
function load(): Promise<void> {
  const loaded = writing.then(async () => {
    if (self.value === null) return;
    const key = storeKey();
    const stored = await read(key);
    if (key === storeKey() && stored) outbox.value = redone(stored, unstored.get(key));
    removeStored();
  });
  // Whatever fails while it is shown, what is written later is stored.
  writing = loaded.catch(() => {});
  return loaded;
}

/** Undefined where nothing can be read; some browsers throw before there is a promise. */
async function read(key: string): Promise<readonly OutboxLine[] | undefined> {
  try {
    return await get<readonly OutboxLine[]>(key) ?? [];
  } catch {
    return undefined;
  }
}

/** Sends a lane's messages one after the other, until none is left or the connection is gone. */
async function drain(lane: string): Promise<void> {
  if (busyLanes.has(lane)) return;
  busyLanes.add(lane);
  const name = `parley.outbox.${self.value?.id}.${lane}`;
  const hasRun = await unlessLocked(name, () => sendLane(lane))
    .finally(() => busyLanes.delete(lane));
  if (nextOf(lane) === undefined || connection.status.value !== "open") return;
  // A line may have come, or the connection, just as the last one was done with.
  if (hasRun) drain(lane);
  // Another tab sends this lane; should it go away, the lines are still ours to send.
  else setTimeout(() => drain(lane), otherTabMs);
}

async function sendLane(lane: string): Promise<void> {
  await loading;
  let failures = 0;
  let line: OutboxLine | undefined;
  while ((line = nextOf(lane)) !== undefined && connection.status.value === "open") {
    const waitMs = await deliver(line, failures);
    if (waitMs === null) {
      failures = 0;
      continue;
    }
    failures++;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function nextOf(lane: string): OutboxLine | undefined {
  return outbox.value.find((line) => laneOf(line) === lane && line.failure === undefined);
}

/** @returns null when the line is done with; else the milliseconds to wait before repeating it */
async function deliver(line: OutboxLine, failures: number): Promise<number | null> {
  const { clientId, content, conversationId, recipientId } = line;
  const destination = conversationId ? { conversationId } : { recipientId: recipientId ?? "" };
  try {
    const { message } = await connection.request<"message_sent">({
      type: "send_message",
      clientId,
      content,
      ...destination,
    });
    // Its line stays until the conversation takes its place.
    if (recipientId && !conversationId) {
      await conversationStarted(recipientId, message.conversationId);
    }
    removeLine(clientId);
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.isTransient) {
      const ownMs = (error.details.retryAfter ?? 0) * 1_000;
      return Math.max(ownMs, Math.min(retryMs.most, retryMs.first * 2 ** failures));
    }
    change((lines) =>
      lines.map((one) => one.clientId === clientId ? { ...one, failure: reasonOf(error) } : one)
    );
    return null;
  }
}

/** Lets what was written to a member go on in the conversation that there is with them now. */
export function assignConversation(recipientId: string, conversationId: string): void {
  const isFirst = (line: OutboxLine) => line.recipientId === recipientId && !line.conversationId;
  if (outbox.value.some(isFirst)) {
    change((lines) => lines.map((line) => isFirst(line) ? { ...line, conversationId } : line));
  }
  drain(conversationId);
}

function drainAll(): void {
  for (const lane of new Set(outbox.value.map(laneOf))) drain(lane);
}

export function startOutbox(): void {
  onOpened(drainAll);
  onEffect((effect) => {
    if (effect.type !== "stored") return;
    told.add(effect.message.clientId ?? "");
    const [oldest = ""] = told;
    if (told.size > toldMost) told.delete(oldest);
    removeStored();
  });
  let takeOver: number | undefined;
  tabs.onmessage = async () => {
    await load();
    clearTimeout(takeOver);
    // The tab that wrote it may be closed before it has sent it.
    takeOver = setTimeout(drainAll, otherTabMs);
  };
}

/** Loads what the member left unsent, and sends it. */
export async function loadOutbox(): Promise<void> {
  outbox.value = redone([], unstored.get(storeKey()));
  await (loading = Promise.race([load(), new Promise((resolve) => setTimeout(resolve, loadMs))]));
  drainAll();
}

/** Whether a line is in this page alone, for a moment or for good. */
export function hasUnstoredLine(): boolean {
  return outbox.value.length > 0 && !!unstored.get(storeKey())?.length;
}

/** Throws away what the member has not sent. */
export function dropOutbox(): void {
  change(() => []);
}

/** Waits until what was done so far is stored, or cannot be. */
export const outboxWritten = (): Promise<void> => writing;
