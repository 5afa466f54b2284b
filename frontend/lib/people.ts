/**
 * Names, initials, and the words for several people.
 *
 * @module
 */
import type { Conversation, Participant } from "@/chat/protocol.ts";
import { graphemes } from "./text.ts";

const list = new Intl.ListFormat();

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0] ?? "?";
  const last = words.length > 1 ? words[words.length - 1] ?? "" : "";
  return (firstLetter(first) + firstLetter(last)).toLocaleUpperCase();
}

function firstLetter(word: string): string {
  return graphemes().segment(word).containing(0)?.segment ?? "";
}

const hueStep = 15;

/** A colour that stays the same for the same name: a hue in degrees, pale or deep. */
export function toneOf(name: string): { hue: number; isDeep: boolean } {
  // FNV-1a with a last stir: names like user1 and user2 differ in their last sign only.
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = (hash ^ (hash >>> 13)) >>> 0;
  return { hue: hash % (360 / hueStep) * hueStep, isDeep: (hash >>> 16) % 2 === 1 };
}

/** They turn around what comes after them, outside of a name as well. */
const directions = /[\u202a-\u202e\u2066-\u2069]/g;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufefc]/;

/** "Ana, Bo and Cy": no name turns around, or moves, what stands beside it. */
export function namesOf(names: string[]): string {
  return list.format(names.map((name) => {
    const plain = name.replace(directions, "");
    return rightToLeft.test(plain) ? `\u2068${plain}\u2069` : plain;
  }));
}

/** Everybody in a conversation but the member. */
export function othersIn(conversation: Conversation, selfId: string): Participant[] {
  return conversation.participants.filter(({ userId }) => userId !== selfId);
}

/** What a conversation is called: its title, or the names of the others. */
export function titleOf(conversation: Conversation, selfId: string): string {
  if (conversation.title !== null) return conversation.title;
  const names = othersIn(conversation, selfId).map(({ displayName }) => displayName);
  return names.length > 0 ? namesOf(names) : "Only you";
}
