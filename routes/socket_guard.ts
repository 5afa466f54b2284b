import { closeCodes } from "@/chat/protocol.ts";
import { abortSocket } from "@/utils/abort_socket.ts";
import type { Log } from "@/utils/log.ts";

/** Bytes that unfinished messages may take before their senders are looked for. */
const alarmBytes = 64 * 1024 * 1024;
/** What an ordinary socket costs outside of the JavaScript heap, with some to spare. */
const socketBytes = 48 * 1024;
/** How long a socket may take to answer while there is memory. */
const answerMs = 5_000;
/** How long it has where memory has grown by as much again meanwhile. */
const hurryMs = 300;
/** So often this process must have come to look meanwhile: answers may wait while it is busy. */
const turnsLeast = 3;
/** Beyond this nobody is waited for: who is ended for nothing comes back and has lost nothing. */
const mostBytes = 3 * alarmBytes;
/** How long the other side may take to answer a close. */
const closeMs = 5_000;
/** From telling a socket that it is closed to ending it. */
const farewellMs = 50;

const question = JSON.stringify({ type: "ping" });

/** A socket that the guard keeps an eye on. */
export interface WatchedSocket {
  readonly socket: WebSocket;
  /** Knows the protocol, and so can be asked. */
  isConnected: boolean;
  /** Was asked and has not finished a message since. */
  owesAnswer: boolean;
  /** When it was first seen to be closing. */
  closingSince: number | undefined;
}

/** A question to all sockets, under way. */
interface Round {
  askedAt: number;
  /** Memory when it began. */
  memory: number;
  /** How often was looked since. */
  turns: number;
}

/**
 * Keeps peers from filling the memory by messages that they never finish.
 *
 * Deno bounds a frame (64 MiB) but not a message of many frames; it collects them without telling,
 * and nobody can say whose they are. But a peer in the midst of a message can send no other one. So
 * when memory outside of the heap has grown by more than its sockets explain, all of them are asked
 * (`ping`), and those that do not answer (`pong`) are ended. Who answers in time notices nothing.
 * What grows too slowly to be noticed is ended by the limit on silence, which an unfinished message
 * cannot break: it is why the growth is counted from the lowest point since then.
 */
export class SocketGuard {
  readonly #watched = new Map<WebSocket, WatchedSocket>();
  #round: Round | undefined;
  /** The lowest point of this period and of the one before. */
  #lowest = Infinity;
  #lowestBefore = Infinity;
  #periodEndsAt = 0;
  #closingsSeenAt = 0;

  constructor(
    private readonly log: Log,
    private readonly silenceSeconds: number,
    private readonly readMemory: () => number = nativeMemory,
  ) {}

  /** How many sockets there are, with those that have yet to say who they are, or to close. */
  get size(): number {
    return this.#watched.size;
  }

  /** Watches a socket from its upgrade on, until it is {@linkcode forget forgotten}. */
  watch(socket: WebSocket): WatchedSocket {
    const watched: WatchedSocket = {
      socket,
      isConnected: false,
      // Who comes while the others are asked is asked as well.
      owesAnswer: this.#round !== undefined,
      closingSince: undefined,
    };
    this.#watched.set(socket, watched);
    return watched;
  }

  /** From now on it can be asked. */
  connected(watched: WatchedSocket): void {
    watched.isConnected = true;
    if (watched.owesAnswer) ask(watched);
  }

  forget({ socket }: WatchedSocket): void {
    this.#watched.delete(socket);
  }

  /**
   * Looks at the memory, and after sockets that do not close; to be called about twenty times a second.
   *
   * @param now milliseconds of a clock that never jumps
   */
  check(now = performance.now()): void {
    if (now - this.#closingsSeenAt >= 1_000) this.#endClosing(now);
    const memory = this.readMemory() - this.#watched.size * socketBytes;
    this.#noteLowest(memory, now);
    const grown = memory - Math.min(this.#lowest, this.#lowestBefore);
    if (this.#round === undefined) {
      if (grown > alarmBytes) this.#ask(memory, now);
      return;
    }
    const { askedAt, memory: memoryThen } = this.#round;
    const isUrgent = memory - memoryThen > alarmBytes;
    const hasHadTurns = ++this.#round.turns >= turnsLeast;
    const isOver = hasHadTurns && now - askedAt >= (isUrgent ? hurryMs : answerMs);
    const silent = [...this.#watched.values()].filter(({ owesAnswer }) => owesAnswer);
    if (silent.length > 0 && !isOver && grown < mostBytes) return;
    if (silent.length > 0 && grown > alarmBytes) this.#end(silent, grown);
    this.#round = undefined;
    // Whatever is left has other reasons: it is the ground from now on.
    this.#lowest = this.#lowestBefore = Infinity;
  }

  #noteLowest(memory: number, now: number): void {
    if (now >= this.#periodEndsAt) {
      this.#periodEndsAt = now + this.silenceSeconds * 1_000;
      this.#lowestBefore = this.#lowest;
      this.#lowest = Infinity;
    }
    this.#lowest = Math.min(this.#lowest, memory);
  }

  #ask(memory: number, now: number): void {
    this.#round = { askedAt: now, memory, turns: 0 };
    for (const watched of this.#watched.values()) {
      watched.owesAnswer = true;
      if (watched.isConnected) ask(watched);
    }
  }

  #end(silent: WatchedSocket[], grownBytes: number): void {
    const megabytes = Math.round(grownBytes / 1024 / 1024);
    this.log.warn("Memory grew: sockets that did not answer are ended", {
      sockets: silent.length,
      of: this.#watched.size,
      megabytes,
    });
    for (const { socket } of silent) {
      socket.close(closeCodes.restart, "The server is short of memory");
      setTimeout(() => abortSocket(socket), grownBytes < mostBytes ? farewellMs : 0);
    }
  }

  /** A peer that does not answer a close would keep its connection, and could go on sending. */
  #endClosing(now: number): void {
    this.#closingsSeenAt = now;
    for (const watched of this.#watched.values()) {
      if (watched.socket.readyState !== WebSocket.CLOSING) continue;
      watched.closingSince ??= now;
      if (now - watched.closingSince >= closeMs) abortSocket(watched.socket);
    }
  }
}

function ask({ socket }: WatchedSocket): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(question);
}

/** Memory outside of JavaScript's heap and buffers. Bytes. */
function nativeMemory(): number {
  const { rss, heapTotal, external } = Deno.memoryUsage();
  return rss - heapTotal - external;
}
